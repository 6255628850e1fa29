import type { Observable } from 'rxjs';
import type { ModelEvent } from '../events.ts';
import type { ModelRequest } from '../messages.ts';

/**
 * Something that answers: a plain function. Nothing is sent before the Observable is subscribed, each subscription asks anew,
 * and unsubscribing aborts the request.
 *
 * `answer` aborts when the whole answer (all its rounds) is over, so that a socket can outlive a round and never an answer.
 */
export type Model = (request: ModelRequest, answer?: AbortSignal) => Observable<ModelEvent>;
