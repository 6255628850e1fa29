import { LimitError } from '../errors.ts';
import type { GeminiPartialArg } from './gemini-wire.ts';

/** How many levels a path may have. */
const MAX_DEPTH = 512;

/** A value while it comes in. `json` of a string lacks its closing quote until it is whole. */
type Node =
  | { readonly kind: 'atom'; json: string; open: boolean }
  | { readonly kind: 'object'; readonly members: Map<string, Node> }
  | { readonly kind: 'array'; readonly items: Node[] };
type Container = Exclude<Node, { kind: 'atom' }>;

/**
 * Arguments that come field by field, each with its place as a JSONPath. Hands out JSON as they come, in pieces that join to the whole.
 *
 * What is written cannot be taken back, so it writes only what nothing that comes later can change: fields of the container that was
 * opened last. From the first field that belongs elsewhere (to a container around it, or beside a string that goes on) the rest is kept
 * until the call is whole.
 */
export class PartialArgs {
  private readonly root: Container = { kind: 'object', members: new Map() };
  /** The container that was opened last. */
  private inner = this.root;
  /** A string goes on: what is written next is more of it. */
  private inString = false;
  private holding = false;
  private written = 1;
  private size = 2;
  private readonly maxLength: number;

  constructor(maxLength: number) {
    this.maxLength = maxLength;
  }

  /** How the JSON begins. */
  static readonly start = '{';

  /** Takes one field. @returns the next piece of the JSON, or `undefined` where the field has no place in what came before. */
  add(arg: GeminiPartialArg): string | undefined {
    const path = segmentsOf(arg.jsonPath);
    const last = path?.at(-1);
    if (!path || last === undefined || path.length > MAX_DEPTH) return undefined;
    let at = this.root;
    for (let i = 0; i < path.length - 1; i++) {
      const child = childAt(at, path[i] as Segment);
      if (child === undefined) return this.place(at, path.slice(i), arg);
      if (child.kind === 'atom') return undefined;
      at = child;
    }
    const known = childAt(at, last);
    if (known === undefined) return this.place(at, [last], arg);
    return known.kind === 'atom' ? this.goOn(known, arg) : undefined;
  }

  /** The call is whole. @returns the rest of the JSON. */
  end(): string {
    return serialise(this.root).slice(this.written);
  }

  /** A new field, with the containers on the way to it. */
  private place(parent: Container, path: readonly Segment[], arg: GeminiPartialArg): string | undefined {
    const atom = atomOf(arg);
    if (!atom) return undefined;
    if (parent !== this.inner || this.inString) this.holding = true;
    let piece = sizeOf(parent) > 0 ? ',' : '';
    let at = parent;
    for (let i = 0; i < path.length; i++) {
      const segment = path[i] as Segment;
      const next = path[i + 1];
      const child: Node =
        next === undefined ? atom : typeof next === 'number' ? { kind: 'array', items: [] } : { kind: 'object', members: new Map() };
      if (!attach(at, segment, child)) return undefined;
      if (typeof segment === 'string') piece += `${JSON.stringify(segment)}:`;
      piece += child.kind === 'atom' ? child.json : child.kind === 'array' ? '[' : '{';
      if (child.kind !== 'atom') at = child;
    }
    this.inner = at;
    this.inString = atom.open;
    return this.hand(piece);
  }

  /** More of a string. What is whole may be said to be whole again, and a number or a Boolean to be what it is; anything else has no place. */
  private goOn(atom: Node & { kind: 'atom' }, arg: GeminiPartialArg): string | undefined {
    const more = arg.stringValue ?? '';
    const other = arg.numberValue ?? arg.boolValue ?? undefined;
    if (!atom.open || other !== undefined) return more === '' && (other === undefined || String(other) === atom.json) ? '' : undefined;
    atom.open = arg.willContinue === true;
    const piece = escaped(more) + (atom.open ? '' : '"');
    atom.json += piece;
    // Where nothing is held, the string that goes on is the one that was begun last.
    this.inString = atom.open;
    return this.hand(piece);
  }

  private hand(piece: string): string {
    this.size += piece.length;
    if (this.size > this.maxLength) {
      throw new LimitError('maxArgumentLength', this.maxLength, 'UTF-16 code units of arguments in one tool call');
    }
    if (this.holding) return '';
    this.written += piece.length;
    return piece;
  }
}

type Segment = string | number;

/** The segments of a JSONPath of the kind that names one place: `$.a.b[0]['c d']`. */
function segmentsOf(path: string): Segment[] | undefined {
  if (!path.startsWith('$')) return undefined;
  const segments: Segment[] = [];
  const pattern = /\.([^.[\]]+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\]/gy;
  pattern.lastIndex = 1;
  while (pattern.lastIndex < path.length) {
    const [matched, name, index, quoted] = pattern.exec(path) ?? [];
    if (matched === undefined) return undefined;
    const segment = name ?? (quoted === undefined ? Number(index) : unquoted(quoted));
    if (segment === undefined) return undefined;
    segments.push(segment);
  }
  return segments;
}

/** Single quotes are JSON's double ones in all but which of the two is escaped. */
function unquoted(quoted: string): string | undefined {
  const inner = quoted.slice(1, -1);
  const json = quoted.startsWith('"') ? inner : inner.replace(/\\'|"/g, (found) => (found === '"' ? '\\"' : "'"));
  try {
    return JSON.parse(`"${json}"`) as string;
  } catch {
    return undefined;
  }
}

function atomOf({ stringValue, numberValue, boolValue, willContinue, ...rest }: GeminiPartialArg): (Node & { kind: 'atom' }) | undefined {
  if (typeof stringValue === 'string') {
    const open = willContinue === true;
    return { kind: 'atom', json: `"${escaped(stringValue)}${open ? '' : '"'}`, open };
  }
  if (typeof numberValue === 'number') return { kind: 'atom', json: JSON.stringify(numberValue), open: false };
  if (typeof boolValue === 'boolean') return { kind: 'atom', json: String(boolValue), open: false };
  return 'nullValue' in rest ? { kind: 'atom', json: 'null', open: false } : undefined;
}

function childAt(container: Container, segment: Segment): Node | undefined {
  if (container.kind === 'array') return typeof segment === 'number' ? container.items[segment] : undefined;
  return typeof segment === 'string' ? container.members.get(segment) : undefined;
}

/** @returns whether it has a place there: items come one after the other. */
function attach(container: Container, segment: Segment, child: Node): boolean {
  if (container.kind === 'object' && typeof segment === 'string') container.members.set(segment, child);
  else if (container.kind === 'array' && segment === container.items.length) container.items.push(child);
  else return false;
  return true;
}

function sizeOf(container: Container): number {
  return container.kind === 'array' ? container.items.length : container.members.size;
}

function serialise(node: Node): string {
  if (node.kind === 'atom') return node.open ? `${node.json}"` : node.json;
  if (node.kind === 'array') return `[${node.items.map(serialise).join(',')}]`;
  return `{${[...node.members].map(([key, child]) => `${JSON.stringify(key)}:${serialise(child)}`).join(',')}}`;
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
