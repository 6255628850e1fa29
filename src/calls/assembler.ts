import { LimitError } from '../errors.ts';
import type { ModelEvent } from '../events.ts';
import { JsonScanner } from '../json/scanner.ts';
import type { Output } from '../stage.ts';

/** What a wire says about one call in one of its messages. Blank, `null` and the word `"null"` as an id count as absent. */
export interface CallFragment {
  readonly index?: number | undefined;
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
  /** A piece of the arguments' JSON text. */
  readonly text?: string | null | undefined;
  /** The dialect sends names whole: the call starts with its name and need not wait for the first argument. */
  readonly nameIsWhole?: boolean;
}

/** A call as far as it came. */
export interface AssembledCall {
  /** Empty until the call has started. */
  readonly callId: string;
  readonly index: number;
  readonly name: string;
  readonly argumentsText: string;
}

/** Bounds of an assembler. */
export interface CallLimits {
  /** Arguments of one call, in UTF-16 code units. Default 16 Mi. */
  readonly maxArgumentLength?: number;
  /** Calls of one choice. Default 1,024. */
  readonly maxCalls?: number;
}

class Call implements AssembledCall {
  callId = '';
  name = '';
  argumentsText = '';
  started = false;
  ended = false;
  wireId: string | undefined;
  wireIndex: number | undefined;
  readonly index: number;
  private scanner: JsonScanner | undefined;
  /** What the scanner has not seen: most wires carry ids, and then nobody asks. Apart from the text, so that it is read once. */
  private unscanned = '';

  constructor(index: number, fragment: { id: string | undefined; index: number | undefined }) {
    this.index = index;
    this.wireId = fragment.id;
    this.wireIndex = fragment.index;
  }

  append(text: string): void {
    this.argumentsText += text;
    this.unscanned += text;
  }

  /** Whether the arguments so far are one whole JSON value. */
  get closed(): boolean {
    if (this.argumentsText === '') return false;
    this.scanner ??= new JsonScanner();
    this.scanner.push(this.unscanned);
    this.unscanned = '';
    return this.scanner.state === 'closed';
  }
}

/**
 * Assigns fragments to calls, for every dialect: one assembler per choice of a response. It emits `tool-call-start`,
 * `tool-call-delta`, `tool-call-end`, and a `diagnostic` wherever it had to guess.
 *
 * What belongs together, in this order:
 * 1. A known id: its call. The same id at a second index, or with a second value after a whole one, is a second call.
 * 2. A new id: a new call, unless the call at that index has no id yet (then it came late), or nothing but a piece of one.
 * 3. No id: the newest call at that index; without an index, the newest call.
 * 4. In 3, a fresh `{` after a whole value, or another name after the arguments began, is a new call.
 * 5. A repeat of a whole call is a replay and dropped: same id, or no id and the same name and text.
 *
 * A name may come late or in pieces, so a call starts with the first of its arguments after the name, or when the round ends.
 */
export class CallAssembler {
  private readonly calls: Call[] = [];
  private readonly byId = new Map<string, Call>();
  private readonly byIndex = new Map<number, Call>();
  private readonly callIds = new Set<string>();
  private current: Call | undefined;
  private readonly choice: number;
  private readonly seed: () => string;
  private readonly maxArgumentLength: number;
  private readonly maxCalls: number;

  /** @param seed made part of synthesised ids; asked for when the first one is needed. */
  constructor(choice: number, seed: () => string, limits: CallLimits = {}) {
    this.choice = choice;
    this.seed = seed;
    this.maxArgumentLength = limits.maxArgumentLength ?? 16 * 1024 * 1024;
    this.maxCalls = limits.maxCalls ?? 1024;
  }

  /** The calls so far, in the order in which they began. */
  get assembled(): readonly AssembledCall[] {
    return this.calls;
  }

  /** Takes one fragment. @returns the call it went to, so that a dialect can keep more about it; `undefined` for a replay. */
  add(fragment: CallFragment, out: Output<ModelEvent>): AssembledCall | undefined {
    const id = present(fragment.id, 'null');
    const name = present(fragment.name);
    const text = fragment.text ?? '';
    const index = fragment.index;

    let call = this.find(id, index, name, text, out);
    if (call === 'replay') {
      this.diagnose('replay-dropped', 'A call came again, whole and unchanged. The repeat was dropped.', undefined, out);
      return undefined;
    }
    if (!call) {
      if (this.calls.length >= this.maxCalls) throw new LimitError('maxCalls', this.maxCalls, 'tool calls in one response');
      call = new Call(this.calls.length, { id, index });
      this.calls.push(call);
    }
    if (call.wireId !== undefined) this.byId.set(call.wireId, call);
    if (call.wireIndex !== undefined) this.byIndex.set(call.wireIndex, call);
    this.current = call;

    if (name !== undefined) this.takeName(call, name, out);
    if (text !== '') this.takeText(call, text, out);
    if (fragment.nameIsWhole && call.name !== '') this.start(call, out);
    return call;
  }

  /** The dialect marked a call's arguments as complete. */
  end(call: AssembledCall, out: Output<ModelEvent>): void {
    const known = this.calls[call.index];
    if (!known || known.ended) return;
    this.start(known, out);
    known.ended = true;
    out.enqueue(this.stamp({ type: 'tool-call-end', callId: known.callId, index: known.index }));
  }

