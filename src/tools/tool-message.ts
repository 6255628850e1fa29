import { excerptOf } from '../errors.ts';
import type { ToolResult } from '../events.ts';
import type { ToolMessage } from '../messages.ts';

/** How much of a result goes to the model. The `tool-result` event has all of it. */
export interface ResultBounds {
  /** A result as text, in UTF-16 code units: an integer from 0. Default 1 Mi. */
  readonly maxResultLength?: number;
  /**
   * What becomes of a longer one: `cut` gives the model its beginning and a note that says how much is missing; `refuse` gives it an error result
   * (`result-too-long`), so that it asks for less. Default `cut`.
   */
  readonly longResults?: 'cut' | 'refuse';
}

const DEFAULT_MAX_LENGTH = 1024 * 1024;

/** The bounds among other options; throws where they are none. */
export function resultBoundsOf({ maxResultLength, longResults }: ResultBounds): ResultBounds {
  const bounds = { ...(maxResultLength !== undefined && { maxResultLength }), ...(longResults && { longResults }) };
  checkResultBounds(bounds);
  return bounds;
}

function checkResultBounds({ maxResultLength = 0, longResults = 'cut' }: ResultBounds): void {
  if (!(Number.isSafeInteger(maxResultLength) && maxResultLength >= 0) && maxResultLength !== Number.POSITIVE_INFINITY) {
    throw new RangeError(`\`maxResultLength\` is ${maxResultLength}: give a number of UTF-16 code units from 0, or Infinity.`);
  }
  if (longResults !== 'cut' && longResults !== 'refuse') {
    throw new TypeError(`\`longResults\` is ${JSON.stringify(longResults)}: use 'cut' or 'refuse'.`);
  }
}

/**
 * Turns a result into the message that tells the model.
 *
 * A string goes as it is, any other value as JSON; beyond `maxResultLength` (default 1 Mi UTF-16 code units) its beginning and a note, or an error
 * result where `longResults` is `refuse`. A failure is a JSON object with `error` (its code), `message` (bounded alike), and
 * `started: true` where the tool had begun, so that the model knows that it may have had an effect; `isError` is set.
 *
 * @example
 * ```ts
 * import { toolMessage } from 'toolstream';
 *
 * const outcome = { _tag: 'Right', right: { celsius: 21 } } as const;
 * const message = toolMessage({ type: 'tool-result', callId: 'call_1', name: 'get_weather', outcome, durationMs: 12 });
 * console.log(message.content); // {"celsius":21}
 * ```
 */
export function toolMessage(result: ToolResult, bounds: ResultBounds = {}): ToolMessage {
  const { maxResultLength: max = DEFAULT_MAX_LENGTH, longResults } = bounds;
  const base = { role: 'tool', toolCallId: result.callId, name: result.name } as const;
  if (result.outcome._tag === 'Right') {
    const value = result.outcome.right;
    const content = typeof value === 'string' ? value : JSON.stringify(value);
    if (content.length <= max) return { ...base, content };
    if (longResults === 'refuse') return { ...base, content: JSON.stringify(refusal(content.length, max)), isError: true };
    return { ...base, content: cut(content, max) };
  }
  const { code, message, started } = result.outcome.left;
  return {
    ...base,
    content: JSON.stringify({ error: code, message: excerptOf(message, max), ...(started ? { started } : {}) }),
    isError: true,
  };
}

/** The tool ran, so `started` is said here too. */
function refusal(length: number, max: number) {
  const message = `The tool ran, but its result has ${length} characters, and at most ${max} are handed on. Ask for less, or for a part of it.`;
  return { error: 'result-too-long', message, started: true };
}

function cut(content: string, max: number): string {
  // Never within a surrogate pair.
  const end = max > 0 && (content.charCodeAt(max - 1) & 0xfc00) === 0xd800 ? max - 1 : max;
  return `${content.slice(0, end)}\n[The result was cut here: ${content.length - end} of its ${content.length} characters are missing. Ask for less, or for a part of it.]`;
}
