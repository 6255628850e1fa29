import { orAborted } from './or-aborted.ts';
import type { FetchBody, FetchResponse } from './redirects.ts';

/** How much of a body that is no stream is read, in bytes. */
export const DOCUMENT_LIMIT = 64 * 1024;

/** How long a body that is no stream is waited for, in milliseconds. */
export const DOCUMENT_MS = 5_000;

/** Reads a response's body chunk by chunk and counts the bytes; cancelled as soon as `signal` aborts. */
export class BodyReader {
  /** Bytes read so far. */
  offset = 0;
  private readonly reader: ReturnType<FetchBody['getReader']> | undefined;
  private readonly signal: AbortSignal;

  constructor(response: FetchResponse, signal: AbortSignal) {
    this.reader = response.body?.getReader();
    this.signal = signal;
    // An injected fetch may ignore the signal; its body must stop all the same.
    signal.addEventListener('abort', this.cancel, { once: true });
    if (signal.aborted) this.cancel();
  }

  /** What the stream gives next, as {@link took} takes it. */
  next(): Promise<ReadableStreamReadResult<Uint8Array>> {
    return this.reader?.read() ?? Promise.resolve({ done: true, value: undefined });
  }

  /** Counts what was read. @returns the chunk, or `undefined` at the end. */
  took({ done, value }: ReadableStreamReadResult<Uint8Array>): Uint8Array | undefined {
    if (done) return undefined;
    this.offset += value.length;
    return value;
  }

  /** The next chunk, or `undefined` at the end. */
  async read(): Promise<Uint8Array | undefined> {
    return this.took(await this.next());
  }

  /** `read` chunks and what follows them, as text: at most {@link DOCUMENT_LIMIT} bytes and {@link DOCUMENT_MS}; whatever came by then. */
  async readDocument(chunks: Uint8Array[] = []): Promise<string> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), DOCUMENT_MS);
    try {
      while (this.offset < DOCUMENT_LIMIT) {
        const chunk = await orAborted(this.read(), patience.signal);
        if (chunk === undefined) break;
        chunks.push(chunk);
      }
    } catch (error) {
      // A broken or endless error body must not hide the error it belongs to.
      if (this.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
    const decoder = new TextDecoder();
    return (chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode()).slice(0, DOCUMENT_LIMIT);
  }

  /** Lets go of the connection. Safe at any time. */
  readonly cancel = (): void => {
    this.signal.removeEventListener('abort', this.cancel);
    // Rejects when the body has failed already, which is then known.
    this.reader?.cancel().catch(() => {});
  };
}
