import { concat, defer, EMPTY, finalize, from, ignoreElements, type Observable, throwError, timer } from 'rxjs';
import type { ModelEvent } from '../events.ts';
import type { ModelRequest } from '../messages.ts';
import type { Model } from '../models/model.ts';
import { type ScriptedRound, type SpelledStep, spellOut } from './script.ts';

/** A model that says what a script says, and remembers what it was asked. */
export interface ScriptedModel extends Model {
  /** The requests so far, in the order in which they were subscribed. */
  readonly requests: readonly ModelRequest[];
  /** How many rounds are being told right now: 0 once everything is over or unsubscribed. */
  readonly open: number;
}

/**
 * A model for tests: the n-th request gets the n-th round of the script.
 *
 * ```text
 * script   ['Hel', 20, 'lo']
 * result   (sh) 16ms (lfe|)       s round-start, h 'Hel', l 'lo', f finish-reason, e round-end: 20 ms apart
 * ```
 *
 * Emits the script's events, `round-start`, `finish-reason` and `round-end` added where the script leaves them out, then completes.
 * Pauses run on the timers of rxjs: in real time, or in virtual time within `TestScheduler.run`.
 *
 * Errors with the script's own error where it has one, and with a `RangeError` when more rounds are asked than there are.
 * Like every model it does nothing before it is subscribed, and unsubscribing stops it.
 *
 * @param rounds what to say: text, pauses in milliseconds, calls, any events, errors.
 *
 * @example
 * ```ts
 * import { scriptedModel } from 'toolstream/testing';
 *
 * const model = scriptedModel([[{ call: 'get_weather', arguments: { location: 'Tokyo' } }], ['It is ', 'sunny.']]);
 * const request = { messages: [{ role: 'user', content: 'Weather in Tokyo?' }] } as const;
 *
 * model(request).subscribe((event) => console.log(event.type)); // round-start tool-call-start tool-call-delta finish-reason round-end
 * model(request).subscribe((event) => event.type === 'text-delta' && console.log(event.text)); // It is sunny.
 * console.log(model.requests.length, model.open); // 2 0
 * ```
 */
export function scriptedModel(rounds: readonly ScriptedRound[]): ScriptedModel {
  let calls = 0;
  const spelled = rounds.map((round) => spellOut(round, () => ++calls));
  const requests: ModelRequest[] = [];
  let open = 0;
  const model = (request: ModelRequest): Observable<ModelEvent> =>
    defer(() => {
      requests.push(request);
      const round = spelled[requests.length - 1];
      if (!round)
        return throwError(() => new RangeError(`The script has ${rounds.length} rounds, and a further one was asked. Add one to it.`));
      open++;
      return tell(round).pipe(
        finalize(() => {
          open--;
        }),
      );
    });
  return Object.defineProperties(model, {
    requests: { get: () => requests },
    open: { get: () => open },
  }) as ScriptedModel;
}

/** Events between two pauses come in one go, as frames of one network chunk do. */
function tell(round: readonly SpelledStep[]): Observable<ModelEvent> {
  const at = round.findIndex((step) => typeof step === 'number' || step instanceof Error);
  if (at === -1) return from(round as ModelEvent[]);
  const step = round[at];
  const before$ = at === 0 ? EMPTY : from(round.slice(0, at) as ModelEvent[]);
  if (step instanceof Error)
    return concat(
      before$,
      throwError(() => step),
    );
  return concat(
    before$,
    timer(step as number).pipe(ignoreElements()),
    defer(() => tell(round.slice(at + 1))),
  );
}
