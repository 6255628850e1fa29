import type { ArgumentsError, EventBase } from '../events.ts';
import type { Either, Json } from '../values.ts';
import type { JsonPath } from './field-reader.ts';

interface OfArgument extends EventBase {
  readonly callId: string;
  /** The tool's name. */
  readonly name: string;
  /** Where in the arguments. */
  readonly path: JsonPath;
}

/** The field's value begins. Once more for the same call if the model writes the field twice: only the last counts, so start over. */
export interface ArgumentStart extends OfArgument {
  readonly type: 'argument-start';
}

/** A piece of a field that is a string: unescaped, never empty, never half a surrogate pair. */
export interface ArgumentDelta extends OfArgument {
  readonly type: 'argument-delta';
  readonly text: string;
}

/** An item of a field that is an array, complete. */
export interface ArgumentItem extends OfArgument {
  readonly type: 'argument-item';
  readonly index: number;
  readonly value: Json;
}

/** The field is over: its whole value, or why there is none. Exactly once for each `argument-start` that no other one replaced. */
export interface ArgumentEnd extends OfArgument {
  readonly type: 'argument-end';
  readonly value: Either<ArgumentsError, Json>;
}

/** What `selectArgument` emits. */
export type ArgumentEvent = ArgumentStart | ArgumentDelta | ArgumentItem | ArgumentEnd;
