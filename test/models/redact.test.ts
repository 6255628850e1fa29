import { describe, expect, it } from 'vitest';
import { InterruptedError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import { redactDiagnostic, redactError, redactedCause, redactJson, redactor } from '../../src/models/redact.ts';

const KEY = 'sk-1234567890';
const redact = redactor(`https://a.example/v1?key=q%2Fuery-secret&v=1`, {
  authorization: `Bearer ${KEY}`,
  accept: 'text/event-stream',
  'x-short': 'abcde',
  'x-six': 'abcdef',
  'x-quoted': 'with"quote',
});

describe('redactor', () => {
  it('blanks out the words of headers and the values of the query, in each way they may be written', () => {
    expect(redact(`no ${KEY}, nor q/uery-secret, nor q%2Fuery-secret`)).toBe('no [redacted], nor [redacted], nor [redacted]');
    expect(redact('with"quote with\\"quote with%22quote')).toBe('[redacted] [redacted] [redacted]');
    expect(redact('abcdef')).toBe('[redacted]');
  });

  it('leaves short words, the scheme of a header and harmless headers as they are', () => {
    expect(redact('Bearer bearer abcde text/event-stream v 1')).toBe('Bearer bearer abcde text/event-stream v 1');
  });

  it('blanks out the longest secret where one holds another', () => {
    const both = redactor('https://a.example', { a: 'secret', b: 'secret-of-two' });
    expect(both('secret-of-two secret')).toBe('[redacted] [redacted]');
  });

  it('blanks out what a cut left of a secret, four letters or more', () => {
    expect(redact(`it is sk-12345… (20 more), and sk-1… (9 more)`)).toBe('it is [redacted]… (20 more), and [redacted]… (9 more)');
    expect(redact('ask-… (20 more) end')).toBe('ask-… (20 more) end');
    expect(redact('sk-1234 without a cut')).toBe('sk-1234 without a cut');
  });
});

describe('redactJson', () => {
  it('blanks out texts anywhere, and nothing else', () => {
    expect(redactJson({ a: [KEY, 1, null, { b: `x${KEY}` }], c: true }, redact)).toEqual({
      a: ['[redacted]', 1, null, { b: 'x[redacted]' }],
      c: true,
    });
  });
});

describe('redactError', () => {
  it('stays the same error; its words, its body and its causes are blanked out', () => {
    const deep = Object.assign(new TypeError(`deep ${KEY}`), { code: 'E_DEEP', headers: { key: KEY } });
    const cause = new Error(`cause ${KEY}`, { cause: deep });
    const error = new ProviderError(`no ${KEY}`, {
      providerCode: 'no',
      status: 401,
      retryable: false,
      cause,
      excerpt: KEY,
      raw: { said: KEY },
    });
    expect(redactError(error, redact)).toBe(error);
    expect(error).toMatchObject({ message: 'no [redacted]', excerpt: '[redacted]', raw: { said: '[redacted]' } });
    const shown = error.cause as Error;
    expect(shown).toMatchObject({ name: 'Error', message: 'cause [redacted]' });
    expect(shown.stack).not.toContain(KEY);
    expect(shown.cause).toBeInstanceOf(TypeError);
    expect(shown.cause).toMatchObject({ name: 'TypeError', message: 'deep [redacted]', code: 'E_DEEP' });
    expect(shown.cause).not.toHaveProperty('headers');
    // As those of other errors: they may be set, and do not show when the error is listed.
    shown.name = 'Renamed';
    expect([shown.name, Object.keys(shown)]).toEqual(['Renamed', []]);
    expect(deep.message).toContain(KEY);
  });

  it('blanks out the library’s own error beneath, and what is thrown in place of an error', () => {
    const inner = new InterruptedError(`inner ${KEY}`);
    redactError(new InterruptedError('outer', { cause: inner }), redact);
    expect(inner.message).toBe('inner [redacted]');
    const causeOf = (cause: unknown) => redactError(new InterruptedError('outer', { cause }), redact).cause;
    expect(causeOf(KEY)).toBe('[redacted]');
    expect(causeOf({ key: KEY })).toBeUndefined();
    expect(causeOf(7)).toBe(7);
    expect(causeOf(null)).toBeNull();
  });

  it('looks five causes deep', () => {
    let chain: Error = new Error('bottom');
    for (let i = 0; i < 10; i++) chain = new Error(`level ${i}`, { cause: chain });
    let depth = 0;
    for (let at: unknown = redactError(new InterruptedError('top', { cause: chain }), redact).cause; at instanceof Error; at = at.cause)
      depth++;
    expect(depth).toBe(6);
  });

  it('leaves others’ errors alone', () => {
    const other = new Error(KEY);
    expect(redactError(other, redact)).toBe(other);
    expect(other.message).toBe(KEY);
  });
});

describe('redactDiagnostic', () => {
  it('copies a diagnostic only where it quotes a secret, and passes every other event', () => {
    const diagnostic: ModelEvent = { type: 'diagnostic', code: 'unknown-event', message: `got ${KEY}` };
    expect(redactDiagnostic(diagnostic, redact)).toEqual({ ...diagnostic, message: 'got [redacted]' });
    const clean: ModelEvent = { ...diagnostic, message: 'got nothing' };
    expect(redactDiagnostic(clean, redact)).toBe(clean);
    const text: ModelEvent = { type: 'text-delta', text: KEY };
    expect(redactDiagnostic(text, redact)).toBe(text);
  });
});

describe('redactedCause', () => {
  it('looks five causes deep', () => {
    let chain: Error | undefined;
    for (let n = 0; n < 9; n++) chain = new Error(`cause ${KEY}`, { cause: chain });
    let depth = 0;
    for (let error = redactedCause(chain, redact); error instanceof Error; error = error.cause, depth++) {
      expect(error.message).toBe('cause [redacted]');
    }
    expect(depth).toBe(6);
  });

  it('keeps where an error came from', () => {
    const cause = new TypeError(`cause ${KEY}`);
    expect((redactedCause(cause, redact) as Error).stack).toBe(cause.stack?.replaceAll(KEY, '[redacted]'));
  });

  it('leaves the scheme of a header, whatever its case', () => {
    expect(redactor('https://a.example', { authorization: `bearer ${KEY}` })(`Bearer bearer ${KEY}`)).toBe('Bearer bearer [redacted]');
  });
});
