import type { Json } from '../values.ts';
import { JsonBuilder } from './builder.ts';
import type { JsonProblem } from './listener.ts';
import { JsonScanner, type JsonScannerOptions } from './scanner.ts';

/**
 * Reads JSON as it is written and shows at any time what it has so far: one live value, mutated by each `push`; copy what you keep.
 *
 * 1. A view only grows: strings extend, arrays append, keys appear when their value begins.
 * 2. A number, `true`, `false` or `null` appears when it is complete, and never changes.
 * 3. A string never shows half a surrogate pair: a high surrogate waits for what follows it, an escaped one too.
 * 4. Of a repeated key the last value counts, as with `JSON.parse`; this alone may take back what was shown.
 * 5. When the text is complete, the view equals `JSON.parse` of it. Where it stops being JSON, the view stays.
 * 6. `__proto__` and its like are own properties of the view and reach no prototype.
 *
 * It never throws: `problem` says where the text stops being JSON. A value that is too deep stops it as well.
 *
 * The text is read once, and a piece costs the same however much came before it.
 *
 * @example
 * ```ts
 * import { PartialJson } from 'toolstream';
 *
 * const partial = new PartialJson();
 * partial.push('{"city":"Han');
 * console.log(partial.value); // { city: 'Han' }
 * partial.push('oi","days":3');
 * console.log(partial.value); // { city: 'Hanoi' }
 * partial.push('}');
 * console.log(partial.value, partial.state); // { city: 'Hanoi', days: 3 } closed
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-2
 */
export class PartialJson {
  private readonly builder = new JsonBuilder();
  private readonly scanner: JsonScanner;

  constructor(options?: JsonScannerOptions) {
    this.scanner = new JsonScanner(options, this.builder);
  }

  /** What there is so far; `undefined` while there is nothing to show. */
  get value(): Json | undefined {
    return this.builder.value;
  }

  get state(): JsonScanner['state'] {
    return this.scanner.state;
  }

  get problem(): JsonProblem | undefined {
    return this.scanner.problem;
  }

  /** Takes the next piece of the text, cut anywhere. */
  push(text: string): void {
    this.scanner.push(text);
    this.builder.show();
  }

  /** The text is over: a bare top-level number is complete only now. */
  end(): void {
    if (this.scanner.state === 'number') this.push(' ');
  }
}
