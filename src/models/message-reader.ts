import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

/** How much of a body that nobody reads is kept, in bytes; beyond it the socket waits. */
const HELD_BYTES = 64 * 1024;
/** What a piece weighs beside its bytes. */
const PIECE_BYTES = 256;

type Piece = ReadableStreamReadResult<Uint8Array>;
const END: Piece = { done: true, value: undefined };

interface Waiting {
  readonly resolve: (piece: Piece) => void;
  readonly reject: (error: unknown) => void;
}

/** The connection went before its time. */
export function lost(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

/** The one reader of a response's body, without a web stream: a piece goes straight to who waits for it. */
export class MessageReader {
  private readonly message: IncomingMessage;
  private readonly body: Readable;
  private readonly onOver: () => void;
  /** From `first` on: shifting a long list costs its length each time. */
  private held: Uint8Array[] = [];
  private first = 0;
  private heldBytes = 0;
  private waiting: Waiting | undefined;
  private over: { readonly error?: unknown } | undefined;

  /**
   * @param body the message, or what decodes it.
   * @param onOver called when all has come and was read, or was given up; maybe more than once.
   */
  constructor(message: IncomingMessage, body: Readable, onOver: () => void) {
    this.message = message;
    this.body = body;
    this.onOver = onOver;
    body.on('data', this.take);
    body.once('end', () => this.end({}));
    body.on('error', (error) => this.fail(error));
    body.once('close', () => this.fail(lost('The connection was closed within the body.')));
  }

  /** One at a time. */
  read(): Promise<Piece> {
    if (this.waiting) return Promise.reject(new TypeError('The read before this one is still waiting.'));
    const chunk = this.held[this.first];
    if (chunk) return Promise.resolve({ done: false, value: this.handOut(chunk) });
    if (this.over) return 'error' in this.over ? Promise.reject(this.over.error) : Promise.resolve(END);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  cancel(): Promise<void> {
    // After the end the connection is free for the next request.
    const isOpen = this.over === undefined;
    this.drop();
    this.over = {};
    this.settle();
    if (isOpen) this.message.destroy();
    this.body.destroy();
    return Promise.resolve();
  }

  /** Ends with an error once all that came is read. */
  fail(error: unknown): void {
    if (this.over) return;
    // What waited in the stream came before the error. Without the listener, which would be given it as well.
    this.body.off('data', this.take);
    for (let rest = this.body.read(); rest !== null; rest = this.body.read()) this.give(rest);
    this.end({ error });
  }

  /** Ends with an error at once: what is held is given up. */
  abort(error: unknown): void {
    if (this.over && this.first === this.held.length) return;
    this.drop();
    this.over = { error };
    this.settle();
  }

  private handOut(chunk: Uint8Array): Uint8Array {
    this.first++;
    this.heldBytes -= chunk.length + PIECE_BYTES;
    if (this.first === this.held.length) {
      this.drop();
      if (this.over) this.onOver();
      else if (this.body.isPaused()) this.body.resume();
    }
    return chunk;
  }

  private readonly take = (chunk: Uint8Array): void => {
    if (this.over) return;
    this.give(chunk);
    if (this.heldBytes > HELD_BYTES) this.body.pause();
  };

  private give(chunk: Uint8Array): void {
    const { waiting } = this;
    if (waiting) {
      this.waiting = undefined;
      waiting.resolve({ done: false, value: chunk });
      return;
    }
    this.held.push(chunk);
    this.heldBytes += chunk.length + PIECE_BYTES;
  }

  private end(over: { readonly error?: unknown }): void {
    if (this.over) return;
    this.over = over;
    this.settle();
  }

  private settle(): void {
    if (this.first === this.held.length) this.onOver();
    const { waiting, over = {} } = this;
    this.waiting = undefined;
    if (!waiting) return;
    if ('error' in over) waiting.reject(over.error);
    else waiting.resolve(END);
  }

  private drop(): void {
    this.held = [];
    this.first = 0;
    this.heldBytes = 0;
  }
}
