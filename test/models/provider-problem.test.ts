import { describe, expect, it } from 'vitest';
import { joinUrl, shownUrl } from '../../src/models/join-url.ts';
import { isUsedUp, providerProblem } from '../../src/models/provider-problem.ts';
import { retryAfterMs } from '../../src/models/retry-after.ts';

describe('providerProblem', () => {
  it.each([
    ['an error with message, code and type', { error: { message: ' no ', code: 'c', type: 't' } }, { message: 'no', code: 'c' }],
    ['a type in place of a code', { error: { message: 'no', code: '', type: 't' } }, { message: 'no', code: 't' }],
    ['a status in place of both', { error: { message: 'no', status: 'UNAVAILABLE' } }, { message: 'no', code: 'UNAVAILABLE' }],
    ['a code that is a number', { error: { message: 'no', code: 7 } }, { message: 'no', code: '7' }],
    ['an error that is a text', { error: 'no' }, { message: 'no', code: undefined }],
    ['an error that is a list', { error: ['no', { msg: 'never' }] }, { message: 'no; never', code: undefined }],
    ['a list of errors', { errors: [{ message: 'no' }, { message: 'other' }] }, { message: 'no', code: undefined }],
    ['a message alone', { message: 'no', code: 'c' }, { message: 'no', code: 'c' }],
    ['a detail', { detail: 'no' }, { message: 'no', code: undefined }],
    [
      'a list of places and messages, and nothing of the input',
      { detail: [{ loc: ['body', 0, 'a'], msg: 'missing', input: 'SECRET' }, { message: 'too long' }, {}, 7] },
      { message: 'body.0.a: missing; too long', code: undefined },
    ],
    ['a message within a message', { error: { message: { detail: 'no' } } }, { message: 'no', code: undefined }],
    ['any of these in an array', [{ error: { message: 'no' } }], { message: 'no', code: undefined }],
  ])('reads %s', (_, body, problem) => expect(providerProblem(body)).toEqual(problem));

  it.each([[undefined], [null], ['no'], [7], [[]], [{}], [{ error: ' ' }], [{ error: [] }], [{ errors: 'no' }], [{ message: 7 }]])(
    'finds none in %j',
    (body) => expect(providerProblem(body)).toBeUndefined(),
  );

  it('knows a used-up quota from a limit of the rate', () => {
    for (const code of ['insufficient_quota', 'INSUFFICIENT_BALANCE', 'insufficient_credit', 'billing_hard_limit', 'quota_exceeded'])
      expect(isUsedUp(code), code).toBe(true);
    for (const code of [undefined, 'rate_limit_exceeded', 'insufficient']) expect(isUsedUp(code), code).toBe(false);
  });
});

describe('retryAfterMs', () => {
  const wait = (headers: Record<string, string>) => retryAfterMs(new Headers(headers), Date.parse('2026-01-01T00:00:00Z'));
  const until = 'Thu, 01 Jan 2026 00:00:30 GMT';

  it.each([
    ['exact milliseconds, before anything else', { 'retry-after-ms': '20.5', 'retry-after': '1' }, 20.5],
    ['seconds', { 'retry-after': '1.5' }, 1500],
    ['seconds where the milliseconds are none', { 'retry-after-ms': 'soon', 'retry-after': '2' }, 2000],
    ['a date, from now', { 'retry-after': until }, 30_000],
    ['a date, from when the response was sent', { 'retry-after': until, date: 'Thu, 01 Jan 2026 00:00:10 GMT' }, 20_000],
    ['a date that is past: no wait', { 'retry-after': until, date: 'Thu, 01 Jan 2026 00:01:00 GMT' }, 0],
    ['a date, from now where the response’s own is none', { 'retry-after': until, date: 'soon' }, 30_000],
  ])('reads %s', (_, headers, expected) => expect(wait(headers)).toBe(expected));

  it.each([[{}], [{ 'retry-after': 'soon' }], [{ 'retry-after': '5s' }], [{ 'retry-after': '' }], [{ 'retry-after-ms': '-1' }]])(
    'knows no wait from %j',
    (headers) => expect(wait(headers as Record<string, string>)).toBeUndefined(),
  );
});

describe('joinUrl', () => {
  it.each([
    ['https://a.example', 'chat', 'https://a.example/chat'],
    ['https://a.example///', '//chat', 'https://a.example/chat'],
    ['http://a.example/v1/', '/chat/completions', 'http://a.example/v1/chat/completions'],
    ['https://a.example/v1/chat', '/chat', 'https://a.example/v1/chat'],
    ['https://a.example/v1?key=1#top', 'chat?alt=sse', 'https://a.example/v1/chat?key=1&alt=sse'],
    ['https://a.example/v1?alt=json', 'chat?alt=sse', 'https://a.example/v1/chat?alt=sse'],
  ])('makes %s and %s one', (base, path, url) => expect(joinUrl(base, path)).toBe(url));

  it.each(['ftp://a.example', 'xhttp://a.example', 'httpsx://a.example', 'a.example/v1', '/v1', ''])('refuses %j', (base) => {
    expect(() => joinUrl(base, 'chat')).toThrow(/no http\(s\) URL/);
  });

  it('refuses a user and a password, and never quotes them', () => {
    for (const base of ['https://user@a.example', 'https://:secret@a.example']) {
      expect(() => joinUrl(base, 'chat')).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }));
    }
    expect(shownUrl('https://user:secret@a.example/v1?key=1#top')).toBe('https://a.example/v1');
  });
});
