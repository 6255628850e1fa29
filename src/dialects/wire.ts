import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import type { Round } from './round.ts';

/** What a dialect's payloads look like: with a {@link WireReader}, all that a decoder has to be told. */
export interface Wire {
  /** What a payload should be, as in “Frame 3 is no …”. */
  readonly expected: string;
  /** Each payload says its `type`. Where a relay left it out, the name of the SSE event is it. */
  readonly typed?: true;
  /** `[DONE]` ends a response, though most APIs have an end mark of their own: gateways write it. `ignored`: there it proves nothing. */
  readonly done?: 'ignored';
  /** A line that is no SSE field may be a payload all the same: the API's own framing is lines. */
  readonly lines?: true;
  /**
   * What is wrong with a payload, and where; `undefined` if nothing is. Looks first and runs the codec, which costs several times the
   * parsing, only on what looks wrong.
   */
  problem(payload: unknown): string | undefined;
  /**
   * Whether a payload is a delta and nothing but that: the reader takes words from it and keeps and hands on no part of it, whatever the strings
   * and numbers in it are. Such payloads come by the thousand and are read from one object ({@link SimilarJson}). Default: none is.
   */
  isPlain?(payload: object): boolean;
  /**
   * Asked of what is not plain: whether it is a delta all the same. Beside the words stand token counts, ratings, what the vocabulary has no word for.
   * Of these the reader keeps copies, or hands them to the round, which copies them. Default: none is.
   */
  isDelta?(payload: object): boolean;
  /** Fields at the top of plain payloads that differ in each and that nobody reads: padding, dates. */
  readonly unread?: ReadonlySet<string>;
  /** Whether a payload with an error says a piece of the answer, too. */
  saysMore?(payload: object): boolean;
  /** What to say of a JSON document that came in place of the stream. */
  describeDocument?(body: object): string;
}

/** Reads payloads without a problem, in the order in which they come, and tells the round what they say. */
export interface WireReader {
  readonly round: Round;
  /** Reads one payload: of the shape that {@link Wire.problem} lets through; `plain` if it is surely what {@link Wire.isPlain} says. */
  read(payload: object, out: Output<ModelEvent>, plain: boolean): void;
  /**
   * Nothing more will be read: hands out what was held back until more was known. It came to that by `[DONE]`, by the end of the body or of its connection, or by an error.
   */
  settle?(how: 'end-mark' | 'end-of-body' | 'error', out: Output<ModelEvent>): void;
}

const HEARTBEAT = /^(ping|pong|heartbeat|keep-?alive)$/i;
const LONGEST_HEARTBEAT = 'keep-alive'.length;

/** Whether an event of this name, or type, only keeps the connection open. */
export function isHeartbeat(name: string): boolean {
  // Every event of some wires has a name, and it is longer.
  return name.length <= LONGEST_HEARTBEAT && HEARTBEAT.test(name);
}
