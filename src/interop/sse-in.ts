import { InterruptedError, isToolstreamError, MalformedFrameError } from '../errors.ts';
import type { AnyEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import { parseJson } from '../json/parse.ts';
import type { Output, Stage } from '../stage.ts';
import type { Json } from '../values.ts';
import { errorFrom, type SseFailure } from './sse-failure.ts';

/** Reads the frames that `toSse` wrote: events again, an error again, and the end. Other event names are ignored. */
export function sseReader<E extends AnyEvent>(): Stage<Frame, E> {
  return new SseReader<E>();
}

class SseReader<E extends AnyEvent> implements Stage<Frame, E> {
  private frames = 0;

  transform(frame: Frame, out: Output<E>): void {
    const nth = this.frames++;
    if (frame.stray) out.error(malformed(nth, frame.data, 'an event stream written by toSse, and a line came that is no SSE field'));
    // The end of the body follows, and is an interruption.
    else if (frame.unterminated) return;
    else if (frame.event === undefined) this.readEvent(nth, frame.data, out);
    else if (frame.event === 'end') out.terminate();
    else if (frame.event === 'error') this.readFailure(nth, frame.data, out);
  }

  flush(out: Output<E>): void {
    out.error(this.interrupted());
  }

  fail(error: unknown): unknown {
    return isToolstreamError(error) ? error : this.interrupted(error);
  }

  private readEvent(nth: number, data: string, out: Output<E>): void {
    const event = parsed(data);
    if (hasString(event, 'type')) out.enqueue(event as unknown as E);
    else out.error(malformed(nth, data, 'a JSON object with a `type`'));
  }

  private readFailure(nth: number, data: string, out: Output<E>): void {
    const failure = parsed(data);
    if (hasString(failure, 'code') && hasString(failure, 'message')) out.error(errorFrom(failure as SseFailure));
    else out.error(malformed(nth, data, 'an error as a JSON object with `code` and `message`'));
  }

  private interrupted(cause?: unknown): InterruptedError {
    const message = `The event stream was cut after ${this.frames} frames: its \`end\` event never came.`;
    return new InterruptedError(message, { cause, place: { frame: this.frames } });
  }
}

function malformed(frame: number, data: string, expected: string): MalformedFrameError {
  const message = `Frame ${frame} is not what was expected: ${expected}. Check the URL, and that the server answers with toSse or sseResponse.`;
  return new MalformedFrameError(message, { place: { frame }, excerpt: data });
}

function parsed(text: string): Json | undefined {
  try {
    return parseJson(text) as Json;
  } catch {
    return undefined;
  }
}

function hasString(value: Json | undefined, key: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { readonly [key: string]: Json })[key] === 'string';
}
