import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConnectionError, HttpError } from '../../src/errors.ts';
import { closeErrorOf, openErrorOf, refusalOf } from '../../src/models/socket-end.ts';

const URL = 'wss://host/path?key=secret';

describe('openErrorOf', () => {
  it.each([undefined, 'ECONNREFUSED'])('shows no URL that the runtime quotes in its own error (code %s)', (code) => {
    const own = Object.assign(new Error(`Failed to connect to ${URL}`), code && { code });
    const error = openErrorOf(URL, { error: own });
    expect(error).toBeInstanceOf(ConnectionError);
    expect(inspect(error)).not.toContain('secret');
    expect((error.cause as Error).message).toBe('Failed to connect to the URL');
    expect((error.cause as { code?: string }).code).toBe(code);
    if (code) expect(error.message).toContain(`(${code})`);
  });

  it.each(['Unexpected server response: 403', 'Expected 101 status code: 403', 'Invalid status code: 403'])(
    'reads the status in "%s"',
    (message) => {
      expect(openErrorOf(URL, { message })).toMatchObject({ name: 'HttpError', status: 403, retryable: false });
    },
  );

  it('is no HttpError where the answer was regular and no upgrade', () => {
    const error = openErrorOf(URL, { message: 'Unexpected server response: 200' });
    expect(error).not.toBeInstanceOf(HttpError);
    expect(error.message).toContain('HTTP 200 in place of an upgrade');
  });
});

it('a socket that failed without a word is no WebSocket, and nothing stands in brackets', () => {
  expect(openErrorOf(URL).message).toMatch(/^No WebSocket to wss:\/\/host\/path\. /);
});

it.each([
  [1002, 'protocol error'],
  [3999, 'no regular end'],
  [4000, 'the application’s own'],
])('a close with the code %d is called “%s”', (code, meaning) => {
  expect(closeErrorOf(URL, { code, reason: '' }).message).toContain(`code ${code} (${meaning.replace('’', "'")})`);
});

describe('refusalOf', () => {
  it('has the code and the reason of the close', () => {
    const refused = refusalOf(closeErrorOf(URL, { code: 4403, reason: 'Not you.' }));
    expect(refused).toMatchObject({ providerCode: '4403', status: 403, raw: { code: 4403, reason: 'Not you.' } });
  });

  it('tells a close that is final from one that passes, and from what is no close', () => {
    const refused = (code: number) => refusalOf(closeErrorOf(URL, { code, reason: '' }));
    for (const code of [1002, 1003, 1007, 1008, 1009, 1010, 4401]) expect(refused(code), String(code)).toMatchObject({ retryable: false });
    for (const code of [1001, 1006, 1011, 1012, 1013, 1014, 3000, 4000, 4429, 4503]) expect(refused(code), String(code)).toBeUndefined();
    expect(refusalOf(new ConnectionError('x'))).toBeUndefined();
    expect(refusalOf('x')).toBeUndefined();
  });
});
