import * as E from 'fp-ts/Either';
import * as t from 'io-ts';

/**
 * What `make` makes, made when it is first asked for. Codecs are: building them all takes longer than importing the rest of a dialect, and a
 * bundler cannot know that nobody would miss those of another. It is told where the call is marked as pure.
 */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A codec whose value may be left out. `t.union` could say it as well, but brings its tagged unions into every bundle: 4 kB. */
export function optional<A>(codec: t.Type<A, unknown>): t.Type<A | null | undefined> {
  const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;
  return new t.Type<A | null | undefined>(
    codec.name,
    (value): value is A | null | undefined => isAbsent(value) || codec.is(value),
    (value, context) => (isAbsent(value) ? t.success(value) : codec.validate(value, context)),
    t.identity,
  );
}

/** What any of several codecs accepts; where none does, it is called after the first. */
export function oneOf<C extends readonly t.Mixed[]>(...codecs: C): t.Type<t.TypeOf<C[number]>> {
  return new t.Type<t.TypeOf<C[number]>>(
    codecs[0]?.name ?? '',
    (value): value is t.TypeOf<C[number]> => codecs.some((codec) => codec.is(value)),
    (value, context) => {
      const tried = codecs.map((codec) => codec.validate(value, context));
      return tried.find(E.isRight) ?? t.failures(tried.flatMap((result) => (E.isLeft(result) ? result.left : [])));
    },
    t.identity,
  );
}

/** Says what is wrong with a payload and where, by the codec; `undefined` where the codec accepts it. */
export function describeProblem(codec: t.Mixed, payload: unknown): string | undefined {
  const decoded = codec.decode(payload);
  if (E.isRight(decoded)) return undefined;
  // The longest path is the most precise of what was tried.
  const { context, value } = decoded.left.reduce((best, error) => (error.context.length > best.context.length ? error : best));
  const where = context.flatMap(({ key }) => (key === '' ? [] : [key])).join('.');
  return `expected ${readable(context.at(-1)?.type.name)} at \`${where || 'the top'}\`, got ${describe(value)}`;
}

/** A codec's name may spell out all of its fields: hundreds of signs that nobody reads. */
function readable(name = ''): string {
  if (/^\{|^UnknownRecord/.test(name)) return 'an object';
  return /^Array<|^UnknownArray/.test(name) ? 'an array' : name || 'another type';
}

function describe(value: unknown): string {
  if (value === null) return 'null';

  if (Array.isArray(value)) return 'an array';
  if (value === undefined) return 'undefined';
  return typeof value === 'object' ? 'an object' : `${typeof value} ${JSON.stringify(value)?.slice(0, 40)}`;
}
