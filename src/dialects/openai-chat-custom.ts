import type { CallFragment } from '../calls/assembler.ts';
import type { AssembledCall } from '../calls/call.ts';
import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import type { ChatMessageBuilder } from './openai-chat-message.ts';
import type { ChatToolCallDelta } from './openai-chat-wire.ts';
import type { Round } from './round.ts';

type Custom = NonNullable<ChatToolCallDelta['custom']>;

interface OpenText {
  readonly choice: number;
  said: string;
  /** Nothing more is read. */
  settled: boolean;
}

/** What an entry says about a custom tool's call. Some gateways put an empty `custom` on calls of functions. */
export function customOf(entry: ChatToolCallDelta): Custom | undefined {
  const { custom } = entry;
  if (!custom || entry.function?.name || entry.function?.arguments) return undefined;
  return typeof custom.name === 'string' || typeof custom.input === 'string' ? custom : undefined;
}

/**
 * Reads the calls of custom tools. To the events their plain text is one JSON string, and only the finish reason or the end mark says that it is
 * whole: before that the closing quote is missing, so that a call that was cut never runs.
 */
export class CustomCallReader {
  private texts: Map<AssembledCall, OpenText> | undefined;
  private readonly round: Round;
  private readonly message: ChatMessageBuilder;

  constructor(round: Round, message: ChatMessageBuilder) {
    this.round = round;
    this.message = message;
  }

  /** Reads one piece. @returns its call. */
  read(choice: number, marks: CallFragment, { name, input }: Custom, out: Output<ModelEvent>): AssembledCall | undefined {
    const fragment = { ...marks, name, text: undefined };
    // A piece that comes before everything else of its call begins it.
    const call = this.round.call(choice, fragment, out) ?? (input ? this.round.call(choice, { ...fragment, text: '"' }, out) : undefined);
    if (!call) return undefined;
    this.texts ??= new Map();
    const text = this.texts.get(call) ?? { choice, said: '', settled: false };
    this.texts.set(call, text);
    if (choice === 0) {
      this.message.texts ??= new Map();
      this.message.texts.set(call.index, text);
    }
    // The whole call once more, in a summary.
    const repeated = Boolean(marks.id && name) && input === text.said;
    if (!input || text.settled || repeated) return call;
    const opening = call.argumentsText === '' ? '"' : '';
    text.said += input;
    this.round.appendToCall(choice, call, opening + JSON.stringify(input).slice(1, -1), out);
    return call;
  }

  /** The model is done with a choice, or (`undefined`) with all: texts are whole, or stay open. */
  settle(choice: number | undefined, whole: boolean, out: Output<ModelEvent>): void {
    for (const [call, text] of this.texts ?? []) {
      if (text.settled || (choice !== undefined && choice !== text.choice)) continue;
      text.settled = true;
      if (whole) this.round.appendToCall(text.choice, call, call.argumentsText === '' ? '""' : '"', out);
    }
  }
}
