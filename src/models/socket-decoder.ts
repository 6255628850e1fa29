import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Stage } from '../stage.ts';
import { BINARY } from './socket-connection.ts';

/** A dialect's decoder for messages: a binary one is passed on as it is, since no dialect reads it. */
export function messageDecoder(decoder: Stage<Frame, ModelEvent>): Stage<Frame, ModelEvent> {
  return {
    transform: (frame, out) => {
      if (frame.event === BINARY) out.enqueue({ type: 'provider-event', name: BINARY, data: frame.data });
      else decoder.transform(frame, out);
    },
    flush: (out) => decoder.flush?.(out),
    fail: (error, out) => (decoder.fail ? decoder.fail(error, out) : error),
  };
}
