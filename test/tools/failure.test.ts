import { describe, expect, it } from 'vitest';
import { invalidArguments, messageOf, uncertain, unknownTool, vetoOf } from '../../src/tools/failure.ts';
import { issuesText, kindOf, pathText } from '../../src/tools/issues.ts';

describe('failures that go back to the model', () => {
  it('name the tools there are, fifty at most', () => {
    const names = Array.from({ length: 51 }, (_, i) => `tool${i}`);
    expect(unknownTool('x', names)).toMatchObject({
      left: { code: 'unknown-tool', message: expect.stringMatching(/tool0, .*, tool49\.$/) },
    });
    expect(unknownTool('x', [])).toMatchObject({ left: { message: expect.not.stringContaining(':') } });
  });

  it('say whether a tool may have had an effect', () => {
    expect(uncertain()).toMatchObject({ left: { code: 'cancelled', started: true } });
    expect(invalidArguments('a is missing.')).toMatchObject({
      left: { started: false, message: expect.stringContaining('a is missing. Call') },
    });
  });

  it('tell the reasons after which nothing runs from those after which it does', () => {
    for (const reason of ['length', 'content-filter', 'error'] as const) expect(vetoOf(reason)).toContain(`(${reason})`);
    for (const reason of ['stop', 'tool-calls', 'other'] as const) expect(vetoOf(reason)).toBeUndefined();
  });

  it('show what was thrown, whatever it is', () => {
    const hostile = {
      toString() {
        throw new Error('no');
      },
    };
    expect([new TypeError('no'), 'no', 7].map(messageOf)).toEqual(['TypeError: no', 'no', '7']);
    expect(messageOf(hostile)).toMatch(/cannot be shown/);
    expect(messageOf('x'.repeat(2000)).length).toBeLessThan(1100);
  });
});

describe('issues', () => {
  it('have a path as JavaScript writes it', () => {
    expect(pathText(['days', 12, 'city'])).toBe('days[12].city');
    expect(pathText(['1a', 'a1', 'b-c', '$d', ''])).toBe('["1a"].a1.b-c.$d[""]');
    expect(pathText([])).toBe('');
  });

  it('are listed up to eight, and the others counted', () => {
    const issues = (count: number) => Array.from({ length: count }, (_, i) => ({ path: i === 0 ? '' : `p${i}`, message: 'bad' }));
    expect(issuesText(issues(2))).toBe('arguments: bad; p1: bad');
    expect(issuesText(issues(8))).toMatch(/p7: bad$/);
    expect(issuesText(issues(9))).toMatch(/p7: bad; and 1 more$/);
  });

  it('name the kind of a value in JSON’s words', () => {
    expect([undefined, null, [], {}, 1, 'a', true].map(kindOf)).toEqual([
      'nothing',
      'null',
      'array',
      'object',
      'number',
      'string',
      'boolean',
    ]);
  });
});
