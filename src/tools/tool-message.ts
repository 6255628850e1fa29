import type { ToolResult } from '../events.ts';
import type { ToolMessage } from '../messages.ts';

/**
 * Turns a result into the message that tells the model.
 *
 * A string goes as it is, any other value as JSON. A failure is a JSON object with `error` (its code), `message`, and
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
export function toolMessage(result: ToolResult): ToolMessage {
  const base = { role: 'tool', toolCallId: result.callId, name: result.name } as const;
  if (result.outcome._tag === 'Right') {
    const value = result.outcome.right;
    return { ...base, content: typeof value === 'string' ? value : JSON.stringify(value) };
  }
  const { code, message, started } = result.outcome.left;
  return { ...base, content: JSON.stringify({ error: code, message, ...(started ? { started } : {}) }), isError: true };
}
