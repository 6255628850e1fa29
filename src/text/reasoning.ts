import type { AnyEvent, ModelEvent, ReasoningDelta, TextDelta } from '../events.ts';
import type { Output, Stage } from '../stage.ts';
import { amendedError, amendedMessage, type Found } from './amended.ts';
import { type SplitterSink, type Tag, TagSplitter } from './tag-splitter.ts';

/** Settings of `extractReasoning`. */
export interface ExtractReasoningOptions {
  /** What marks the reasoning: `'think'` stands for `<think>…</think>`; or both marks, e.g. `{ open: '[THINK]', close: '[/THINK]' }`. Default `'think'`. */
  readonly tag?: string | Tag;
  /** The answer begins within the reasoning: the chat template wrote the opening tag into the prompt. Default false. */
  readonly startsInside?: boolean;
}

/** The marks of a tag; throws where they are none. */
export function tagOf(tag: string | Tag = 'think'): Tag {
  const { open, close } = typeof tag === 'string' ? { open: `<${tag}>`, close: `</${tag}>` } : tag;
  for (const mark of [open, close]) {
    if (mark.length < 2 || /\s/.test(mark) || mark.lastIndexOf(mark.charAt(0)) > 0 || tag === '') {
      throw new RangeError(
        `${JSON.stringify(mark)} is no tag: give a name, or marks of 2 characters or more whose first one is not repeated.`,
      );
    }
  }
  return { open, close };
}

/** Turns reasoning written into choice 0's text into events. */
export function reasoningExtractor<E extends AnyEvent>(options: ExtractReasoningOptions = {}): Stage<E, E | ReasoningDelta> {
  return new Extractor(tagOf(options.tag), options.startsInside ?? false) as Stage<AnyEvent, AnyEvent> as Stage<E, E | ReasoningDelta>;
}

class Extractor implements Stage<ModelEvent, ModelEvent>, SplitterSink {
  private readonly tag: Tag;
  private readonly startsInside: boolean;
  private splitter: TagSplitter;
  private out: Output<ModelEvent> | undefined;
  private stamp: { readonly round?: number } = {};
  private current: TextDelta | undefined;
  private kept = '';
  private thought = '';
  private arrived = 0;

  constructor(tag: Tag, startsInside: boolean) {
    this.tag = tag;
    this.startsInside = startsInside;
    this.splitter = new TagSplitter(tag, startsInside, this);
  }

  transform(event: ModelEvent, out: Output<ModelEvent>): void {
    this.out = out;
    if (event.choice) {
      out.enqueue(event);
      return;
    }
    switch (event.type) {
      case 'text-delta':
        if (event.text === '') out.enqueue(event);
        this.current = event;
        this.stamp = event.round === undefined ? {} : { round: event.round };
        this.arrived += event.text.length;
        this.splitter.push(event.text);
        return;
      case 'reasoning-delta':
      case 'refusal-delta':
        if (event.text !== '') this.splitter.settle();
        break;
      case 'tool-call-start':
      case 'finish-reason':
        this.splitter.settle();
        break;
      case 'round-end':
        this.splitter.settle();
        out.enqueue(this.changed ? { ...event, message: amendedMessage(event.message, this.found()) } : event);
        this.forget();
        return;
      case 'round-restarted':
        this.forget();
        break;
    }
    out.enqueue(event);
  }

  flush(out: Output<ModelEvent>): void {
    this.out = out;
    this.splitter.settle();
  }

  fail(error: unknown, out: Output<ModelEvent>): unknown {
    this.out = out;
    this.splitter.settle();
    return this.changed ? amendedError(error, this.found()) : error;
  }

  text(text: string): void {
    this.kept += text;
    const { current } = this;
    if (current) this.out?.enqueue(current.text === text ? current : { ...current, text });
  }

  reasoning(text: string): void {
    this.thought += text;
    this.out?.enqueue({ type: 'reasoning-delta', text, ...this.stamp });
  }

  /** Not all that arrived is text still. */
  private get changed(): boolean {
    return this.kept.length !== this.arrived;
  }

  private found(): Found {
    return { text: this.kept, reasoning: this.thought };
  }

  private forget(): void {
    this.splitter = new TagSplitter(this.tag, this.startsInside, this);
    this.kept = '';
    this.thought = '';
    this.arrived = 0;
  }
}
