import * as E from 'fp-ts/Either';
import * as t from 'io-ts';

/**
 * What `make` makes, made when it is first asked for. Codecs are: building them takes longer than importing all the rest, and a bundler cannot
 * know that nobody misses those of a dialect that is not used. Call it as `/* @__PURE__ *\/ once(…)`.
 */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A codec whose value may be left out. */
export const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null, t.undefined]);

/** Says what is wrong with a payload and where, by the codec; `undefined` where the codec accepts it. */
export function describeProblem(codec: t.Mixed, payload: unknown): string | undefined {
  const decoded = codec.decode(payload);
  if (E.isRight(decoded)) return undefined;
  // The longest path is the most precise of what a union tried.
  const deepest = decoded.left.reduce((best, error) => (error.context.length > best.context.length ? error : best));
  const path = deepest.context.map(({ key }) => key).filter((key) => key !== '' && !/^\d+$/.test(key));
  const named = deepest.context.filter(({ key, type }, i) => key !== '' && !(i > 0 && isMember(deepest.context[i - 1]?.type, type)));
  const where = named.map(({ key }) => key).join('.') || path.join('.');
  const expected = [...deepest.context].reverse().find(({ type }) => type.name !== '')?.type.name;
  return `expected ${readable(expected)} at \`${where || 'the top'}\`, got ${describe(deepest.value)}`;
}

/** Whether a codec is one of those that a union, or an intersection, is made of: its key there says nothing. */
function isMember(parent: t.Decoder<unknown, unknown> | undefined, member: unknown): boolean {
  return (parent instanceof t.UnionType || parent instanceof t.IntersectionType) && (parent.types as unknown[]).includes(member);
}

/** A codec's name may spell out all of its fields: hundreds of signs that nobody reads. */
function readable(name = 'another type'): string {
  const known = name.replace(/ \| (null|undefined)/g, '').replace(/^\((.*)\)$/s, '$1');
  if (/^[({]*\{|^UnknownRecord/.test(known)) return 'an object';
  return /^Array<|^UnknownArray/.test(known) ? 'an array' : known;
}

function describe(value: unknown): string {
  if (value === null) return 'null';

  if (Array.isArray(value)) return 'an array';
  if (value === undefined) return 'undefined';
  return typeof value === 'object' ? 'an object' : `${typeof value} ${JSON.stringify(value)?.slice(0, 40)}`;
}
