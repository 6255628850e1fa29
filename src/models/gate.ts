/**
 * Says whether reading from the network may go on. `toReadableStream` and `toAsyncIterable` hand one out; {@link fetchBytes} asks it before
 * each piece of at most 4096 bytes.
 */
export interface Gate {
  readonly open: boolean;
  /** Resolves when the gate is open; never rejects. */
  opened(): Promise<void>;
}

/** How much is handed on between two looks at the gate, in bytes: what a full queue may still take in. */
export const GATED_PIECE = 4096;
