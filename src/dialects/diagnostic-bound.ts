import type { Diagnostic, ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';

/** Passes everything on, and of diagnostics only so many: what a server can cause without end must not fill a log. */
export class DiagnosticBound implements Output<ModelEvent> {
  private left: number;
  private target: Output<ModelEvent> | undefined;
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
    this.left = max;
  }

  /** This, before that output. */
  before(target: Output<ModelEvent>): Output<ModelEvent> {
    this.target = target;
    return this;
  }

  enqueue(event: ModelEvent): void {
    if (event.type === 'diagnostic') this.diagnose(event);
    else this.target?.enqueue(event);
  }

  private diagnose(event: Diagnostic): void {
    if (this.left < 0) return;
    this.target?.enqueue(this.left > 0 ? event : this.cut());
    this.left--;
  }

  private cut(): Diagnostic {
    const message = `More than ${this.max} diagnostics in one response: the others are left out. Raise \`maxDiagnostics\` to see them.`;
    return { type: 'diagnostic', code: 'diagnostics-cut', message };
  }

  error(reason: unknown): void {
    this.target?.error(reason);
  }

  terminate(): void {
    this.target?.terminate();
  }
}
