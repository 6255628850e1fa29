import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { type Endpoint, httpRequest } from '../../src/models/endpoint.ts';
import { joinUrl } from '../../src/models/join-url.ts';
import { type PresetOptions, presets } from '../../src/models/presets.ts';

const KEY = 'sk-verysecretkey123';
const endpoint: Endpoint = { dialect: openAiChat, url: 'https://api.example/v1', model: 'm', apiKey: KEY };
const request = { messages: [{ role: 'user', content: 'Hi' }] } as const;
const bodyOf = (more: Partial<Endpoint>, extra?: Record<string, unknown>) =>
  JSON.parse(httpRequest({ ...endpoint, ...more }, { ...request, ...(extra && { extra }) }).body);

describe('the URL of an endpoint that asks again', () => {
  const pathOf = (path: string) => ({ ...openAiChat, encodeRequest: () => ({ path, headers: {}, body: {} }) });

  it('follows the path, which may differ from request to request', () => {
    const changing = { ...endpoint, dialect: pathOf('/one') };
    expect(httpRequest(changing, request).url).toBe('https://api.example/v1/one');
    changing.dialect = pathOf('/two');
    expect(httpRequest(changing, request).url).toBe('https://api.example/v1/two');
  });

  it('follows the page, where it is relative to that', () => {
    const relative = { ...endpoint, url: './v1' };
    for (const page of ['https://one.example/', 'https://two.example/']) {
      vi.stubGlobal('location', { href: page });
      expect(httpRequest(relative, request).url).toBe(`${page}v1/chat/completions`);
    }
    vi.unstubAllGlobals();
  });
});

