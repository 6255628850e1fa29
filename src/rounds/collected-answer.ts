import type { AnswerEnd, AnyEvent, ToolCall, ToolResult, Usage } from '../events.ts';
import type { Message } from '../messages.ts';
import type { Stage } from '../stage.ts';
import { AnswerRecord } from './answer-record.ts';

/** A whole answer, in one value. */
export interface CollectedAnswer {
  /** The visible text of choice 0, of all rounds. */
  readonly text: string;
  readonly reasoning: string;
  readonly refusal?: string;
  /** In the order in which they began. */
  readonly calls: readonly ToolCall[];
  /** In the order in which they came. */
  readonly results: readonly ToolResult[];
  /** Summed over the rounds. */
  readonly usage: Usage;
  /** Why the answer ended; absent where the stream did not say. */
  readonly finishReason?: AnswerEnd['reason'];
  readonly rounds: number;
  /** What to append to the history for the next request. Calls that await the caller's results have none here. */
  readonly messages: readonly Message[];
  /** The calls the caller has to settle. */
  readonly pending?: readonly ToolCall[];
}

/** The stage of `collectAnswer`. */
export function answerCollector<E extends AnyEvent>(): Stage<E, CollectedAnswer> {
  const record = new AnswerRecord();
  return {
    transform: (event) => {
      record.take(event);
    },
    flush: (out) => out.enqueue(collected(record)),
  };
}

function collected(record: AnswerRecord): CollectedAnswer {
  const { text, reasoning, refusal, calls, results, usage, finishReason, rounds } = record.state;
  const { messages, pending } = record.outcome();
  return {
    text,
    reasoning,
    ...(refusal !== '' && { refusal }),
    calls: calls.flatMap(({ call }) => (call ? [call] : [])),
    results,
    usage,
    ...(finishReason && { finishReason }),
    rounds,
    messages,
    ...(pending && { pending }),
  };
}
