import * as E from 'fp-ts/Either';
import { isDeeperThan, MAX_JSON_DEPTH } from '../json/parse.ts';
import type { Either, Json } from '../values.ts';
import { messageOf } from './failure.ts';

/**
 * A copy of a value as JSON has it, or why there is none. `undefined` is `null`: a tool that returns nothing has succeeded.
 * A copy, because a tool may go on changing what it yielded. As with `JSON.stringify`, a `Date` is its ISO text, `NaN` is `null`,
 * and members that are `undefined` or functions are left out. An object whose JSON says nothing of it (a `Map`, a `Set`, an error) has none.
 */
export function toJson(value: unknown): Either<string, Json> {
  if (value === undefined || value === null) return E.right(null);
  if (typeof value === 'string' || typeof value === 'boolean') return E.right(value);
  try {
    const text = JSON.stringify(value);
    // What has no JSON at all: a function, a symbol, or a `toJSON` that returns nothing.
    if (text === undefined) return E.left(`a ${typeof value} has no JSON form`);
    // It is written again with a request around it, and read by whoever takes the event.
    if (isDeeperThan(text, MAX_JSON_DEPTH)) return E.left(`it is nested deeper than ${MAX_JSON_DEPTH} levels`);
    // Seldom, so that most results are written once.
    if (text.includes('{}')) JSON.stringify(value, refuseHollow);
    return E.right(JSON.parse(text) as Json);
  } catch (thrown) {
    return E.left(messageOf(thrown).split('\n', 1)[0] ?? '');
  }
}

/** What `JSON.stringify` writes as `{}` though it is no empty object: the model would take it for one. */
function refuseHollow(_key: string, item: unknown): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item) || Object.keys(item).length > 0) return item;
  const prototype: unknown = Object.getPrototypeOf(item);
  // A plain object, of this realm or another.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return item;
  const name = item.constructor?.name ?? 'object';
  throw new TypeError(`the JSON of a ${name} is {}; return its contents as a plain object, an array or a text`);
}
