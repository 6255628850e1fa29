const BOM = 0xfeff;
const LF = 10;

/** The BOM is ours, since strings come here too. */
const utf8 = () => new TextDecoder('utf-8', { ignoreBOM: true });

/** For chunks that are text by themselves: to decode them as a stream takes one and a half to six times as long. It keeps nothing. */
const whole = /* @__PURE__ */ utf8();

/** Reads a body as text, whatever its chunks are. */
export class BodyText {
  /** One for the whole body, once a character is torn: any byte may be the last of a chunk. */
  private torn: TextDecoder | undefined;
  private isTorn = false;
  private atStart = true;
  private readonly reader: string;

  /** @param reader the operator that reads, for the error. */
  constructor(reader: string) {
    this.reader = reader;
  }

  /** The text of the next chunk, the BOM dropped. A torn character waits for its other bytes. */
  read(chunk: Uint8Array | string): string {
    let text = typeof chunk === 'string' ? this.rest() + chunk : this.decoded(chunk);
    if (text === '') return text;
    if (this.atStart && text.charCodeAt(0) === BOM) text = text.slice(1);
    this.atStart = false;
    return text;
  }

  private decoded(chunk: Uint8Array): string {
    const wasTorn = this.isTorn;
    // No character goes on after a byte below 0x80.
    this.isTorn = !(chunk instanceof Uint8Array) || (chunk.length === 0 ? wasTorn : (chunk[chunk.length - 1] as number) >= 0x80);
    if (!this.isTorn && !wasTorn) return whole.decode(chunk);
    this.torn ??= utf8();
    return this.torn.decode(bytes(chunk, this.reader), { stream: true });
  }

  /** What is left of a character whose other bytes never came. */
  private rest(): string {
    if (!this.isTorn) return '';
    this.isTorn = false;
    return this.torn?.decode() ?? '';
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
