import type { AnswerEvent, Either, Json, ToolFailure } from 'toolstream';
import { duration } from './spans.ts';
import { cut, wholeLines } from './width.ts';

/** What a line is about; the terminal picks the colour by it. */
export type LineKind = 'round' | 'text' | 'reasoning' | 'call' | 'run' | 'result' | 'failure' | 'note';

/** One line of the conversation. */
export interface Line {
  /** When the line was whole: milliseconds since the question was asked. */
  readonly at: number;
  readonly kind: LineKind;
  readonly text: string;
}

/** An event of the demo: an answer's, with the partial view that `partialArguments` adds. */
export type DemoEvent = AnswerEvent | { readonly type: 'latency' };

interface Writing {
  readonly name: string;
  view: string;
}

/**
 * Turns the events of an answer into lines. Lines that are whole are handed out once and for all; what may still change
 * (the line being written, calls being written, tools that run) is `live`.
 */
export class Transcript {
  private prose: { kind: 'text' | 'reasoning'; text: string } = { kind: 'text', text: '' };
  private readonly writing = new Map<string, Writing>();
  private readonly running = new Map<string, { readonly name: string; readonly since: number; progress: string }>();
  private readonly columns: number;

  /** `columns`: how long a line may be. */
  constructor(columns: number) {
    this.columns = columns;
  }

  /** Takes an event; hands out the lines that it completes. */
  take(event: DemoEvent, at: number): Line[] {
    switch (event.type) {
      case 'round-start':
        return [this.line(at, 'round', `round ${event.round ?? 1}${event.model ? ` · ${event.model}` : ''}`)];
      case 'text-delta':
        return this.write('text', event.text, at);
      case 'reasoning-delta':
        return this.write('reasoning', event.text, at);
      case 'refusal-delta':
        return this.write('text', event.text, at);
      case 'tool-call-start':
        this.writing.set(event.callId, { name: event.name, view: '' });
        return this.flush(at);
      case 'tool-call-delta': {
        const call = this.writing.get(event.callId);
        if (call && 'partial' in event) call.view = argumentsView(event.partial);
        return [];
      }
      case 'tool-call':
        this.writing.delete(event.callId);
        return event.arguments._tag === 'Right'
          ? [this.line(at, 'call', `→ ${event.name}(${argumentsView(event.arguments.right)})`)]
          : [this.line(at, 'failure', `✗ ${event.name}: ${event.arguments.left.message}`)];
      case 'tool-started':
        this.running.set(event.callId, { name: event.name, since: at, progress: '' });
        return [this.line(at, 'run', `▸ ${event.name} runs`)];
      case 'tool-progress': {
        const run = this.running.get(event.callId);
        if (run) run.progress = inline(event.value);
        return [this.line(at, 'run', `· ${event.name}: ${inline(event.value)}`)];
      }
      case 'tool-result':
        this.running.delete(event.callId);
        return this.result(event, at);
      case 'round-end':
        return this.flush(at);
      case 'round-restarted':
        this.writing.clear();
        return [...this.flush(at), this.line(at, 'note', `asked again: ${event.message}`)];
      case 'diagnostic':
        return [this.line(at, 'note', `${event.code}: ${event.message}`)];
      case 'answer-end':
        return [...this.flush(at), this.line(at, 'note', `done: ${event.reason}, ${event.rounds} rounds${usageOf(event.usage)}`)];
      default:
        return [];
    }
  }

  /** What is still being written or running, as of now. */
  live(at: number): Line[] {
    const lines: Line[] = [];
    if (this.prose.text) lines.push(this.line(at, this.prose.kind, this.prose.text));
    for (const { name, view } of this.writing.values()) lines.push(this.line(at, 'call', `→ ${name}(${view}▏`));
    for (const { name, since, progress } of this.running.values()) {
      lines.push(this.line(at, 'run', `${SPINNER[Math.floor(at / 120) % SPINNER.length]} ${name} ${duration(at - since)}  ${progress}`));
    }
    return lines;
  }

  private write(kind: 'text' | 'reasoning', text: string, at: number): Line[] {
    const before = this.prose.kind === kind ? [] : this.flush(at);
    const { lines, rest } = wholeLines(this.prose.text + text, this.columns);
    this.prose = { kind, text: rest };
    return [...before, ...lines.map((line) => ({ at, kind, text: line }))];
  }

  /** The line being written ends here. */
  private flush(at: number): Line[] {
    const { kind, text } = this.prose;
    this.prose = { kind, text: '' };
    return text.trim() ? [{ at, kind, text: text.trimEnd() }] : [];
  }

  private result(event: { name: string; outcome: Either<ToolFailure, Json>; durationMs: number }, at: number): Line[] {
    const head = `${event.name}, ${duration(event.durationMs)}`;
    if (event.outcome._tag === 'Left') return [this.line(at, 'failure', `✗ ${head}: ${event.outcome.left.message}`)];
    const value = event.outcome.right;
    if (!Array.isArray(value)) return [this.line(at, 'result', `✓ ${head}: ${inline(value)}`)];
    const rows = value.slice(0, MOST_ROWS).map((item) => this.line(at, 'result', `    ${inline(item)}`));
    return [this.line(at, 'result', `✓ ${head}: ${value.length} found`), ...rows];
  }

  private line(at: number, kind: LineKind, text: string): Line {
    return { at, kind, text: cut(text.replace(/\s*\n\s*/g, ' '), this.columns) };
  }
}

const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
/** How many items of a list are shown. */
const MOST_ROWS = 6;

/** Arguments, whole or partial, as a call is written in code. */
function argumentsView(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === undefined ? '' : JSON.stringify(value);
  return Object.entries(value)
    .map(([key, field]) => `${key}: ${JSON.stringify(field)}`)
    .join(', ');
}

/** A value on one line: the values of an object, without its punctuation. */
function inline(value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value)
    .map((field) => (typeof field === 'object' ? JSON.stringify(field) : String(field)))
    .join(' · ');
}

function usageOf(usage: { readonly inputTokens?: number; readonly outputTokens?: number }): string {
  const { inputTokens, outputTokens } = usage;
  return inputTokens === undefined || outputTokens === undefined ? '' : `, ${inputTokens} tokens in, ${outputTokens} out`;
}
