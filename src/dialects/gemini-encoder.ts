import type { ModelEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import type { EncoderOptions } from './dialect.ts';

/** Writes model events as `GenerateContentResponse`s. */
export class GeminiEncoder implements Stage<ModelEvent, Frame> {
  constructor(_options: EncoderOptions = {}) {}

  transform(_event: ModelEvent, _out: Output<Frame>): void {}
}
