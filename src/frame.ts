/** One SSE event, one NDJSON line, or one WebSocket message. */
export interface Frame {
  readonly data: string;
  /** The SSE event's name, where the wire gave one. */
  readonly event?: string;
  /** The SSE event's own id, where the wire gave one. */
  readonly id?: string;
  /** A `retry:` that came with or before this event, in milliseconds. */
  readonly retry?: number;
  /** The body ended inside this frame, before its blank line: it may be cut. */
  readonly unterminated?: true;
  /** A line that is no SSE field, e.g. a bare `error: …` or a JSON body where a stream was expected. */
  readonly stray?: true;
}
