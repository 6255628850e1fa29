import type { OperatorFunction } from 'rxjs';
import type { AnyEvent, ReasoningDelta } from '../src/events.ts';
import { type ExtractReasoningOptions, reasoningExtractor, tagOf } from '../src/text/reasoning.ts';
import { through } from '../src/through.ts';

/**
 * Turns reasoning that a model writes into its text, `<think>…</think>`, into reasoning.
 *
 * ```text
 * decode            --a--b--c--F-e|      a: text '<think>Hm'  b: text '.</th'  c: text 'ink>Hi'
 * extractReasoning  --x--y--z--F-e|      x: reasoning 'Hm'  y: reasoning '.'  z: text 'Hi'
 * ```
 *
 * Stands behind `decode` or a model, and before `extractTextToolCalls`, so that calls the model only thinks of stay thoughts. Emits
 * `reasoning-delta` for what is within the tags and `text-delta` for the rest; the tags, and whitespace between them and the words, are
 * left out. An opening tag counts at the beginning of a line, outside code blocks, inline code, block quotes and calls in tags; a closing one
 * wherever it stands. `round-end` has the message without the tags, its `reasoning` filled and `native` left out. Other choices and all other events pass
 * untouched.
 *
 * Passes errors of the source on, `partial` amended likewise. Throws a `RangeError` at the call for a tag that is none.
 *
 * Holds back a beginning of a tag, and whitespace that would belong to it, until the next character, event or the end decides; nothing is lost.
 * Keeps the text of the round. Unsubscribing stops the source.
 *
 * @param options `tag`: default `'think'`. `startsInside`: the template wrote the opening tag into the prompt, so the text begins with
 * reasoning; default false.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { extractReasoning, type ModelEvent } from 'toolstream';
 *
 * const events: ModelEvent[] = ['<thi', 'nk>Easy.</think>\n\nFour', '.'].map((text) => ({ type: 'text-delta', text }));
 * of(...events).pipe(extractReasoning()).subscribe((event) => {
 *   if (event.type === 'reasoning-delta') console.log('thinks', event.text); // thinks Easy.
 *   if (event.type === 'text-delta') console.log('says', event.text); // says Four, says .
 * });
 * ```
 *
 * @see {@link extractTextToolCalls} for calls that are written as text
 */
export function extractReasoning<E extends AnyEvent>(options?: ExtractReasoningOptions): OperatorFunction<E, E | ReasoningDelta> {
  tagOf(options?.tag);
  return through(() => reasoningExtractor<E>(options));
}
