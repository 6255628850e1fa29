import { JoinedText } from '../joined-text.ts';
import { isJsonSpace } from '../json/characters.ts';
import type { JsonProblem } from '../json/listener.ts';
import { JsonScanner } from '../json/scanner.ts';

/** The arguments of a call, as far as they came. They are scanned once somebody asks whether they are whole, and then each piece once. */
export class ArgumentsSoFar extends JoinedText {
  private scanner: JsonScanner | undefined;
  /** What the scanner has not seen, once there is one. Apart from the text, so that it is read once. */
  private unscanned = '';
  /** Nothing but white space came since they were found to be closed: the scanner has done its work, and is not kept. */
  private wasClosed = false;
  private readonly maxDepth: number | undefined;

  constructor(maxDepth?: number) {
    super();
    this.maxDepth = maxDepth;
  }

  override append(piece: string): void {
    super.append(piece);
    if (this.scanner) this.unscanned += piece;
    else if (this.wasClosed) this.wasClosed = isJsonSpace(piece);
  }

  get state(): JsonScanner['state'] {
    if (this.wasClosed) return 'closed';
    if (this.length === 0) return 'blank';
    const { state } = this.scanned();
    if (state === 'closed') {
      this.wasClosed = true;
      this.scanner = undefined;
    }
    return state;
  }

  get problem(): JsonProblem | undefined {
    return this.wasClosed || this.length === 0 ? undefined : this.scanned().problem;
  }

  protected override clear(): void {
    super.clear();
    this.scanner = undefined;
    this.unscanned = '';
    this.wasClosed = false;
  }

  private scanned(): JsonScanner {
    if (!this.scanner) {
      this.scanner = new JsonScanner(this.maxDepth === undefined ? {} : { maxDepth: this.maxDepth });
      this.unscanned = this.toString();
    }
    if (this.unscanned !== '') this.scanner.push(this.unscanned);
    this.unscanned = '';
    return this.scanner;
  }
}
