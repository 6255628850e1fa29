import type { OperatorFunction } from 'rxjs';
import type { AnyEvent } from '../src/events.ts';
import type { ArgumentEvent } from '../src/json/argument-events.ts';
import { argumentSelector } from '../src/json/argument-selector.ts';
import { type ArgumentsBounds, checkedBounds } from '../src/json/bounds.ts';
import type { JsonPath } from '../src/json/field-reader.ts';
import { through } from '../src/through.ts';

/**
 * Streams one field of a tool's arguments while the model writes it: a document as it grows, the items of a list one by one.
 *
 * ```text
 * source   s-a----b-t-c-|      a: '{"path":"a.md","content":"# Ti'    b: 'tle\\n'    c: '"}'
 * result   --(SA)-B---E-|      S: start    A: '# Ti'    B: 'tle⏎'    E: end, '# Title⏎'
 * ```
 *
 * It emits only {@link ArgumentEvent}s, for each call of the tool: `argument-start` when the field begins, then an
 * `argument-delta` for each piece of a string or an `argument-item` for each item of an array (complete), and `argument-end` with
 * the whole value. Fields that are objects, numbers, `true`, `false` or `null` have a start and an end alone. A call without
 * the field gives nothing. Calls that run in parallel are told apart by `callId`. It completes with its source.
 *
 * A tool of plain text has the field `input`: where the API writes its text alone, that text is the field.
 *
 * Every field that began ends: where the arguments break, go beyond a bound, or the call, the round or the stream ends first, with
 * a `Left` that says why; drop what was shown then. It raises no errors of its own, and the source's pass, after those ends.
 * If the model writes the field twice, a second `argument-start` says that only what follows counts, as with `JSON.parse`.
 *
 * It keeps the field's value (at most `maxArgumentLength` for each open call of the tool) until its end; what lies beside the field is
 * not built. It reads deltas, so put it before anything that filters them; other events are dropped: `share()` the source
 * to use both. Unsubscribing stops the source, and no end is emitted.
 *
 * @param toolName The tool whose calls are read.
 * @param path A key of the arguments, or the way to a nested field: keys as strings, places in arrays as numbers.
 * @param bounds `maxArgumentLength` in UTF-16 code units (default 16 Mi), `maxDepth` in levels (default 512).
 *
 * 1. The pieces of a string, joined, are the value in `argument-end`; none is empty and none ends in half a surrogate pair.
 * 2. Items come in order, each once.
 *
 * @throws TypeError at the call, for a step of the path that is neither a key nor a place; RangeError for a bound below 0.
 *
 * @example
 * ```ts
 * import { filter, from, map, toArray } from 'rxjs';
 * import { type ModelEvent, selectArgument } from 'toolstream';
 *
 * const call = { callId: 'call_1', index: 0 };
 * const events: ModelEvent[] = [
 *   { type: 'tool-call-start', ...call, name: 'write_file' },
 *   { type: 'tool-call-delta', ...call, text: '{"path":"a.md","content":"# Ti' },
 *   { type: 'tool-call-delta', ...call, text: 'tle\\n"}' },
 * ];
 *
 * from(events)
 *   .pipe(
 *     selectArgument('write_file', 'content'),
 *     filter((event) => event.type === 'argument-delta'),
 *     map((event) => event.text),
 *     toArray(),
 *   )
 *   .subscribe((pieces) => console.log(pieces)); // [ '# Ti', 'tle\n' ]
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-4
 */
export function selectArgument(
  toolName: string,
  path: string | JsonPath,
  bounds: ArgumentsBounds = {},
): OperatorFunction<AnyEvent, ArgumentEvent> {
  const checked = checkedBounds(bounds);
  const steps = checkedPath(path);
  return through(() => argumentSelector(toolName, steps, checked));
}

function checkedPath(path: string | JsonPath): JsonPath {
  const steps = typeof path === 'string' ? [path] : [...path];
  for (const step of steps) {
    if (typeof step === 'string' || (Number.isInteger(step) && step >= 0)) continue;
    throw new TypeError(
      `selectArgument: ${String(step)} is no step of a path: give keys as strings, places in arrays as whole numbers from 0.`,
    );
  }
  return steps;
}
