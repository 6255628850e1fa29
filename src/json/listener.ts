/** What a `JsonScanner` finds on its way, for whoever builds something of it. Nothing is sliced or made before it is asked for. */
export interface JsonListener {
  /** An object or array begins. */
  open(kind: 'object' | 'array'): void;
  /** The innermost object or array is whole. */
  close(): void;
  /** A string begins: a key, or a value. */
  openString(isKey: boolean): void;
  /** The string is whole. */
  closeString(): void;
  /** A run of a string or a number: `text` from `from` up to, not including, `to`. One run may come in several. */
  run(text: string, from: number, to: number): void;
  /** One UTF-16 code unit that a string wrote as an escape. */
  escaped(unit: number): void;
  /** A number begins. */
  openNumber(): void;
  /** The number is whole. */
  closeNumber(): void;
  /** `true`, `false` or `null`. */
  literal(value: boolean | null): void;
}

/** Why a text is not JSON, or more JSON than was allowed. */
export interface JsonProblem {
  readonly code: 'invalid-json' | 'too-deep';
  /** What was expected, what came, and where. */
  readonly message: string;
  /** Where in the whole text, in UTF-16 code units from 0; the same under every split. */
  readonly position: number;
}