describe('joinUrl', () => {
  it.each([
    ['https://api.example/v1', 'https://api.example/v1/chat/completions'],
    ['https://api.example/v1/', 'https://api.example/v1/chat/completions'],
    ['https://api.example/v1//', 'https://api.example/v1/chat/completions'],
    ['https://api.example', 'https://api.example/chat/completions'],
    ['https://api.example/v1/chat/completions', 'https://api.example/v1/chat/completions'],
    ['https://api.example/v1/chat/completions/', 'https://api.example/v1/chat/completions'],
    ['https://api.example/v1?api-version=2', 'https://api.example/v1/chat/completions?api-version=2'],
    ['https://api.example/v1/chat/completions?api-version=2#top', 'https://api.example/v1/chat/completions?api-version=2'],
    ['http://localhost:11434/v1', 'http://localhost:11434/v1/chat/completions'],
  ])('appends the path to %s', (base, whole) => {
    expect(joinUrl(base, '/chat/completions')).toBe(whole);
  });

  it('keeps the query strings of both', () => {
    expect(joinUrl('https://api.example/v1?a=1', '/models/m:stream?alt=sse')).toBe('https://api.example/v1/models/m:stream?a=1&alt=sse');
  });

  it.each(['api.example/v1', '/v1', 'ftp://api.example', 'localhost:1234/v1', ' '])('refuses %s, which is no http URL', (base) => {
    expect(() => joinUrl(base, '/x')).toThrow("with its scheme, e.g. 'https://api.openai.com/v1'");
  });

  it('takes a path for one of the page, where there is a page', () => {
    vi.stubGlobal('location', { href: 'https://app.example/chat?x=1' });
    expect(joinUrl('/api/v1', '/chat/completions')).toBe('https://app.example/api/v1/chat/completions');
    expect(() => joinUrl('api.example/v1', '/x')).toThrow('with its scheme');
    vi.unstubAllGlobals();
  });

  it('refuses a password in the URL without showing it', () => {
    const error = (() => {
      try {
        return joinUrl(`https://me:${KEY}@api.example/v1`, '/x');
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(String(error)).toContain('`headers`');
    expect(inspect(error)).not.toContain(KEY);
  });
});

describe('httpRequest', () => {
  it('encodes the request for the endpoint', () => {
    expect(httpRequest(endpoint, request)).toMatchObject({ url: 'https://api.example/v1/chat/completions', framings: ['sse'] });
    expect(bodyOf({})).toMatchObject({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true });
  });

  it('shows no key when it is printed', () => {
    const made = httpRequest({ ...endpoint, headers: { 'api-key': KEY } }, request);
    expect(inspect(made, { depth: 10 }) + JSON.stringify(made)).not.toContain(KEY);
    expect(inspect(made)).toContain('framings');
    // Tools that walk up ask what it inherits from, too.
    expect(inspect(Object.getPrototypeOf(made))).toBe('{}');
  });

  it('resolves the headers when asked: own, the key’s, the endpoint’s, whatever their case', async () => {
    const headers = await httpRequest({ ...endpoint, headers: { Accept: 'x/y', 'HTTP-Referer': 'https://me.example' } }, request).headers();
    expect(headers).toEqual({
      'content-type': 'application/json',
      accept: 'x/y',
      authorization: `Bearer ${KEY}`,
      'http-referer': 'https://me.example',
    });
  });

  it('asks a key function each time and sends no key where there is none', async () => {
    let n = 0;
    const rotating = httpRequest({ ...endpoint, apiKey: async () => `key-${++n}` }, request);
    expect([(await rotating.headers()).authorization, (await rotating.headers()).authorization]).toEqual(['Bearer key-1', 'Bearer key-2']);
    for (const apiKey of ['', undefined]) {
      const { apiKey: _, ...keyless } = endpoint;
      expect(await httpRequest({ ...keyless, ...(apiKey === undefined ? {} : { apiKey }) }, request).headers()).not.toHaveProperty(
        'authorization',
      );
    }
  });

  it('drops white space round a key, and refuses one that no header can hold without showing it', async () => {
    expect((await httpRequest({ ...endpoint, apiKey: `${KEY}\n` }, request).headers()).authorization).toBe(`Bearer ${KEY}`);
    for (const apiKey of [`${KEY}\nx`, `“${KEY}”`]) {
      const error = await httpRequest({ ...endpoint, apiKey }, request)
        .headers()
        .catch((raised) => raised);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain('`authorization`');
      expect(inspect(error)).not.toContain(KEY);
    }
  });

  it('merges body fields: the endpoint’s over the dialect’s, the request’s own over both, the adapter last', () => {
    expect(bodyOf({ body: { stream_options: undefined, user: 'a', top_k: 1 } }, { user: 'b' })).toMatchObject({ user: 'b', top_k: 1 });
    expect(bodyOf({ body: { stream_options: undefined } })).not.toHaveProperty('stream_options');
    expect(bodyOf({ adaptBody: ({ messages, ...rest }) => ({ ...rest, prompt: messages }) })).toMatchObject({
      prompt: [{ content: 'Hi' }],
    });
  });

  it.each([
    ['a dialect', { dialect: undefined }, '`dialect: openAiChat`'],
    ['a model', { model: '' }, "`model: 'gpt-4.1'`"],
    ['a url', { url: undefined }, "`url: 'https://api.openai.com/v1'`"],
    ['a url with a scheme', { url: 'api.example/v1' }, 'with its scheme'],
    ['a key that is one', { apiKey: 7 }, '`apiKey` is a string or a function'],
  ])('throws without %s', (_, wrong, words) => {
    const broken = { ...endpoint, ...wrong } as unknown as Endpoint;
    expect(() => httpRequest(broken, request)).toThrow(TypeError);
    expect(() => httpRequest(broken, request)).toThrow(words);
  });
});

describe('presets', () => {
  const options: PresetOptions = { model: 'm', apiKey: KEY };

  it.each([
    [presets.openAi(options), 'https://api.openai.com/v1/chat/completions'],
    [presets.holySheep(options), 'https://api.holysheep.ai/v1/chat/completions'],
    [presets.deepSeek(options), 'https://api.deepseek.com/chat/completions'],
    [presets.openRouter(options), 'https://openrouter.ai/api/v1/chat/completions'],
    [presets.groq(options), 'https://api.groq.com/openai/v1/chat/completions'],
    [presets.mistral(options), 'https://api.mistral.ai/v1/chat/completions'],
    [presets.ollama({ model: 'm' }), 'http://localhost:11434/v1/chat/completions'],
    [presets.compatible({ ...options, url: 'https://mine.example/v1/' }), 'https://mine.example/v1/chat/completions'],
    [presets.openAi({ ...options, url: 'https://proxy.example/v1' }), 'https://proxy.example/v1/chat/completions'],
  ])('reach their provider (%#)', async (preset, url) => {
    const made = httpRequest(preset, request);
    expect(made.url).toBe(url);
    expect((await made.headers()).authorization).toBe(preset.apiKey === undefined ? undefined : `Bearer ${KEY}`);
  });

  it('sends Mistral only what it accepts (issue dnakov/anon-kode#53)', () => {
    const body = JSON.parse(httpRequest(presets.mistral(options), { ...request, seed: 0, maxOutputTokens: 5 }).body);
    expect(body).toMatchObject({ random_seed: 0, max_tokens: 5 });
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['seed']));
    expect(body).not.toHaveProperty('stream_options');
  });

  it('names the token limit as OpenAI’s reasoning models want it', () => {
    const body = JSON.parse(httpRequest(presets.openAi(options), { ...request, maxOutputTokens: 5 }).body);
    expect(body).toMatchObject({ max_completion_tokens: 5 });
    expect(body).not.toHaveProperty('max_tokens');
  });
});
