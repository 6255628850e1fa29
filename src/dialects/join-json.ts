import { isRecord, type Json } from '../values.ts';

/** A JSON object that is ours to change. */
export type Fields = { [key: string]: Json };

/** Keys whose value names the piece it stands in: a repeat replaces it, while other strings are pieces to be joined. */
const NAMING = new Set(['type', 'id', 'format', 'index', 'role', 'name', 'signature', 'thought_signature']);

/** Where the items of a list stand that carry an `index`: a list of thousands must not be searched for every piece. */
const places = new WeakMap<readonly Json[], Map<string, number>>();

/**
 * Joins the fields of an object that comes in pieces: strings are appended, lists matched by `index`, objects joined, all else replaced.
 *
 * Changes `kept` and nothing else: pieces are copied, since events hold them, too.
 */
export function joinFields(kept: Fields, piece: { readonly [key: string]: unknown }, except?: ReadonlySet<string>): Fields {
  for (const key in piece) {
    const value = piece[key] as Json | undefined;
    if (value === null || value === undefined || except?.has(key)) continue;
    setOwn(kept, key, NAMING.has(key) ? copy(value) : join(Object.hasOwn(kept, key) ? kept[key] : undefined, value));
  }
  return kept;
}

/** An own property whatever its name: `__proto__` on a wire never reaches a prototype. */
export function setOwn(fields: Fields, key: string, value: Json): void {
  if (key === '__proto__') Object.defineProperty(fields, key, { value, writable: true, enumerable: true, configurable: true });
  else fields[key] = value;
}

function join(kept: Json | undefined, piece: Json): Json {
  if (typeof kept === 'string' && typeof piece === 'string') return kept + piece;
  if (Array.isArray(piece)) return joinLists(Array.isArray(kept) ? kept : [], piece);
  if (isRecord(kept) && isRecord(piece)) return joinFields(kept as Fields, piece);
  return copy(piece);
}

function joinLists(kept: Json[], pieces: readonly Json[]): Json[] {
  for (const piece of pieces) {
    const at = placeOf(kept, piece);
    if (at === kept.length) kept.push(copy(piece));
    else joinFields(kept[at] as Fields, piece as Fields);
  }
  return kept;
}

/** Where a piece belongs: to the item with its index and type (any type, if it has none), else at the end. */
function placeOf(kept: readonly Json[], piece: Json): number {
  if (!isRecord(piece) || typeof piece.index !== 'number') return kept.length;
  let known = places.get(kept);
  if (!known) {
    known = new Map();
    places.set(kept, known);
  }
  const ofAnyType = String(piece.index);
  const own = piece.type === undefined ? ofAnyType : `${ofAnyType} ${JSON.stringify(piece.type)}`;
  const at = known.get(own) ?? kept.length;
  known.set(own, at);
  if (!known.has(ofAnyType)) known.set(ofAnyType, at);
  return at;
}

function copy(piece: Json): Json {
  return typeof piece === 'object' ? structuredClone(piece) : piece;
}
