const BOM = 0xfeff;
const LF = 10;

/** Reads a body as text, whatever its chunks are. */
export class BodyText {
  /** One for the whole body: any byte may be the last of a chunk. The BOM is ours, since strings come here too. */
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private readonly reader: string;
  private atStart = true;

  /** @param reader the operator that reads, for the error. */
  constructor(reader: string) {
    this.reader = reader;
  }

  /** The text of the next chunk, the BOM dropped. A torn character waits for its other bytes. */
  read(chunk: Uint8Array | string): string {
    let text = typeof chunk === 'string' ? this.decoder.decode() + chunk : this.decoder.decode(bytes(chunk, this.reader), { stream: true });
    if (text === '') return text;
    if (this.atStart && text.charCodeAt(0) === BOM) text = text.slice(1);
    this.atStart = false;
    return text;
  }
}

/**
 * Reads a body as text with one kind of line end, whatever its chunks are.
 *
 * The parser below is given LF alone, for three reasons: it holds a CR at the end of a chunk back until more comes, so an
 * event would be late by one chunk and the last one be lost; with a CR anywhere in a chunk it searches that chunk to its end
 * for each line, which is O(N²); and its path for LF is the fast one.
 */
export class LineText {
  private readonly body = new BodyText('parseSse');
  private afterCr = false;

  /** The text of the next chunk: the BOM dropped, CR and CRLF made LF. A torn character waits for its other bytes. */
  read(chunk: Uint8Array | string): string {
    let text = this.body.read(chunk);
    if (this.afterCr && text !== '') {
      this.afterCr = false;
      if (text.charCodeAt(0) === LF) text = text.slice(1);
    }
    if (!text.includes('\r')) return text;
    this.afterCr = text.endsWith('\r');
    return text.replace(/\r\n?/g, '\n');
  }
}

/** Who hands on a whole `Response` is told so; `TextDecoder` would only speak of its own argument. */
function bytes(chunk: unknown, reader: string): ArrayBufferView | ArrayBuffer {
  if (ArrayBuffer.isView(chunk) || chunk instanceof ArrayBuffer) return chunk;
  const what = typeof chunk === 'object' && chunk !== null ? (chunk instanceof Response ? 'a Response' : 'an object') : String(chunk);
  throw new TypeError(
    `${reader} reads bytes or strings; this is ${what}. Of a Response, give the chunks of its \`body\`, as fetchBytes does.`,
  );
}
