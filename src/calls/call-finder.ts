import { Call, canonicalJson, EMPTY } from './call.ts';
import { withItem } from './short-list.ts';

/** What a fragment says about its call, blanks left out. */
export interface Marks {
  readonly id: string | undefined;
  readonly index: number | undefined;
  /** Its place in a list whose entries have no index: counts less than an id. */
  readonly position: number | undefined;
  readonly name: string | undefined;
  /** A piece of the arguments; empty where there is none. */
  readonly text: string;
}

/**
 * Knows which call a fragment belongs to.
 *
 * 1. A known id: its call; of several with that id, the one at the fragment's index, else the newest.
 * 2. Else the newest call at its index, or its place in the list; without either, the newest call.
 * 3. It goes on with that call, unless the call is whole and a fresh `{` comes (see {@link CallFinder.filledBy}), or the marks are those of
 *    another: a new id, a known id and a name at a new index, another name after the arguments began. Marks that change in the middle of a
 *    value begin nothing.
 * 4. What goes on with no call and is whole repeats one, or begins one: see {@link repeated}.
 */
export class CallFinder {
  calls: Call[] = [];
  /** By id and by index: one is a string and the other a number, and most streams have few of either. */
  private readonly known = new Map<string | number, Call>();
  /** The call that the last fragment went to. */
  newest: Call | undefined;
  /** The newest call's index in `known`. Mostly the next fragment is for it, too, and a look-up takes half a microsecond at a thousand streams at once. */
  private newestAt: number | undefined;
  /** Until a second call begins at an index that is taken, or one without. */
  private indexesTellApart = true;

  /** {@link goingOn} for a fragment that has nothing but an index and text, as most have: less is made and looked at. */
  plainlyGoingOn(index: number | undefined, text: string): Call | undefined {
    return index === this.newestAt && !beginsObject(text) ? this.newest : undefined;
  }

  /** The call that a fragment goes on with. */
  goingOn(marks: Marks): Call | undefined {
    const call = this.pointedAt(marks);
    return call && this.goesOn(call, marks) ? call : undefined;
  }

  /**
   * The call whose arguments these are, where an empty object kept their place: it was not emitted, nothing says that another call begins, and
   * they are no repeat of it.
   */
  filledBy(marks: Marks): Call | undefined {
    const { id, index, position, name, text } = marks;
    if (!beginsObject(text) || text.trim() === EMPTY) return undefined;
    const call = this.pointedAt(marks);
    if (!call?.mayBeFilled || call.namedAgain) return undefined;
    const otherName = name !== undefined && (id === undefined || (call.name !== '' && name !== call.name));
    const isOther = (mark: string | number | undefined, known: typeof mark) => mark !== undefined && known !== undefined && mark !== known;
    return otherName || isOther(id, call.wireId) || isOther(index ?? position, call.wireIndex) ? undefined : call;
  }

  /**
   * The call that came before, whole, and comes again: the same name and arguments, and the same id, or none on one side. Where indexes tell
   * calls apart, what comes at a new one is another call, equal or not.
   */
  repeated(marks: Marks): Call | undefined {
    const { id, index, text } = marks;
    if (text === '' || this.calls.length === 0) return undefined;
    const name = marks.name ?? this.nameAhead(marks);
    const newIndex = index !== undefined && !this.known.has(index) && this.indexesTellApart;
    let json: string | undefined;
    for (const call of this.calls) {
      const sameId = id !== undefined && id === call.wireId;
      const canRepeat = !newIndex && (id === undefined || call.wireId === undefined);
      if (!sameId && !canRepeat) continue;
      if (name !== undefined && call.name !== '' && name !== call.name) continue;
      if (!call.closed) continue;
      json ??= canonicalJson(text);
      if (json === undefined) return undefined;
      if (call.json === json) return call;
    }
    return undefined;
  }

  /** Another call begins. */
  begin(marks: Marks): Call {
    const call = new Call(this.calls.length);
    if (marks.name === undefined) call.name = this.nameAhead(marks) ?? '';
    if (marks.index === undefined || this.known.has(marks.index)) this.indexesTellApart = false;
    this.newest?.join();
    this.calls = withItem(this.calls, call);
    return call;
  }

  /** The name that was said once more after a whole call, alone: it is the next call's. */
  private nameAhead(marks: Marks): string | undefined {
    const before = this.pointedAt(marks);
    return before?.namedAgain && marks.id === undefined ? before.name : undefined;
  }

  /** Keeps what a fragment says about the call it went to, so that the next one finds it. */
  note(call: Call, { id, index, position }: Marks): void {
    if (id !== undefined) this.identify(call, id);
    call.wireIndex ??= index ?? position;
    const at = index ?? call.wireIndex;
    if (call === this.newest && at === this.newestAt) return;
    if (at !== undefined) this.known.set(at, call);
    this.newest = call;
    this.newestAt = at;
  }

  /** The call has this id, too. */
  identify(call: Call, id: string): void {
    call.wireId ??= id;
    this.known.set(id, call);
  }

  /** Whether an id is the next piece of a call's id: nothing else of that call came. @returns whether it was joined. */
  joinId(call: Call, id: string): boolean {
    if (call.wireId === undefined || call.wireId === id || this.known.get(id) === call || !isOnlyId(call)) return false;
    this.known.delete(call.wireId);
    call.wireId += id;
    this.known.set(call.wireId, call);
    return true;
  }

  private pointedAt({ id, index, position, name }: Marks): Call | undefined {
    const known = id === undefined ? undefined : this.known.get(id);
    if (known) {
      const there = index === undefined ? undefined : this.known.get(index);
      return there?.wireId === id ? there : known;
    }
    const at = index ?? position;
    if (at === undefined || at === this.newestAt) return this.newest;
    const there = this.known.get(at);
    if (there) return there;
    // An index that comes late belongs to the newest call, if that has none and nothing says that another begins.
    const { newest } = this;
    if (!newest || newest.wireIndex !== undefined) return undefined;
    return name === undefined || name === newest.name ? newest : undefined;
  }

  private goesOn(call: Call, { id, index, position, name, text }: Marks): boolean {
    const fresh = beginsObject(text);
    if (fresh && call.closed) return false;
    const otherId = id !== undefined && call.wireId !== undefined && id !== call.wireId && this.known.get(id) !== call;
    const otherIndex = index !== undefined && call.wireIndex !== undefined && index !== call.wireIndex && name !== undefined;
    const sameName = name === undefined || call.name === '' || name === call.name;
    if (otherId || otherIndex) {
      if (otherId && isOnlyId(call)) return true;
      return sameName && !fresh && text.trim() !== '' && call.open;
    }
    if (sameName) return true;
    // A piece of the name: not once the arguments began, and not where only names tell calls apart.
    return call.length === 0 && (id ?? index ?? position ?? call.wireId) !== undefined;
  }
}

function isOnlyId(call: Call): boolean {
  return !call.started && call.name === '' && call.length === 0;
}

function beginsObject(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x7b) return true;
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return false;
  }
  return false;
}
