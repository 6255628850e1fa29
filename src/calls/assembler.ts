import { LimitError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import { isJsonSpace } from '../json/characters.ts';
import type { Output } from '../stage.ts';
import type { AssembledCall, Call } from './call.ts';
import { CallFinder, type Marks } from './call-finder.ts';
import { wentOnAfterEnd } from './open-call.ts';
import { quoted } from './quoted.ts';

/** What a wire says about one call in one of its messages. Blank, `null` and the word `"null"` as an id count as absent. */
export interface CallFragment {
  readonly index?: number | undefined;
  /** Its place in a list whose entries have no index. */
  readonly position?: number | undefined;
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
  /** A piece of the arguments' JSON text. */
  readonly text?: string | null | undefined;
  /** The dialect sends names whole: the call starts with its name and need not wait for the first argument. */
  readonly nameIsWhole?: boolean;
}

/** Bounds of an assembler. */
export interface CallLimits {
  /** Arguments of one call, in UTF-16 code units. Default 16 Mi. */
  readonly maxArgumentLength?: number;
  /** Calls of one choice. Default 1,024. */
  readonly maxCalls?: number;
  /** The name of one call, and its id, each in UTF-16 code units. Default 64 Ki. */
  readonly maxNameLength?: number;
}

/**
 * Assigns fragments to calls, for every dialect: one assembler per choice of a response. It emits `tool-call-start`,
 * `tool-call-delta`, `tool-call-end`, and a `diagnostic` wherever it had to guess. {@link CallFinder} says what belongs together.
 *
 * A name may come late or in pieces, so a call starts with the first of its arguments after the name, or when the model is done. An empty object
 * alone may keep the place of arguments that follow: what comes next shows it. While a start waits, the end of the call before it says that it
 * is over, if it is whole: its tool need not wait.
 */
export class CallAssembler {
  private readonly finder = new CallFinder();
  private readonly callIds = new Set<string>();
  /** The last call that had to wait because its arguments were an empty object; it may have started since. */
  private held: Call | undefined;
  private readonly choice: number;
  private readonly seed: () => string;
  private readonly maxArgumentLength: number;
  private readonly maxCalls: number;
  private readonly maxNameLength: number;

  /** @param seed made part of synthesised ids; asked for when the first one is needed. */
  constructor(choice: number, seed: () => string, limits: CallLimits = {}) {
    this.choice = choice;
    this.seed = seed;
    this.maxArgumentLength = limits.maxArgumentLength ?? 16 * 1024 * 1024;
    this.maxCalls = limits.maxCalls ?? 1024;
    this.maxNameLength = limits.maxNameLength ?? 64 * 1024;
  }

  /** The calls so far, in the order in which they began. */
  get assembled(): readonly AssembledCall[] {
    return this.finder.calls;
  }

  /** Takes one fragment. @returns the call it went to, so that a dialect can keep more about it; `undefined` for a replay. */
  add(fragment: CallFragment, out: Output<ModelEvent>): AssembledCall | undefined {
    const { index, text } = fragment;
    const plain = text && isPlain(fragment) ? this.finder.plainlyGoingOn(index, text) : undefined;
    if (plain) {
      this.takeText(plain, text as string, out);
      return plain;
    }
    return this.find(fragment, out);
  }

  /** Says what a fragment belongs to, and what is odd about it. */
  private find(fragment: CallFragment, out: Output<ModelEvent>): AssembledCall | undefined {
    const marks: Marks = {
      id: present(fragment.id, 'null'),
      index: fragment.index,
      position: fragment.position,
      name: present(fragment.name),
      text: fragment.text ?? '',
    };
    this.checkLength(marks.id, 'id');
    this.checkLength(marks.name, 'name');
    const filled = this.finder.filledBy(marks);
    const known = filled ?? this.finder.goingOn(marks);
    const repeated = known ? undefined : this.finder.repeated(marks);
    if (repeated) {
      this.dropReplay(repeated, marks, out);
      return undefined;
    }
    if (!known && saysNothing(marks)) return undefined;
    const before = this.finder.newest;
    if (known !== this.held) this.release(out);
    const call = known ?? this.begin(marks);
    if (filled) this.dropPlaceholder(filled, out);
    if (known) this.checkMarks(call, marks, out);
    this.finder.note(call, marks);

    const { name, text } = marks;
    if (name !== undefined) this.takeName(call, name, marks, out);
    if (text !== '') this.takeText(call, text, out);
    if (fragment.nameIsWhole && call.name !== '') this.start(call, out);
    // Its start will say so, but only with its first argument, and the call before it need not wait for that.
    if (!known && !call.started && before?.started && before.closed) this.end(before, out);
    return call;
  }

  /** Takes more arguments of a call where the wire itself says which one it is: nothing is guessed. */
  append(call: AssembledCall, text: string, out: Output<ModelEvent>): void {
    const known = this.finder.calls[call.index];
    if (known && text !== '') this.takeText(known, text, out);
  }

  /** The dialect marked a call's arguments as complete. */
  end(call: AssembledCall, out: Output<ModelEvent>): void {
    const known = this.finder.calls[call.index];
    if (!known || known.ended) return;
    this.start(known, out);
    known.ended = true;
    out.enqueue(this.stamp({ type: 'tool-call-end', callId: known.callId, index: known.index }));
  }

  /** Something else comes: a call with an empty object, which waits to see whether more arguments follow, starts before that. */
  release(out: Output<ModelEvent>): void {
    if (this.held) this.start(this.held, out);
  }

  /** The model is done: calls that waited for more of their name start now. Those without one may still wait, for a late one. */
  settle(out: Output<ModelEvent>, nameless: 'start' | 'wait' = 'start'): void {
    for (const call of this.finder.calls) if (nameless === 'start' || call.name !== '') this.start(call, out);
  }

  private begin(marks: Marks): Call {
    if (this.finder.calls.length >= this.maxCalls) throw new LimitError('maxCalls', this.maxCalls, 'tool calls in one response');
    return this.finder.begin(marks);
  }

  /** Each event of a call carries its id, and pieces of a name are compared with all before them. */
  private checkLength(word: string | undefined, what: string): void {
    if (word === undefined || word.length <= this.maxNameLength) return;
    throw new LimitError('maxNameLength', this.maxNameLength, `UTF-16 code units in the ${what} of one tool call`);
  }

  /** A summary may bring the id or the name that was missing. */
  private dropReplay(call: Call, { id, name }: Marks, out: Output<ModelEvent>): void {
    if (id !== undefined) this.finder.identify(call, id);
    if (name !== undefined && call.name === '') call.name = name;
    this.diagnose('replay-dropped', 'A call came again, whole and unchanged. The repeat was dropped.', call, out);
  }

  private dropPlaceholder(call: Call, out: Output<ModelEvent>): void {
    call.empty();
    this.diagnose('placeholder-dropped', 'An empty object came in the place of arguments that follow. It was left out.', undefined, out);
  }

  private checkMarks(call: Call, { id, index }: Marks, out: Output<ModelEvent>): void {
    if (id !== undefined && this.finder.joinId(call, id)) {
      this.checkLength(call.wireId, 'id');
      this.diagnose('id-in-pieces', `The id of a call came in pieces: ${quoted(call.wireId ?? '')} so far.`, undefined, out);
      return;
    }
    const changed =
      (id !== undefined && call.wireId !== undefined && id !== call.wireId) ||
      (index !== undefined && call.wireIndex !== undefined && index !== call.wireIndex);
    if (!changed || call.remarked) return;
    call.remarked = true;
    this.diagnose('id-changed', 'A call went on under another id or index. The first ones stay.', call, out);
  }

  private takeName(call: Call, name: string, { id, text }: Marks, out: Output<ModelEvent>): void {
    if (call.name === name) {
      call.namedAgain = id === undefined && text.trim() === '' && call.closed;
      return;
    }
    if (call.started) {
      this.diagnose('name-changed', `A call named ${quoted(call.name)} was renamed after it had begun. The first name stays.`, call, out);
      return;
    }
    if (call.name === '') {
      call.name = name;
      return;
    }
    // In pieces, or (some relays) everything so far each time.
    call.name = name.startsWith(call.name) ? name : call.name + name;
    this.checkLength(call.name, 'name');
    this.diagnose('name-in-pieces', `The name of a call came in pieces: ${quoted(call.name)} so far.`, undefined, out);
  }

  private takeText(call: Call, text: string, out: Output<ModelEvent>): void {
    if (call.length + text.length > this.maxArgumentLength) {
      throw new LimitError('maxArgumentLength', this.maxArgumentLength, 'UTF-16 code units of arguments in one tool call', {
        place: { callId: call.callId },
      });
    }
    if (call.ended && this.isTooLate(call, text, out)) return;
    call.append(text);
    if (call.started) out.enqueue(this.stamp({ type: 'tool-call-delta', callId: call.callId, index: call.index, text }));
    else if (call.name === '') return;
    else if (call.mayBeFilled) this.held = call;
    else this.start(call, out);
  }

  /** Whether what comes after a call's end is to be left out: anything but white space, once the arguments are whole. */
  private isTooLate(call: Call, text: string, out: Output<ModelEvent>): boolean {
    if (!call.closed || isJsonSpace(text)) return false;
    if (!call.wentOn) out.enqueue(this.stamp(wentOnAfterEnd(call)));
    call.wentOn = true;
    return true;
  }

  /** Emits the start, and the arguments that waited for it. */
  private start(call: Call, out: Output<ModelEvent>): void {
    if (call.started) return;
    call.started = true;
    call.callId = this.idFor(call, out);
    out.enqueue(this.stamp({ type: 'tool-call-start', callId: call.callId, index: call.index, name: call.name }));
    if (call.name === '') this.diagnose('name-missing', 'A call came without a name: it cannot run.', call, out);
    if (call.length > 0) {
      out.enqueue(this.stamp({ type: 'tool-call-delta', callId: call.callId, index: call.index, text: call.argumentsText }));
    }
  }

  private idFor(call: Call, out: Output<ModelEvent>): string {
    const wireId = call.wireId;
    if (wireId !== undefined && !this.callIds.has(wireId)) {
      this.callIds.add(wireId);
      return wireId;
    }
    let id = `call_${shortHash(`${this.seed()}/${this.choice}`)}_${call.index}`;
    while (this.callIds.has(id)) id += '_';
    this.callIds.add(id);
    const why = wireId === undefined ? 'A call came without an id.' : 'Two calls came with the same id.';
    out.enqueue(this.stamp({ type: 'diagnostic', code: 'id-synthesised', message: `${why} It is called ${id} here.`, callId: id }));
    return id;
  }

  private diagnose(code: string, message: string, call: Call | undefined, out: Output<ModelEvent>): void {
    out.enqueue(
      this.stamp(call?.callId ? { type: 'diagnostic', code, message, callId: call.callId } : { type: 'diagnostic', code, message }),
    );
  }

  private stamp<T extends ModelEvent>(event: T): T {
    return this.choice === 0 ? event : { ...event, choice: this.choice };
  }
}

/** More of the arguments, and no more than that. */
function isPlain({ id, name, position, nameIsWhole }: CallFragment): boolean {
  return !id && !name && position === undefined && !nameIsWhole;
}

function present(value: string | null | undefined, absent?: string): string | undefined {
  if (value === null || value === undefined || value === absent || value.trim() === '') return undefined;
  return value;
}

function saysNothing({ id, name, text }: Marks): boolean {
  return id === undefined && name === undefined && text === '';
}

/** FNV-1a, in base 36: short, the same everywhere, and safe in an id. */
export function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}
