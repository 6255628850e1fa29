import { from, Observable, Subscriber } from 'rxjs';
import { InterruptedError, UncertainCallError, withPartial } from '../errors.ts';
import type { AnswerEnd, AnyEvent, Diagnostic, ToolResult } from '../events.ts';
import type { ModelRequest } from '../messages.ts';
import type { Output, Stage } from '../stage.ts';
import { through } from '../through.ts';
import { invalidArguments, messageOf, uncertain, vetoOf } from '../tools/failure.ts';
import { resultOf } from '../tools/tool-events.ts';
import type { ResultBounds } from '../tools/tool-message.ts';
import { AnswerRecord } from './answer-record.ts';
import { unansweredResult } from './round-record.ts';

/** What {@link askRounds} asks with. */
export interface AskRounds<E> {
  readonly request: ModelRequest;
  readonly ask: (request: ModelRequest) => Observable<E>;
  readonly maxRounds: number;
  readonly results?: ResultBounds;
}

type Out<E> = E | ToolResult | AnswerEnd | Diagnostic;

/** Checks the bound on rounds and fills in its default. */
export function checkedMaxRounds(maxRounds = 8): number {
  if (Number.isSafeInteger(maxRounds) && maxRounds >= 1) return maxRounds;
  throw new RangeError(`\`maxRounds\` is ${maxRounds}: give an integer from 1, the first round included.`);
}

/** Round after round until the model is done, then one `answer-end`. `first` is the first round. */
export function askRounds<E extends AnyEvent>(first: Observable<E>, options: AskRounds<E>): Observable<Out<E>> {
  return new Observable((subscriber) => {
    new Rounds(subscriber, options).begin(first);
  });
}

class Rounds<E extends AnyEvent> {
  /** How many are under way: an old one may still drain its connection while the next goes on. */
  private open = 0;
  /** No round follows. */
  private finished = false;
  private readonly record: AnswerRecord;
  /** How many rounds have begun. */
  private number = 0;
  /** The round to subscribe to next. */
  private waiting: Observable<E> | undefined;
  private subscribing = false;
  private reason: AnswerEnd['reason'] = 'other';

  private readonly subscriber: Subscriber<Out<E>>;
  private readonly options: AskRounds<E>;

  constructor(subscriber: Subscriber<Out<E>>, options: AskRounds<E>) {
    this.subscriber = subscriber;
    this.options = options;
    this.record = new AnswerRecord(options.results);
  }

  /**
   * Subscribes to a round. A synchronous one ends, and wants the next, before `subscribe` returns: the loop takes that one up
   * when the stack is back here, so that the rounds of a synchronous model do not pile up on it.
   */
  begin(round$: Observable<E>): void {
    this.waiting = round$;
    if (this.subscribing) return;
    this.subscribing = true;
    while (this.waiting && !this.subscriber.closed) {
      const source = this.waiting;
      this.waiting = undefined;
      const number = ++this.number;
      this.open++;
      source.pipe(through(() => this.stage(number))).subscribe(new Joined(this.subscriber, () => this.ended()));
    }
    this.subscribing = false;
  }

  private stage(number: number): Stage<E, Out<E>> {
    const round = this.record.round(number);
    /** What follows this round is decided; what it still emits is passed on. */
    let over = false;
    return {
      transform: (event, out) => {
        const stamped = ofRound(event, number);
        const oddity = this.record.take(stamped);
        out.enqueue(stamped);
        if (oddity) out.enqueue({ type: 'diagnostic', round: number, ...oddity });
        if (over || !round.settled || this.subscriber.closed) return;
        over = true;
        this.goOn(number);
      },
      flush: (out) => {
        if (over) return;
        over = true;
        this.endWith(number, out);
      },
      fail: (error, out) => {
        if (!over) return this.breakOff(number, error, out);
        const message = `The stream of round ${number} failed after the round had ended: ${messageOf(error)}`;
        out.enqueue({ type: 'diagnostic', round: number, code: 'failed-after-end', message });
        out.terminate();
        return error;
      },
    };
  }

