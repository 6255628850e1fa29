import { describe, expect, it } from 'vitest';
import { EXCERPT_LIMIT, excerptOf, InterruptedError, isToolstreamError, noPartial, withPartial } from '../src/errors.ts';

describe('excerptOf', () => {
  it('is the text itself up to its limit, and beyond it the beginning and how much is left out', () => {
    expect(excerptOf('abc', 3)).toBe('abc');
    expect(excerptOf('abcd', 3)).toBe('abc… (1 more)');
    expect(excerptOf('x'.repeat(EXCERPT_LIMIT + 5))).toBe(`${'x'.repeat(EXCERPT_LIMIT)}… (5 more)`);
  });
});

describe('withPartial', () => {
  it('adds to an error of the library, which stays the same one, and leaves others alone', () => {
    const own = new InterruptedError('lost');
    expect(withPartial(own, (partial) => ({ ...partial, text: 'so far' }))).toBe(own);
    expect(own.partial).toEqual({ ...noPartial, text: 'so far' });
    const foreign = new Error('no');
    expect(withPartial(foreign, (partial) => partial)).toBe(foreign);
    expect(foreign).not.toHaveProperty('partial');
    expect([own, foreign].map(isToolstreamError)).toEqual([true, false]);
  });
});
