import type { ArgumentIssue } from './issues.ts';
import { kindOf, pathText } from './issues.ts';

/** An error of io-ts, by its looks. */
interface DecodeError {
  readonly value: unknown;
  readonly message?: string;
  readonly context: ReadonlyArray<{ readonly key: string; readonly type: { readonly name: string; readonly _tag?: string } }>;
}

/** Longer names of types are cut. */
const NAME_LIMIT = 80;

/** What io-ts found wrong, one issue a path: the branches of a union are one expectation. */
export function ioTsIssues(errors: unknown): ArgumentIssue[] {
  if (!Array.isArray(errors) || !errors.every(isDecodeError)) return [{ path: '', message: 'the codec does not accept them' }];
  const byPath = new Map<string, { expected: Set<string>; error: DecodeError }>();
  for (const error of errors) {
    const path = pathText(keysOf(error));
    const entry = byPath.get(path) ?? { expected: new Set<string>(), error };
    entry.expected.add(error.message ?? `expected ${nameOf(error)}`);
    byPath.set(path, entry);
  }
  return [...byPath].map(([path, { expected, error }]) => ({
    path,
    message: `${[...expected].join(' or ')}, got ${kindOf(error.value)}`,
  }));
}

/** The keys on the way, without the positions that io-ts gives the members of unions and intersections. */
function keysOf({ context }: DecodeError): string[] {
  return context.slice(1).flatMap((entry, i) => (BRANCHING.has(context[i]?.type._tag ?? '') ? [] : [entry.key]));
}

const BRANCHING = new Set(['UnionType', 'IntersectionType']);

function nameOf({ context }: DecodeError): string {
  const name = context.at(-1)?.type.name ?? 'another value';
  return name.length <= NAME_LIMIT ? name : `${name.slice(0, NAME_LIMIT)}…`;
}

function isDecodeError(error: unknown): error is DecodeError {
  return typeof error === 'object' && error !== null && Array.isArray((error as Partial<DecodeError>).context);
}
