import { concat, defer, EMPTY, from, map, merge, type Observable, of, repeat, Subject, takeUntil, tap } from 'rxjs';
import { isToolstreamError } from '../errors.ts';
import type { AnyEvent } from '../events.ts';
import type { Message, ToolMessage, UserMessage } from '../messages.ts';
import type { Output, Stage } from '../stage.ts';
import { through } from '../through.ts';
import { messageOf } from '../tools/failure.ts';
import type { ResultBounds } from '../tools/tool-message.ts';
import { AnswerRecord } from './answer-record.ts';
import type { ChatEvent, ChatInput, TurnEnd, TurnStart } from './chat-events.ts';
import { appendResult, lastResults, openCalls, settleOpenCalls } from './open-calls.ts';

/** What a {@link Chat} needs, checked and with its defaults. */
export interface ChatSettings<E> {
  readonly answer: (messages: readonly Message[]) => Observable<E>;
  readonly history: readonly Message[];
  readonly supersede: boolean;
  readonly maxQueued: number;
  readonly stop$: Observable<unknown>;
  /** Of results in the history of a turn that did not end by itself. */
  readonly results: ResultBounds;
}

/** One conversation: a stage that takes messages and gives Observables of events, to be merged. */
export class Chat<E extends AnyEvent> implements Stage<ChatInput, Observable<E | ChatEvent>> {
  private readonly history: Message[];
  private readonly queue: Array<UserMessage | ToolMessage> = [];
  private readonly superseded$ = new Subject<void>();
  private working = false;
  private turns = 0;

  private readonly settings: ChatSettings<E>;

  constructor(settings: ChatSettings<E>) {
    this.settings = settings;
    this.history = [...settings.history];
  }

  transform(input: ChatInput, out: Output<Observable<E | ChatEvent>>): void {
    const message = messageFrom(input);
    if (this.working && this.queue.length >= this.settings.maxQueued) {
      out.enqueue(of({ type: 'message-refused', reason: 'queue-full', message }));
      return;
    }
    this.queue.push(message);
    // Ends the turn that runs, at once; whoever works then takes the next message from the queue.
    if (this.settings.supersede && message.role === 'user') this.superseded$.next();
    if (!this.working) out.enqueue(this.work());
  }

  /** Turn after turn until no message waits. */
  private work(): Observable<E | ChatEvent> {
    this.working = true;
    const more = () => {
      this.working = this.queue.length > 0;
      return this.working ? of(undefined) : EMPTY;
    };
    return defer(() => this.next()).pipe(repeat({ delay: more }));
  }

  private next(): Observable<E | ChatEvent> {
    const message = this.queue.shift();
    if (message === undefined) return EMPTY;
    if (message.role === 'tool') return this.takeResult(message);
    const settled = settleOpenCalls(this.history);
    this.history.push(message);
    return this.turn([...settled, message]);
  }

  private takeResult(message: ToolMessage): Observable<E | ChatEvent> {
    const open = openCalls(this.history);
    if (!open.some(({ id }) => id === message.toolCallId)) return of({ type: 'message-refused', reason: 'unknown-call', message });
    appendResult(this.history, message);
    return open.length > 1 ? EMPTY : this.turn(lastResults(this.history));
  }

  /** Asks for an answer to the history as it stands; `added` is what it got for this turn. */
  private turn(added: readonly Message[]): Observable<E | ChatEvent> {
    const turn = ++this.turns;
    const messages = [...this.history];
    let outcome: TurnEnd['outcome'] = 'answered';
    const cut$ = merge(
      this.superseded$.pipe(map(() => 'superseded' as const)),
      this.settings.stop$.pipe(map(() => 'stopped' as const)),
    ).pipe(
      tap((how) => {
        outcome = how;
      }),
    );
    const start: TurnStart = { type: 'turn-start', turn, messages: added };
    const answer$ = defer(() => from(this.settings.answer(messages)));
    return concat(of(start), answer$).pipe(
      takeUntil(cut$),
      through(() => this.watch(start, () => outcome)),
    );
  }

  /** Passes the turn's events on, and closes the turn however it ends. */
  private watch(start: TurnStart, outcomeOf: () => TurnEnd['outcome']): Stage<E | ChatEvent, E | ChatEvent> {
    const { turn } = start;
    const record = new AnswerRecord(this.settings.results);
    let begun = false;
    return {
      transform: (event, out) => {
        begun = true;
        record.take(event);
        out.enqueue(event);
      },
      flush: (out) => {
        const outcome = record.answerEnd ? 'answered' : outcomeOf();
        const { messages, pending } = record.outcome(outcome !== 'answered');
        this.history.push(...messages);
        // A `stop$` that emits when it is subscribed comes before everything.
        if (!begun) out.enqueue(start);
        out.enqueue({ type: 'turn-end', turn, outcome, history: [...this.history], ...(pending && { pending }) });
      },
      fail: (error, out) => {
        this.history.push(...record.outcome(true, isToolstreamError(error) ? error.partial.message : undefined).messages);
        out.enqueue({ type: 'turn-end', turn, outcome: 'failed', history: [...this.history], error: describe(error) });
        out.terminate();
        return error;
      },
    };
  }
}

function messageFrom(input: ChatInput): UserMessage | ToolMessage {
  if (typeof input === 'string') return { role: 'user', content: input };
  if (input?.role === 'user' || input?.role === 'tool') return input;
  throw new TypeError('converse: a message is neither a string nor one of the roles `user` and `tool`. Put other messages into `history`.');
}

function describe(error: unknown): NonNullable<TurnEnd['error']> {
  if (!(error instanceof Error)) return { name: 'Error', message: messageOf(error) };
  return { name: error.name, message: error.message, ...(isToolstreamError(error) && { code: error.code }) };
}
