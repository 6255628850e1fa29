import { catchError, concat, defer, type Observable, of, tap } from 'rxjs';
import { isToolstreamError } from '../errors.ts';
import type { Diagnostic, ModelEvent } from '../events.ts';
import { failureOf } from '../latency/failure.ts';
import type { Model } from './model.ts';
import { isWorthAskingElsewhere } from './worth-asking-elsewhere.ts';

/** A model with the name that diagnostics give it. */
export interface NamedModel {
  readonly name: string;
  readonly model: Model;
}

/** Settings of {@link fallback}. */
export interface FallbackOptions {
  /**
   * Whether the next model is asked, after an error that came before the first event. Default: {@link isWorthAskingElsewhere}. Not asked about
   * the last model's error, nor once the answer was aborted.
   */
  readonly when?: (error: unknown) => boolean;
}

/**
 * A model that asks the next of several where one fails before its first event.
 *
 * ```text
 * first    --#                 (503)
 * second     ---s-t-e|         (round start, text, round end)
 * result   --f--s-t-e|         f: `diagnostic` with the code `fell-back`
 * ```
 *
 * Emits what the models emit, and between two of them a `diagnostic` that says which one failed, why, and which one is asked now. A
 * `diagnostic` is no event: a model that emitted nothing else has said nothing yet. The next round of the same answer begins with the model that
 * answered last, then goes through the others in their order; a new answer begins with the first. So an endpoint that is down costs an answer one
 * vain request, and the provider's own form of a message goes back to that provider.
 *
 * Errors with the last model's error, the same object; `earlier` of an error of this library has those before it. Errors after the first
 * event go out as they are: `withRetry(fallback(…), { afterEvents: 'restart' })` asks such a round again. An error for which `when` says no goes
 * out at once, and so does any error once `answer` has aborted.
 *
 * Keeps the errors of one round, and for each answer under way which model answers it. Unsubscribing ends the request under way.
 *
 * `httpModel` and `socketModel` ask again by themselves before they fail: with `retry: { maxTries: 1 }` the next model is asked at once.
 *
 * @param models - At least one; bare, or with a name. Each gets the same neutral request, so dialects may differ.
 * @param options - `when`.
 * @throws TypeError at the call where there is no model, or one that is no function.
 *
 * @example
 * ```ts
 * import { throwError } from 'rxjs';
 * import { ConnectionError, fallback, type Model } from 'toolstream';
 * import { scriptedModel } from 'toolstream/testing';
 *
 * const down: Model = () => throwError(() => new ConnectionError('No connection.'));
 * const model = fallback([{ name: 'main', model: down }, { name: 'spare', model: scriptedModel([['Hello']]) }]);
 *
 * model({ messages: [{ role: 'user', content: 'Hi' }] }).subscribe((event) => {
 *   if (event.type === 'diagnostic') console.log(event.message); // Model "main" failed before its first event; asking model "spare". No connection.
 *   if (event.type === 'text-delta') console.log(event.text); // Hello
 * });
 * ```
 *
 * @see {@link withRetry} for the same endpoint once more
 */
export function fallback(models: ReadonlyArray<Model | NamedModel>, options: FallbackOptions = {}): Model {
  const listed = checkedModels(models);
  const { when = isWorthAskingElsewhere } = options;
  if (typeof when !== 'function') throw new TypeError('fallback: `when` is no function. Give one, or leave it out.');
  const answering = new WeakMap<AbortSignal, Listed>();
  return (request, answer) =>
    defer(() => {
      const last = answer && answering.get(answer);
      const order = last ? [last, ...listed.filter((other) => other !== last)] : listed;
      const failures: unknown[] = [];
      const ask = (asked: Listed, rest: readonly Listed[]): Observable<ModelEvent> => {
        let begun = false;
        return defer(() => asked.model(request, answer)).pipe(
          tap((event) => {
            if (begun || event.type === 'diagnostic') return;
            begun = true;
            if (answer) answering.set(answer, asked);
          }),
          catchError((error) => {
            const [next, ...others] = rest;
            if (begun || next === undefined || answer?.aborted || !when(error)) throw withEarlier(error, failures);
            failures.push(error);
            return concat(of(fellBack(asked, next, error)), ask(next, others));
          }),
        );
      };
      const [first, ...rest] = order as readonly [Listed, ...Listed[]];
      return ask(first, rest);
    });
}

interface Listed {
  readonly label: string;
  readonly model: Model;
}

function checkedModels(models: ReadonlyArray<Model | NamedModel>): readonly Listed[] {
  if (!Array.isArray(models) || models.length === 0)
    throw new TypeError('fallback: no models. Give a list of them, the one to ask first at its head.');
  return models.map((entry: Model | NamedModel, i) => {
    const { name, model } = typeof entry === 'function' ? { name: undefined, model: entry } : (entry ?? {});
    if (typeof model !== 'function')
      throw new TypeError(`fallback: \`models[${i}]\` is neither a model nor { name, model }: give e.g. httpModel(endpoint).`);
    return { label: name === undefined ? String(i + 1) : JSON.stringify(name), model };
  });
}

function fellBack(from: Listed, to: Listed, error: unknown): Diagnostic {
  // What a foreign error says may quote a key or the prompt: its code or name will do.
  const why = isToolstreamError(error) ? error.message : failureOf(error).code;
  return {
    type: 'diagnostic',
    code: 'fell-back',
    message: `Model ${from.label} failed before its first event; asking model ${to.label}. ${why}`,
  };
}

/** The error stays the one that was raised: who retries or reports it looks at its class. */
function withEarlier<E>(error: E, failures: readonly unknown[]): E {
  const earlier = failures.filter((failure) => failure !== error);
  if (isToolstreamError(error) && earlier.length > 0) (error as { earlier?: readonly unknown[] }).earlier = earlier;
  return error;
}
