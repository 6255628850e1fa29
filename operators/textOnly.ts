import type { OperatorFunction } from 'rxjs';
import type { AnyEvent, TextDelta } from '../src/events.ts';
import type { Stage } from '../src/stage.ts';
import { through } from '../src/through.ts';

/**
 * Gives the visible text alone, piece by piece, as strings.
 *
 * ```text
 * source  --a--c--b--|    a, b: text 'Hel', 'lo'    c: tool-call-start
 * result  --x-----y--|    x: 'Hel'    y: 'lo'
 * ```
 *
 * Emits the text of each `text-delta` of choice 0, of every round; completes with its source. Reasoning and refusals are no visible
 * text. What `round-restarted` takes back was emitted already: where rounds are retried, `answerState` shows the text without it.
 *
 * Errors with its source's error. Buffers nothing. Unsubscribing stops the source.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs';
 * import { type ModelEvent, textOnly } from 'toolstream';
 *
 * const events: ModelEvent[] = [{ type: 'round-start' }, { type: 'text-delta', text: 'Hello' }];
 * of(...events).pipe(textOnly()).subscribe((text) => console.log(text)); // Hello
 * ```
 *
 * @see {@link throttleText} for fewer, longer pieces
 */
export function textOnly<E extends AnyEvent>(): OperatorFunction<E, string> {
  return through(textPicker);
}

function textPicker(): Stage<AnyEvent, string> {
  return {
    transform: (event, out) => {
      const { type, choice, text } = event as TextDelta;
      if (type === 'text-delta' && !choice) out.enqueue(text);
    },
  };
}
