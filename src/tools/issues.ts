import { excerptOf } from '../errors.ts';

/** One thing that is wrong with a call's arguments. */
export interface ArgumentIssue {
  /** Where, e.g. `days[0].city`; empty for the arguments as a whole. */
  readonly path: string;
  /** What was expected and what came, without quoting the arguments at length. */
  readonly message: string;
}

/** More issues than these are only counted: a model corrects one thing after the other. */
const ISSUE_LIMIT = 8;

/** Writes a path as JavaScript would. */
export function pathText(keys: Iterable<PropertyKey>): string {
  let text = '';
  for (const key of keys) {
    const word = String(key);
    if (/^\d+$/.test(word)) text += `[${word}]`;
    else if (/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(word)) text += text === '' ? word : `.${word}`;
    else text += `[${JSON.stringify(excerptOf(word, 40))}]`;
  }
  return excerptOf(text);
}

/** Lists issues in one line: `location: expected string, got number; days[0]: …`. */
export function issuesText(issues: readonly ArgumentIssue[]): string {
  const lines = issues.slice(0, ISSUE_LIMIT).map(({ path, message }) => `${path === '' ? 'arguments' : path}: ${excerptOf(message)}`);
  const more = issues.length - ISSUE_LIMIT;
  return more > 0 ? `${lines.join('; ')}; and ${more} more` : lines.join('; ');
}

/** The kind of a JSON value, in JSON's words: what a message says instead of the value itself. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
