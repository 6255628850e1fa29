import type { AssistantMessage, Message, ModelRequest, ToolMessage } from '../messages.ts';
import type { Redact } from './redact.ts';
import type { SocketConnection } from './socket-connection.ts';

/** A connection between two rounds: what was asked on it, and what the model said last. */
export interface Session {
  readonly connection: SocketConnection;
  readonly request: ModelRequest;
  readonly reply: AssistantMessage;
  readonly responseId: string | undefined;
  /** Blanks out the key that opened the connection. */
  readonly redact: Redact;
}

/** The connections that wait for the results of their last round, by answer: they end with it. */
export class SocketSessions {
  private readonly waiting = new WeakMap<AbortSignal, Session[]>();

  /** Keeps a connection until its next round. */
  keep(answer: AbortSignal, session: Session): void {
    const sessions = this.waiting.get(answer);
    if (sessions) sessions.push(session);
    else this.waiting.set(answer, [session]);
  }

  /**
   * The connection on which this request goes on, and the results that are new in it: its messages are those of the round before, that
   * round's reply, and one result for each of its calls. Any other request needs a connection of its own.
   */
  claim(answer: AbortSignal | undefined, request: ModelRequest): { session: Session; results: readonly ToolMessage[] } | undefined {
    const sessions = answer && this.waiting.get(answer);
    if (!sessions) return undefined;
    for (const [i, session] of sessions.entries()) {
      const results = newResults(session, request);
      if (!results) continue;
      sessions.splice(i, 1);
      return { session, results };
    }
    return undefined;
  }
}

/** Ends a connection with its answer, and lets go of the signal when the connection ends first. */
export function endWith(answer: AbortSignal, connection: SocketConnection): void {
  const close = () => connection.close();
  answer.addEventListener('abort', close, { once: true });
  connection.onEnd(() => answer.removeEventListener('abort', close));
  if (answer.aborted) close();
}

function newResults({ request: before, reply }: Session, request: ModelRequest): readonly ToolMessage[] | undefined {
  const { messages } = request;
  if (request.tools !== before.tools || messages.length <= before.messages.length) return undefined;
  if (!before.messages.every((message, i) => isSame(message, messages[i]))) return undefined;
  const [said, ...rest] = messages.slice(before.messages.length);
  const calls = reply.toolCalls ?? [];
  if (said?.role !== 'assistant' || !isSame(said.toolCalls ?? [], calls)) return undefined;
  const results = rest.filter((message): message is ToolMessage => message.role === 'tool');
  if (results.length !== rest.length || results.length !== calls.length) return undefined;
  return calls.every(({ id }, i) => results[i]?.toolCallId === id) ? results : undefined;
}

function isSame(a: Message | readonly unknown[], b: Message | readonly unknown[] | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
