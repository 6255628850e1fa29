import { InterruptedError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';

/** Events whose words a client has once they are written. */
const SAID: ReadonlySet<string> = new Set(['text-delta', 'reasoning-delta', 'refusal-delta', 'tool-call-start', 'provider-event']);

/**
 * Holds an encoder to one response. A round that is asked again takes back what it said, and no wire has a word for that: before anything
 * was said the next try is written as if it were the first, after that the response ends with an error that is worth another try.
 */
export class OneResponse implements Stage<ModelEvent, Frame> {
  private readonly encoder: Stage<ModelEvent, Frame>;
  private said = false;
  private over = false;

  constructor(encoder: Stage<ModelEvent, Frame>) {
    this.encoder = encoder;
  }

  transform(event: ModelEvent, out: Output<Frame>): void {
    if (this.over) return;
    if (event.type === 'round-restarted') this.restart(out);
    else {
      if (!this.said && SAID.has(event.type)) this.said = true;
      if (event.type === 'round-end') this.over = true;
      this.encoder.transform(event, out);
    }
  }

  flush(out: Output<Frame>): void {
    this.encoder.flush?.(out);
  }

  fail(error: unknown, out: Output<Frame>): unknown {
    return this.encoder.fail ? this.encoder.fail(error, out) : error;
  }

  private restart(out: Output<Frame>): void {
    if (!this.said) return;
    this.over = true;
    this.fail(
      new InterruptedError('The model was asked again after a part of its answer had been passed on. Ask again for the whole.'),
      out,
    );
  }
}
