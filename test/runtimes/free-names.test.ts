import { expect, it } from 'vitest';
import { freeNames } from './free-names.ts';

it.each([
  ['eval("1"); new Function("x"); typeof process; require("y")', ['Function', 'eval', 'process', 'require']],
  ['globalThis.Buffer; const { a = navigator } = { b: c, d }', ['Buffer', 'c', 'd', 'navigator']],
  ['import { a as b } from "x"; export { b as c }; class D extends b { e = b; f() { this.g; b.h; } }', []],
  [
    'function a(...b) { i: for (const c of b) { try { break i; } catch (d) { return d; } } return [arguments, undefined]; } a({ b: 1 })',
    [],
  ],
])('finds what `%s` does not declare', (code, names) => {
  expect(freeNames(code)).toEqual(names);
});
