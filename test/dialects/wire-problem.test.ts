import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { describeProblem, once, oneOf, optional } from '../../src/dialects/wire-problem.ts';

describe('codecs of wires', () => {
  it('are made once, when they are first asked for', () => {
    let made = 0;
    const make = once(() => ++made);
    expect(made).toBe(0);
    expect([make(), make(), made]).toEqual([1, 1, 1]);
  });

  it('may leave a value out', () => {
    const codec = optional(t.string);
    expect([undefined, null, 'x', '', 7].map(codec.is)).toEqual([true, true, true, true, false]);
    expect(codec.name).toBe('string');
  });

  it('take what any of several takes', () => {
    const codec = oneOf(t.string, t.number);
    expect(['x', 7, true].map(codec.is)).toEqual([true, true, false]);
    expect(codec.name).toBe('string');
    expect(oneOf().is('x')).toBe(false);
  });
});

describe('what is wrong with a payload', () => {
  it.each([
    [t.type({ a: t.string }), { a: 7 }, 'expected string at `a`, got number 7'],
    [t.type({ a: t.type({ b: t.array(t.number) }) }), { a: { b: [1, 'x'] } }, 'expected number at `a.b.1`, got string "x"'],
    [t.type({ a: t.UnknownRecord }), { a: [] }, 'expected an object at `a`, got an array'],
    [t.type({ a: t.type({ b: t.string }) }), { a: null }, 'expected an object at `a`, got null'],
    [t.type({ a: t.array(t.string) }), { a: {} }, 'expected an array at `a`, got an object'],
    [t.type({ a: t.UnknownArray }), { a: true }, 'expected an array at `a`, got boolean true'],
    [t.type({ a: t.string }), {}, 'expected string at `a`, got undefined'],
    [t.type({ a: t.string }, 'MyUnknownRecord'), 'x'.repeat(50), `expected MyUnknownRecord at \`the top\`, got string "${'x'.repeat(39)}`],
    [t.type({ a: oneOf(t.string, t.type({ b: t.string })) }), { a: { b: 7 } }, 'expected string at `a.b`, got number 7'],
  ])('is said with its place: %#', (codec, payload, problem) => {
    expect(describeProblem(codec, payload)).toBe(problem);
  });

  it('is nothing where the codec takes it', () => {
    expect(describeProblem(t.type({ a: optional(t.string) }), { a: null, b: 7 })).toBeUndefined();
  });
});
