import type { Dialect, FrameParser, Framing } from '../dialects/dialect.ts';
import type { Frame } from '../frame.ts';
import { sseParser } from '../sse/parser.ts';
import type { Output, Stage } from '../stage.ts';

type Parser = Stage<Uint8Array | string, Frame>;

const sse: FrameParser = (maxFrameBytes) => sseParser(maxFrameBytes === undefined ? {} : { maxFrameBytes });

/** The ways in which a dialect's servers frame their bodies, the one that is asked for first. */
export function framingsOf({ framing, alsoFramed = [] }: Dialect): readonly Framing[] {
  return [framing, ...alsoFramed];
}

/**
 * Makes frames of a body in any of a dialect's framings. The first byte that is no white space tells which: only a JSON array begins
 * with `[`, only NDJSON with `{`. Servers mislabel streams, so the content type is not asked.
 */
export function frameReader(dialect: Dialect, maxFrameBytes?: number): Parser {
  const known: Dialect['parsers'] = { sse, ...dialect.parsers };
  const parsers = framingsOf(dialect).flatMap((framing) => {
    const make = known[framing];
    return make ? [{ framing, make }] : [];
  });
  const [first] = parsers;
  if (!first) {
    const others = "What reads a body framed in another way is a dialect's own: `parsers`.";
    throw new TypeError(`HTTP bodies are framed as ${Object.keys(known).join(', ')}, not as ${framingsOf(dialect).join(', ')}. ${others}`);
  }
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