  /** The model is done, or the stream was cut: calls that still waited for more of their name start now. */
  settle(out: Output<ModelEvent>): void {
    for (const call of this.calls) this.start(call, out);
  }

  private find(
    id: string | undefined,
    index: number | undefined,
    name: string | undefined,
    text: string,
    out: Output<ModelEvent>,
  ): Call | 'replay' | undefined {
    if (id !== undefined) {
      const known = this.byId.get(id);
      if (known) {
        const elsewhere = index !== undefined && known.wireIndex !== undefined && index !== known.wireIndex;
        if (elsewhere && name !== undefined) {
          const there = this.byIndex.get(index);
          return there?.wireId === id ? this.continued(there, name, text) : undefined;
        }
        return this.continued(known, name, text);
      }
      const host = index === undefined ? this.current : this.byIndex.get(index);
      if (!host) return undefined;
      if (host.wireId === undefined) {
        // The id came late, perhaps with a summary of the whole call.
        const found = this.continued(host, name, text);
        if (found === undefined) return undefined;
        host.wireId = id;
        this.byId.set(id, host);
        return found;
      }
      if (!host.started && host.name === '' && host.argumentsText === '') {
        host.wireId += id;
        this.diagnose('id-in-pieces', `The id of a call came in pieces: ${host.wireId}.`, undefined, out);
        return host;
      }
      return undefined;
    }
    if (index === undefined) {
      if (!this.current) return undefined;
      // Without id and index only the name tells calls apart.
      if (name !== undefined && this.current.name !== '' && name !== this.current.name) return this.replayOf(name, text);
      return this.continued(this.current, name, text);
    }
    const there = this.byIndex.get(index);
    if (there) return this.continued(there, name, text);
    if (name === undefined && this.current && this.current.wireIndex === undefined && !this.current.closed) {
      this.current.wireIndex = index;
      return this.current;
    }
    return undefined;
  }

  /** Whether a fragment goes on with `call` (the call), repeats one (`'replay'`), or begins another (`undefined`). */
  private continued(call: Call, name: string | undefined, text: string): Call | 'replay' | undefined {
    if (beginsValue(text) && call.closed) {
      const sameName = name === undefined || name === call.name;
      if (sameName && (text === call.argumentsText || sameJson(text, call.argumentsText))) return 'replay';
      return call.wireId === undefined ? this.replayOf(name, text) : undefined;
    }
    if (name === undefined || name === call.name || call.argumentsText === '' || call.name === '') return call;
    return this.replayOf(name, text);
  }

  /** Where there are no ids, a whole call that is there already is a replay. */
  private replayOf(name: string | undefined, text: string): 'replay' | undefined {
    if (text === '') return undefined;
    const repeated = this.calls.some((call) => (name === undefined || call.name === name) && call.argumentsText === text && call.closed);
    return repeated ? 'replay' : undefined;
  }

  private takeName(call: Call, name: string, out: Output<ModelEvent>): void {
    if (call.name === name) return;
    if (call.started) {
      this.diagnose('name-changed', `A call named ${excerpt(call.name)} was renamed after it had begun. The first name stays.`, call, out);
      return;
    }
    if (call.name === '') {
      call.name = name;
      return;
    }
    // In pieces, or (some relays) everything so far each time.
    call.name = name.startsWith(call.name) ? name : call.name + name;
    this.diagnose('name-in-pieces', `The name of a call came in pieces: ${excerpt(call.name)} so far.`, undefined, out);
  }

  private takeText(call: Call, text: string, out: Output<ModelEvent>): void {
    if (call.argumentsText.length + text.length > this.maxArgumentLength) {
      throw new LimitError('maxArgumentLength', this.maxArgumentLength, 'UTF-16 code units of arguments in one tool call', {
        place: { callId: call.callId },
      });
    }
    call.append(text);
    if (call.started) out.enqueue(this.stamp({ type: 'tool-call-delta', callId: call.callId, index: call.index, text }));
    else if (call.name !== '') this.start(call, out);
  }

  /** Emits the start, and the arguments that waited for it. */
  private start(call: Call, out: Output<ModelEvent>): void {
    if (call.started) return;
    call.started = true;
    call.callId = this.idFor(call, out);
    out.enqueue(this.stamp({ type: 'tool-call-start', callId: call.callId, index: call.index, name: call.name }));
    if (call.name === '') this.diagnose('name-missing', 'A call came without a name: it cannot run.', call, out);
    if (call.argumentsText !== '') {
      out.enqueue(this.stamp({ type: 'tool-call-delta', callId: call.callId, index: call.index, text: call.argumentsText }));
    }
  }

  private idFor(call: Call, out: Output<ModelEvent>): string {
    const wireId = call.wireId;
    if (wireId !== undefined && !this.callIds.has(wireId)) {
      this.callIds.add(wireId);
      return wireId;
    }
    const id = `call_${shortHash(`${this.seed()}/${this.choice}`)}_${call.index}`;
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

function present(value: string | null | undefined, absent?: string): string | undefined {
  if (value === null || value === undefined || value === absent || value.trim() === '') return undefined;
  return value;
}

function beginsValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x7b) return true;
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return false;
  }
  return false;
}

function sameJson(a: string, b: string): boolean {
  try {
    return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
  } catch {
    return false;
  }
}

function excerpt(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

/** FNV-1a, in base 36: short, the same everywhere, and safe in an id. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}
