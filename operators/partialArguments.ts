import type { OperatorFunction } from 'rxjs';
import type { AnyEvent } from '../src/events.ts';
import { type ArgumentsBounds, checkedBounds } from '../src/json/bounds.ts';
import { partialArgumentsStage, type WithPartialArguments } from '../src/json/partial-arguments.ts';
import { through } from '../src/through.ts';

/**
 * Adds to each `tool-call-delta` the call's arguments as far as they were written: `partial`, one live value for each call.
 *
 * ```text
 * source   s-a-t-b-e|    a: '{"city":"Han'              b: 'oi"}'
 * result   s-A-t-B-e|    A: a, partial {city: 'Han'}    B: b, partial {city: 'Hanoi'}
 * ```
 *
 * Every other event passes untouched. It completes with its source, and holds nothing back. It works before and after
 * `accumulateToolCalls`.
 *
 * It raises no errors of its own. Where the arguments stop being JSON, or go beyond a bound, the view stays at what was valid.
 * A view is for showing: what may run is `tool-call.arguments`.
 *
 * It keeps the views of one round, at most `maxArgumentLength` each, until `round-end`, `round-restarted` or the next
 * `round-start`. The next deltas
 * mutate the view in place, so that a fragment costs the same at 1 kB and at 1 MB: copy (`structuredClone`) what you keep, and
 * neither compare views nor serialise each of them. Unsubscribing stops the source.
 *
 * @param bounds `maxArgumentLength` in UTF-16 code units (default 16 Mi), `maxDepth` in levels (default 512).
 *
 * 1. `partial` is `undefined` until there is something to show.
 * 2. A view only grows: strings extend (never by half a surrogate pair), arrays append, keys appear when their value begins.
 * 3. A number, `true`, `false` or `null` appears when it is complete, and never changes.
 * 4. Of a repeated key the last value counts; this alone may take back what was shown.
 * 5. When the arguments are complete, the view equals `JSON.parse` of them. A `__proto__` in them is an own property.
 *
 * @example
 * ```ts
 * import { from, map, toArray } from 'rxjs';
 * import { partialArguments, type ToolCallDelta } from 'toolstream';
 *
 * const call = { type: 'tool-call-delta', callId: 'call_1', index: 0 } as const;
 * const deltas: ToolCallDelta[] = [{ ...call, text: '{"city":"Han' }, { ...call, text: 'oi","days":3}' }];
 *
 * from(deltas)
 *   .pipe(
 *     partialArguments(),
 *     map(({ partial }) => structuredClone(partial)),
 *     toArray(),
 *   )
 *   .subscribe((views) => console.log(views)); // [ { city: 'Han' }, { city: 'Hanoi', days: 3 } ]
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-2
 */
export function partialArguments<E extends AnyEvent>(bounds: ArgumentsBounds = {}): OperatorFunction<E, WithPartialArguments<E>> {
  const checked = checkedBounds(bounds);
  return through(() => partialArgumentsStage<E>(checked));
}