  /** The round is whole and each of its calls has a result: the next one, or the end. */
  private goOn(number: number): void {
    const { end, hasCalls } = this.record.round(number);
    const reason = end?.reason ?? 'other';
    const unfinished = reason === 'pause' || (hasCalls && vetoOf(reason) === undefined);
    if (!unfinished) this.finish(reason);
    else if (number >= this.options.maxRounds) this.finish('max-rounds');
    else this.begin(this.ask());
  }

  /** The round's stream is over and calls have no result, or it never came to its end. */
  private endWith(number: number, out: Output<Out<E>>): void {
    const round = this.record.round(number);
    if (!round.end) {
      out.error(this.breakOff(number, new InterruptedError(NO_ROUND_END), out));
      return;
    }
    const vetoed = vetoOf(round.end.reason) !== undefined;
    for (const call of round.pending()) {
      if (vetoed) this.answer(unansweredResult(call.callId, call.name, round.isRunning(call.callId)), number, out);
      else if (call.arguments._tag === 'Left') this.answer(resultOf(call, invalidArguments(call.arguments.left.message)), number, out);
    }
    if (round.settled) this.goOn(number);
    else this.finish('awaiting-results');
  }

  /** The round failed: what was assembled gets its result, then the error is raised with all that there was. */
  private breakOff(number: number, error: unknown, out: Output<Out<E>>): unknown {
    const round = this.record.round(number);
    for (const { callId, name } of round.pending()) {
      const isUncertain = error instanceof UncertainCallError && error.place.callId === callId;
      const result = isUncertain ? resultOf({ callId, name }, uncertain()) : unansweredResult(callId, name, round.isRunning(callId));
      this.answer(result, number, out);
    }
    return this.withPartial(error);
  }

  /** Answers a call that nobody else will answer. */
  private answer(result: ToolResult, number: number, out: Output<Out<E>>): void {
    const stamped = { ...result, round: number };
    this.record.take(stamped);
    out.enqueue(stamped);
  }

  private ask(): Observable<E> {
    const { request, ask } = this.options;
    try {
      return from(ask({ ...unforced(request), messages: [...request.messages, ...this.record.messages('settled')] }));
    } catch (error) {
      throw this.withPartial(error);
    }
  }

  private finish(reason: AnswerEnd['reason']): void {
    this.reason = reason;
    this.finished = true;
  }

  /** A round's stream is over. The last one ends the answer. */
  private ended(): void {
    this.open--;
    if (!this.finished || this.open > 0) return;
    this.subscriber.next(this.answerEnd());
    this.subscriber.complete();
  }

  private answerEnd(): AnswerEnd {
    const { reason, number, record } = this;
    const awaiting = reason === 'awaiting-results';
    return {
      type: 'answer-end',
      round: number,
      reason,
      usage: record.state.usage,
      messages: record.messages(awaiting ? 'open' : 'settled'),
      rounds: number,
      ...(awaiting && { pending: record.round(number).pending() }),
    };
  }

  private withPartial<T>(error: T): T {
    return withPartial(error, (partial) => this.record.partial(partial));
  }
}

/** Hands a round on, up to its end. */
class Joined<T> extends Subscriber<T> {
  private readonly ended: () => void;

  constructor(target: Subscriber<T>, ended: () => void) {
    super(target);
    this.ended = ended;
  }

  protected override _complete(): void {
    this.unsubscribe();
    this.ended();
  }
}

const NO_ROUND_END =
  'The stream of a round completed without a `round-end`: the answer may be cut. What came is in `partial`. ' +
  'A round comes from `decode`, whose last event is `round-end`; to stop an answer, unsubscribe.';

/** A forced tool would be called again in every round. */
function unforced(request: ModelRequest): ModelRequest {
  if (request.toolChoice === undefined || request.toolChoice === 'auto' || request.toolChoice === 'none') return request;
  const { toolChoice: _, ...rest } = request;
  return rest;
}

/** The event with the number of its round. A spread with one field more takes 1.1 µs on Node 20, this 90 ns. */
function ofRound<E extends AnyEvent>(event: E, round: number): E & { readonly round: number } {
  const stamped: E & { round?: number } = Object.assign({}, event);
  stamped.round = round;
  return stamped as E & { readonly round: number };
}
