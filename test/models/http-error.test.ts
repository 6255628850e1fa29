import { describe, expect, it } from 'vitest';
import { HttpError, ProviderError } from '../../src/errors.ts';
import { connectionErrorOf } from '../../src/models/connection-error.ts';
import { httpErrorOf, isHtml, notAStream } from '../../src/models/http-error.ts';

const url = 'https://a.example/v1?key=secret-key';
const refused = (status: number, text = '') => ({ response: new Response(null, { status }), text, url, sent: {} });
const html = '<!doctype html><p>Sorry';

describe('a response that is an error', () => {
  it('quotes what the provider says, and shows the body only where that is nothing', () => {
    const said = httpErrorOf(refused(404, '{"error":{"message":"No such model","code":"gone"}}'));
    expect(said.message).toContain('https://a.example/v1 answered 404: "No such model" (gone). ');
    expect(said.excerpt).toBeUndefined();
    const silent = httpErrorOf(refused(404));
    expect(silent.message).toContain('answered 404. ');
    expect(silent.excerpt).toBeUndefined();
    expect(httpErrorOf(refused(404, 'Gone.')).excerpt).toBe('Gone.');
  });

  it('is a wrong address where it is a web page, unless its status says more', () => {
    const advice = (status: number) => httpErrorOf(refused(status, html)).message;
    for (const status of [400, 403, 404]) expect(advice(status)).toContain('login page');
    for (const status of [429, 500, 502]) expect(advice(status)).not.toContain('login page');
  });

  it.each([
    [' \n<html>', true],
    ['<?xml version="1.0"?>', true],
    ['Say <html>', false],
    ['{"a":"<html>"}', false],
  ])('knows a web page: %j', (text, expected) => {
    expect(isHtml(text)).toBe(expected);
  });
});

describe('a response that is no stream', () => {
  it.each(['{"error":{"message":"No"}}', '[{"error":{"message":"No"}}]', '{"error":"No"}'])('is the provider’s error: %s', (text) => {
    expect(notAStream(refused(200, text))).toBeInstanceOf(ProviderError);
  });

  it.each(['{"error":null}', '{}', 'null', '[]', '7', html, ''])('is a wrong answer: %s', (text) => {
    const error = notAStream(refused(200, text));
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 200, retryable: false });
  });
});

describe('no response', () => {
  const message = (cause: unknown) => connectionErrorOf(url, cause).message;
  const coded = (code: unknown) => Object.assign(new Error('secret'), { code });

  it('names the code, however deep, and nothing else', () => {
    expect(message(new TypeError('fetch failed', { cause: coded('ECONNRESET') }))).toContain(
      'No response from https://a.example/v1 (ECONNRESET). ',
    );
    for (const cause of [new Error('secret'), coded(7), 'secret']) {
      expect(message(cause)).toContain('No response from https://a.example/v1. ');
      expect(message(cause)).not.toContain('secret');
    }
  });

  it('has advice for each code', () => {
    const codes = ['ECONNREFUSED', 'ENOTFOUND', 'CERT_HAS_EXPIRED', 'ECONNRESET', 'EWHATEVER'];
    const advice = codes.map((code) => message(coded(code)).split(`(${code}). `)[1]);
    expect(new Set(advice).size).toBe(codes.length);
    expect(message(coded('UND_ERR_SOCKET'))).toContain(advice[3]);
  });
});
