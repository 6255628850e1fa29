import { parseJson } from '../json/parse.ts';
import { ArgumentsSoFar } from './arguments-so-far.ts';

/** A call as far as it came. */
export interface AssembledCall {
  /** Empty until the call has started. */
  readonly callId: string;
  readonly index: number;
  readonly name: string;
  readonly argumentsText: string;
}

/** Arguments that say nothing. */
export const EMPTY = '{}';

/** A call while it is assembled. */
export class Call extends ArgumentsSoFar implements AssembledCall {
  callId = '';
  name = '';
  started = false;
  ended = false;
  /** More than white space came after its end, and that was said. */
  wentOn = false;
  /** The name came again once the arguments were whole: a value after that is another call of this name. */
  namedAgain = false;
  /** It went on under another id or index, and that was said. */
  remarked = false;
  wireId: string | undefined;
  wireIndex: number | undefined;
  readonly index: number;
  private canonical: string | undefined;

  constructor(index: number) {
    super();
    this.index = index;
  }

  get argumentsText(): string {
    return this.toString();
  }

  /** Whether the arguments are an empty object, not emitted yet: some servers put one where the arguments will be. */
  get mayBeFilled(): boolean {
    return !this.started && this.length === 2 && this.argumentsText === EMPTY;
  }

  /** Forgets the arguments so far. */
  empty(): void {
    this.clear();
    this.canonical = undefined;
  }

  /** Whether the arguments so far are one whole JSON value. */
  get closed(): boolean {
    return this.state === 'closed';
  }

  /** Whether the arguments so far end in the middle of a JSON value. */
  get open(): boolean {
    return this.state === 'open';
  }

  /** The whole arguments in one spelling. Kept: a list of calls that comes again is compared with each of them. */
  get json(): string | undefined {
    if (!this.closed) return undefined;
    this.canonical ??= canonicalJson(this.argumentsText);
    return this.canonical;
  }
}

/**
 * One spelling for texts of the same JSON value, `undefined` for what is no JSON. Long numbers are kept as written as well: beyond 2^53
 * different ones parse alike.
 */
export function canonicalJson(text: string): string | undefined {
  try {
    return `${JSON.stringify(parseJson(text))} ${text.match(/\d{16,}/g) ?? ''}`;
  } catch {
    return undefined;
  }
}
