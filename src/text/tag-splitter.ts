import { CodeGuard } from './code-guard.ts';
import { isSpace } from './cursor.ts';
import { OpenCall } from './open-call.ts';

/** How reasoning is marked. */
export interface Tag {
  readonly open: string;
  readonly close: string;
}

/** Where a splitter puts what is within the tags, and what is not. */
export interface SplitterSink {
  text(text: string): void;
  reasoning(text: string): void;
}

/**
 * Splits the text of one message at its tags, character by character: what it holds back is a beginning of a tag, and whitespace that belongs
 * to one if it follows. An opening tag counts at the beginning of a line, outside code and calls; a closing one wherever it stands.
 */
export class TagSplitter {
  private readonly tag: Tag;
  private readonly sink: SplitterSink;
  private readonly guard = new CodeGuard();
  private readonly call = new OpenCall();
  private inside: boolean;
  /** Behind a tag whitespace is dropped. */
  private trimming: boolean;
  /** Nothing but whitespace so far. */
  private atBeginning = true;
  /** The opening tag may stand here though it was said to be in the prompt. */
  private mayReopen: boolean;
  private gap = '';
  /** How much of a tag, and of which, was read. */
  private matched = 0;
  private word = '';
  /** What this piece gave so far. */
  private piece = '';

  constructor(tag: Tag, startsInside: boolean, sink: SplitterSink) {
    this.tag = tag;
    this.sink = sink;
    this.inside = startsInside;
    this.trimming = startsInside;
    this.mayReopen = startsInside;
  }

  push(text: string): void {
    for (let i = 0; i < text.length; i++) this.read(text, i);
    this.emit();
  }

  /** What is held back is no tag. */
  settle(): void {
    const held = this.gap + this.word.slice(0, this.matched);
    this.gap = '';
    this.matched = 0;
    this.give(held);
    this.emit();
  }

  private read(text: string, i: number): void {
    const code = text.charCodeAt(i);
    if (this.matched > 0 && this.goesOn(code)) return;
    if (isSpace(code)) {
      if (this.trimming) return;
      // Whitespace before the first word and within reasoning may stand before a tag.
      if (this.inside || this.atBeginning) this.gap += text.charAt(i);
      else this.give(text.charAt(i));
      return;
    }
    if (this.begins(code)) return;
    this.atBeginning = false;
    this.trimming = false;
    this.mayReopen = false;
    this.give(this.gap + text.charAt(i));
    this.gap = '';
  }

  private begins(code: number): boolean {
    const { open, close } = this.tag;
    const word = this.inside && !this.mayReopen ? close : open;
    if (code !== word.charCodeAt(0)) return this.mayReopen && this.beginsClose(code);
    if (!this.inside && (!this.guard.atLineStart || this.guard.quoted || this.call.open)) return false;
    this.word = word;
    this.matched = 1;
    return true;
  }

  private beginsClose(code: number): boolean {
    this.mayReopen = false;
    return this.begins(code);
  }

  /** @returns whether the character is part of the tag; where not, what was held of it is given and the character is still to be read. */
  private goesOn(code: number): boolean {
    if (code === this.word.charCodeAt(this.matched)) {
      if (++this.matched === this.word.length) this.switch();
      return true;
    }
    const read = this.word.slice(0, this.matched);
    this.matched = 0;
    if (this.mayReopen) {
      // No opening tag again: perhaps the closing one.
      this.mayReopen = false;
      for (let i = 0; i < read.length; i++) this.read(read, i);
      return this.matched > 0 && this.goesOn(code);
    }
    this.atBeginning = false;
    this.trimming = false;
    this.give(this.gap + read);
    this.gap = '';
    return false;
  }

  private switch(): void {
    this.matched = 0;
    this.gap = '';
    this.emit();
    this.inside = this.word === this.tag.open;
    this.trimming = true;
    this.mayReopen = false;
    this.atBeginning = false;
  }

  private give(text: string): void {
    if (!this.inside) {
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        this.guard.push(code);
        this.call.push(code);
      }
    }
    this.piece += text;
  }

  private emit(): void {
    const piece = this.piece;
    this.piece = '';
    if (piece === '') return;
    if (this.inside) this.sink.reasoning(piece);
    else this.sink.text(piece);
  }
}
