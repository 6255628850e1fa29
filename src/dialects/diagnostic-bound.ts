import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';

/** Passes everything on, and of diagnostics only so many: what a server can cause without end must not fill a log. */
export class DiagnosticBound implements Output<ModelEvent> {
  private left: number;
  private out: Output<ModelEvent> | undefined;
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
    this.left = max;
  }

  /** This, before that output. */
  before(out: Output<ModelEvent>): Output<ModelEvent> {
    this.out = out;
    return this;
  }

  enqueue(event: ModelEvent): void {
    if (event.type !== 'diagnostic' || this.left > 0) this.out?.enqueue(event);
    if (event.type !== 'diagnostic' || this.left < 0) return;
    if (this.left === 0) {
      const message = `More than ${this.max} diagnostics in one response: the others are left out. Raise \`maxDiagnostics\` to see them.`;
      this.out?.enqueue({ type: 'diagnostic', code: 'diagnostics-cut', message });
    }
    this.left--;
  }

  error(reason: unknown): void {
    this.out?.error(reason);
  }

  terminate(): void {
    this.out?.terminate();
  }
}
