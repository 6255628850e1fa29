/** Texts longer than this are parsed, in UTF-16 code units: there the deltas outweigh what is around them, and what is found stays until the next one. */
const LONGEST = 4096;
/** How many kinds of text are known at once; the one that was not met for longest goes. */
const MAX_SHAPES = 24;
/** Texts that differ in more places than this are of no kind. */
const MAX_HOLES = 12;

/** The longest slice that engines copy: a longer one holds on to the text it was cut from. In UTF-16 code units. */
const LONGEST_COPY = 12;

const QUOTE = 0x22;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const BRACE = 0x7d;
/** The strings and numbers of a JSON text, keys too; between them lie punctuation, white space, `true`, `false` and `null`. */
const TOKENS = /("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)/;

type Container = Record<string, unknown>;

/** A text that resembles others. */
export interface Similar {
  /** Its value, lent. */
  readonly value: unknown;
  /** What was said of the text of its kind that was learned last. */
  readonly note: boolean;
}

/** A kind of text; as a {@link Similar} it is the text that was read last. */
interface Shape extends Similar {
  /** A text of the kind: the tokens, at odd places, and what lies between them. */
  readonly split: readonly string[];
  /** The places in `split` in which texts of the kind differed. */
  readonly differing: ReadonlySet<number>;
  /** What lies before, between and after the holes; none before a second text of the kind has shown where they are. */
  readonly fixed: readonly string[];
  readonly holes: readonly Hole[];
  /** All up to the last hole, if the texts begin alike now, as those of one call do; empty otherwise. */
  head: string;
  /** Whether texts can be compared with it. */
  readonly isKnown: boolean;
}

interface Hole {
  readonly isString: boolean;
  /** Nobody reads what it says. */
  readonly isUnread: boolean;
  /** What it says, as written, if it said the same twice in a row, as ids and names do; empty otherwise. */
  token: string;
  readonly place: Place;
}

/** Where in the value a hole's value stands. */
interface Place {
  readonly holder: Container;
  readonly key: string;
}

/**
 * `JSON.parse` for texts that resemble each other, as the chunks of a stream do: nearly all of them differ in a few strings and numbers.
 *
 *     {"id":"a1","choices":[{"delta":{"content":"Hel"}}]}
 *     {"id":"a1","choices":[{"delta":{"content":"lo"}}]}
 *     └───────────── fixed ──────────────────┘└hole┘└──┘
 *
 * Two texts of a kind show where the holes are. Of a third only what stands in the holes is parsed, and what is around them compared, in a fraction
 * of the time. A hole takes a string, or a number, and nothing else, so a text that fits is the sample with other values in it; what does not fit
 * is parsed. Either way the value is the one that `JSON.parse` gives.
 *
 * A value is lent: the next text of its kind is written into the same object. Whoever keeps a part of it keeps a copy, and says when it has been
 * read ({@link giveBack}): until then nothing is found, since who reads it may make others read.
 *
 * Keeps {@link MAX_SHAPES} samples of at most {@link LONGEST} code units.
 */
export class SimilarJson {
  /** The one that was met last comes first. */
  private readonly shapes: Shape[] = [];
  private readonly unread: ReadonlySet<string>;
  private isLent = false;

  /** @param unread fields at the top that nobody reads: what they say is looked at, since it may make a text be no JSON, but the value may have an older one. */
  constructor(unread: ReadonlySet<string> = new Set()) {
    this.unread = unread;
  }

  /** What a text says that resembles others; `undefined` if it does not: parse it then, and {@link learn} from it. */
  find(padded: string): Similar | undefined {
    if (this.isLent || padded.length > LONGEST) return undefined;
    const { shapes } = this;
    const text = unpadded(padded);
    for (let i = 0; i < shapes.length; i++) {
      const shape = shapes[i] as Shape;
      if (!shape.isKnown || !fits(shape, text)) continue;
      if (i > 0) this.toFront(i, shape);
      this.isLent = true;
      return shape;
    }
    return undefined;
  }

  /** What was found has been read. */
  giveBack(): void {
    this.isLent = false;
  }

  /** Takes a text that was parsed, and was an object or array, as a sample; `note` is kept for whoever finds its like. */
  learn(text: string, note = false): void {
    if (text.length > LONGEST) return;
    const split = copyOf(unpadded(text)).split(TOKENS);
    const { shapes } = this;
    for (let i = 0; i < shapes.length; i++) {
      const { split: known, differing } = shapes[i] as Shape;
      const holes = holesBetween(known, split, differing);
      if (holes === undefined) continue;
      this.toFront(i, shapeOf(split, holes, this.unread, note));
      return;
    }
    if (shapes.length >= MAX_SHAPES) shapes.pop();
    shapes.unshift({ split, differing: new Set(), fixed: [], holes: [], head: '', value: undefined, isKnown: false, note });
  }

  private toFront(i: number, shape: Shape): void {
    // By hand: a `splice` makes an array, and a stream with several calls changes its kind often.
    const { shapes } = this;
    for (let at = i; at > 0; at--) shapes[at] = shapes[at - 1] as Shape;
    shapes[0] = shape;
  }
}

/**
 * Written anew: a slice that is kept would hold on to the whole chunk it was cut from; and what was cut from text with one character beyond Latin-1
 * in it takes two bytes each, which takes five times as long to compare with text that takes one.
 */
function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

/** Without the blanks before the last brace: some servers pad each payload to another length, so that its length tells nothing. */
function unpadded(text: string): string {
  let end = text.length - 1;
  if (text.charCodeAt(end - 1) !== SPACE) return text;
  while (text.charCodeAt(end - 1) === SPACE) end--;
  return text.charCodeAt(text.length - 1) === BRACE ? `${text.slice(0, end)}}` : text;
}

/** Whether a text is of a kind; the kind's `value` is then that of the text. */
function fits(shape: Shape, text: string): boolean {
  const { fixed, holes, head } = shape;
  // A slice is no copy, and comparing it takes a fifth of the time of `startsWith`.
  if (head !== '' && text.slice(0, head.length) === head) return fitsFrom(head.length, holes.length - 1, shape, text);
  const first = fixed[0] as string;
  if (text.slice(0, first.length) !== first) return false;
  // What does not fit may have filled some of the holes.
  shape.head = '';
  if (!fitsFrom(first.length, 0, shape, text)) return false;
  shape.head = headOf(shape);
  return true;
}

/** The same from one of its holes on. */
function fitsFrom(start: number, from: number, { fixed, holes }: Shape, text: string): boolean {
  const last = holes.length - 1;
  let at = start;
  for (let i = from; i <= last; i++) {
    const hole = holes[i] as Hole;
    const next = fixed[i + 1] as string;
    let to = at + hole.token.length;
    // With what follows it, so that no number goes on.
    if (hole.token === '' || text.slice(at, to) !== hole.token || text.slice(to, to + next.length) !== next) {
      if ((text.charCodeAt(at) === QUOTE) !== hole.isString) return false;
      to = i === last ? text.length - next.length : text.indexOf(next, at);
      if (to <= at || (i === last && text.slice(to) !== next)) return false;
      if (!fill(hole, text.slice(at, to))) return false;
    }
    at = to + next.length;
  }
  return at === text.length;
}

/** What the texts of a kind begin with where each hole but the last said the same twice in a row. */
function headOf({ fixed, holes }: Shape): string {
  let head = fixed[0] as string;
  for (let i = 0; i < holes.length - 1; i++) {
    const { token } = holes[i] as Hole;
    if (token === '') return '';
    head += token + (fixed[i + 1] as string);
  }
  return holes.length < 2 ? '' : head;
}

/** Puts what a hole says into the value. @returns whether it is one string, or one number. */
function fill(hole: Hole, token: string): boolean {
  if (hole.isUnread && isUnescaped(token)) return true;
  const value = token.length <= LONGEST_COPY + 2 && isUnescaped(token) ? token.slice(1, -1) : parsed(token);
  if (typeof value !== (hole.isString ? 'string' : 'number')) return false;
  const { holder, key } = hole.place;
  // Written anew: a slice would hold on to the whole chunk it was cut from.
  const again = Object.is(holder[key], value) ? JSON.stringify(value) : '';
  hole.token = again === token ? again : '';
  holder[key] = value;
  return true;
}

/** A string without escapes. */
function isUnescaped(token: string): boolean {
  const last = token.length - 1;
  if (last < 1 || token.charCodeAt(0) !== QUOTE || token.charCodeAt(last) !== QUOTE) return false;
  for (let i = 1; i < last; i++) {
    const code = token.charCodeAt(i);
    if (code < SPACE || code === QUOTE || code === BACKSLASH) return false;
  }
  return true;
}

function parsed(token: string): unknown {
  // It ends before the token does in texts of another kind, and an exception costs as much as parsing ten of them.
  if (token.charCodeAt(0) === QUOTE && endOfString(token) !== token.length - 1) return undefined;
  try {
    return JSON.parse(token);
  } catch {
    return undefined;
  }
}

/** Where the string that a token begins with is closed; -1 where it is not. */
function endOfString(token: string): number {
  let at = token.indexOf('"', 1);
  while (at > 0 && isEscaped(token, at)) at = token.indexOf('"', at + 1);
  return at;
}

/** Whether there is an odd number of backslashes before a character. */
function isEscaped(token: string, at: number): boolean {
  let from = at;
  while (token.charCodeAt(from - 1) === BACKSLASH) from--;
  return (at - from) % 2 === 1;
}

/** Where texts of one kind differ; `undefined` if these two are not of one kind. */
function holesBetween(known: readonly string[], split: readonly string[], differing: ReadonlySet<number>): Set<number> | undefined {
  if (known.length !== split.length) return undefined;
  for (let i = 0; i < known.length; i += 2) if (known[i] !== split[i]) return undefined;
  const holes = new Set(differing);
  for (let i = 1; i < known.length; i += 2) {
    if (known[i] === split[i]) continue;
    const isKey = /^\s*:/.test(known[i + 1] as string);
    // What says what it is, is of one kind with others that say the same.
    if (isKey || saysWhatItIs(known[i - 2]) || isString(known[i]) !== isString(split[i])) return undefined;
    holes.add(i);
  }
  return holes.size <= MAX_HOLES ? holes : undefined;
}

/** `"type"` or `"object"`, however it is spelt. */
function saysWhatItIs(key: string | undefined): boolean {
  const name = isString(key) ? (JSON.parse(key as string) as string) : '';
  return name === 'type' || name === 'object';
}

const isString = (token: string | undefined) => token?.charCodeAt(0) === QUOTE;

/** A kind whose holes are known; nothing can be compared with it where a hole leads to no place of its own, as with a key that comes twice. */
function shapeOf(split: readonly string[], differing: ReadonlySet<number>, unread: ReadonlySet<string>, note: boolean): Shape {
  const at = [...differing].sort((a, b) => a - b);
  const fixed = [...at, split.length].map((end, i) => copyOf(split.slice((at[i - 1] ?? -1) + 1, end).join('')));
  // With a probe in each hole the text is parsed once more: where the probes turn up, values go.
  const probes = at.map((index) => `\u0000${index}`);
  const value: unknown = JSON.parse(fixed.reduce((text, next, i) => text + JSON.stringify(probes[i - 1]) + next));
  const places = new Map<string, Place>();
  let found = 0;
  findStrings(value, (text, place) => {
    if (!probes.includes(text)) return;
    places.set(text, place);
    found++;
  });
  // Nor where a text says what a probe says: the NUL in it has one spelling.
  const isKnown = places.size === probes.length && found === probes.length && !fixed.some((text) => text.includes('\\u0000'));
  const holeAt = (index: number, i: number) => {
    const place = places.get(probes[i] as string) as Place;
    return holeOf(split[index] as string, place, place.holder === value && unread.has(place.key));
  };
  const holes = isKnown ? at.map(holeAt) : [];
  return { split, differing, fixed, holes, head: '', value, isKnown, note };
}

function holeOf(token: string, place: Place, isUnread: boolean): Hole {
  place.holder[place.key] = JSON.parse(token);
  return { isString: isString(token), isUnread, token: '', place };
}

/** Calls back for each string within a value. */
function findStrings(value: unknown, found: (text: string, place: Place) => void): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const holder = value as Container;
    const inner = holder[key];
    if (typeof inner === 'string') found(inner, { holder, key });
    else findStrings(inner, found);
  }
}
