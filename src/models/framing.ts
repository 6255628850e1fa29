import type { Dialect, Framing } from '../dialects/dialect.ts';
import type { Frame } from '../frame.ts';
import { jsonArrayParser } from '../json/array-items.ts';
import { ndjsonParser } from '../ndjson/parser.ts';
import { sseParser } from '../sse/parser.ts';
import type { Output, Stage } from '../stage.ts';

type Parser = Stage<Uint8Array | string, Frame>;

/** What makes frames of a body, by the way it is framed. */
const PARSERS: { readonly [framing in Framing]?: (maxFrameBytes?: number) => Parser } = {
  sse: (maxFrameBytes) => sseParser(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
  ndjson: (maxFrameBytes) => ndjsonParser(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
  'json-array': (maxFrameBytes) => jsonArrayParser(maxFrameBytes === undefined ? {} : { maxItemBytes: maxFrameBytes }),
};

/** The ways in which a dialect's servers frame their bodies, the one that is asked for first. */
export function framingsOf({ framing, alsoFramed = [] }: Dialect): readonly Framing[] {
  return [framing, ...alsoFramed];
}

/**
 * Makes frames of a body in any of several framings. The first byte that is no white space tells which: only a JSON array begins
 * with `[`, only NDJSON with `{`. Servers mislabel streams, so the content type is not asked.
 */
export function frameReader(framings: readonly Framing[], maxFrameBytes?: number): Parser {
  const parsers = framings.flatMap((framing) => {
    const make = PARSERS[framing];
    return make ? [{ framing, make }] : [];
  });
  const [first] = parsers;
  if (!first) throw new TypeError(`HTTP bodies are framed as ${Object.keys(PARSERS).join(', ')}, not as ${framings.join(', ')}.`);
  if (parsers.length === 1) return first.make(maxFrameBytes);
  return new FirstByteDecides((byte) => (parsers.find(({ framing }) => fits(framing, byte)) ?? first).make(maxFrameBytes));
}

function fits(framing: Framing, byte: number): boolean {
  if (byte === 0x5b) return framing === 'json-array';
  if (byte === 0x7b) return framing === 'ndjson';
  return framing === 'sse';
}

class FirstByteDecides implements Parser {
  private parser: Parser | undefined;
  private readonly choose: (byte: number) => Parser;

  constructor(choose: (byte: number) => Parser) {
    this.choose = choose;
  }

  transform(chunk: Uint8Array | string, out: Output<Frame>): void {
    this.parser ??= this.chosenBy(chunk);
    // White space before the first sign means nothing in any framing.
    this.parser?.transform(chunk, out);
  }

  flush(out: Output<Frame>): void {
    this.parser?.flush?.(out);
  }

  fail(error: unknown, out: Output<Frame>): unknown {
    return this.parser?.fail ? this.parser.fail(error, out) : error;
  }

  private chosenBy(chunk: Uint8Array | string): Parser | undefined {
    for (let i = 0; i < chunk.length; i++) {
      const byte = typeof chunk === 'string' ? chunk.charCodeAt(i) : (chunk[i] as number);
      if (isInk(byte)) return this.choose(byte);
    }
    return undefined;
  }
}

/** Neither white space nor a part of the byte order mark. */
export function isInk(byte: number): boolean {
  return byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf && byte !== 0xfeff;
}
