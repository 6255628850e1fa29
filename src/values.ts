/** Any value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Whether a value is an object with fields: neither `null` nor an array. */
export function isRecord(value: unknown): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The failure side of an {@link Either}. */
export interface Left<E> {
  readonly _tag: 'Left';
  readonly left: E;
}

/** The success side of an {@link Either}. */
export interface Right<A> {
  readonly _tag: 'Right';
  readonly right: A;
}

/** A failure or a value, as a plain object: interchangeable with `Either` of fp-ts, and JSON-serialisable. */
export type Either<E, A> = Left<E> | Right<A>;

/** A JSON Schema, as data. */
export type JsonSchema = { readonly [key: string]: unknown };
