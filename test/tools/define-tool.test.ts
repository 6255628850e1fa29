import { type } from 'arktype';
import * as t from 'io-ts';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineTool, type ToolDefinition } from '../../src/tools/define-tool.ts';
import type { ToolParameters } from '../../src/tools/schema.ts';
import type { Tool } from '../../src/tools/tool.ts';
import type { Json, JsonSchema } from '../../src/values.ts';

const base = { name: 'search', description: 'Search flights' } as const;
const define = (more: object) => defineTool({ ...base, parameters: { type: 'object' }, ...more } as ToolDefinition<ToolParameters>);
const wire: JsonSchema = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'number' } }, required: ['city'] };

/** What `validate` says: the checked value, or the issues as `path: message`. */
async function check(tool: Tool, value: unknown): Promise<unknown> {
  const result = await tool.validate(value);
  return result._tag === 'Right' ? result.right : result.left.map(({ path, message }) => `${path}: ${message}`);
}

describe('defineTool: parameters of any kind', () => {
  const kinds: ReadonlyArray<{ name: string; tool: Tool; says: RegExp }> = [
    {
      name: 'io-ts',
      tool: defineTool({ ...base, parameters: t.intersection([t.type({ city: t.string }), t.partial({ days: t.number })]) }),
      says: /^city: expected string, got number$/,
    },
    {
      name: 'zod',
      tool: defineTool({ ...base, parameters: z.object({ city: z.string(), days: z.number().optional() }) }),
      says: /^city: .*string/,
    },
    { name: 'arktype', tool: defineTool({ ...base, parameters: type({ city: 'string', 'days?': 'number' }) }), says: /^city: .*string/ },
    {
      name: 'valibot, with its JSON Schema beside it',
      tool: defineTool({ ...base, parameters: v.object({ city: v.string(), days: v.optional(v.number()) }), inputSchema: wire }),
      says: /^city: .*string/,
    },
    { name: 'JSON Schema', tool: defineTool({ ...base, parameters: wire }), says: /^city: .*"string"/ },
  ];
  for (const { name, tool, says } of kinds) {
    it(`puts ${name} on the wire as JSON Schema`, () => expect(tool.inputSchema).toEqual(wire));
    it(`checks arguments with ${name}`, async () => {
      expect(await check(tool, { city: 'Hue', days: 2 })).toEqual({ city: 'Hue', days: 2 });
      expect(await check(tool, { city: 7 })).toEqual([expect.stringMatching(says)]);
    });
  }

  it('takes a codec by its looks, of another copy of io-ts or of none', async () => {
    const codec = {
      _A: undefined as unknown as { n: number },
      name: 'Foreign',
      _tag: 'InterfaceType',
      props: { n: { _tag: 'NumberType', name: 'number' } },
      decode: (value: unknown) =>
        typeof (value as { n?: unknown }).n === 'number'
          ? ({ _tag: 'Right', right: value as { n: number } } as const)
          : ({ _tag: 'Left', left: 'anything' } as const),
    };
    const tool = defineTool({ ...base, parameters: codec, execute: ({ n }) => n });
    expect(tool.inputSchema).toEqual({ type: 'object', properties: { n: { type: 'number' } }, required: ['n'] });
    expect(await check(tool, { n: 'x' })).toEqual([': the codec does not accept them']);
  });

  it('gives execute what the schema made of the arguments', async () => {
    const tool = defineTool({ ...base, parameters: z.object({ n: z.string().transform(Number) }) });
    expect(await check(tool, { n: '7' })).toEqual({ n: 7 });
    expect(tool.inputSchema).toMatchObject({ properties: { n: { type: 'string' } } });
  });

  it('waits for a schema that checks asynchronously', async () => {
    const tool = defineTool({ ...base, parameters: z.object({ n: z.number().refine(async (n) => n > 0, 'must be positive') }) });
    expect(await check(tool, { n: -1 })).toEqual(['n: must be positive']);
  });

  it('checks a plain JSON Schema without new Function', async () => {
    const original = globalThis.Function;
    const forbidden = () => {
      throw new Error('code generation is not allowed here');
    };
    try {
      Object.assign(globalThis, { Function: forbidden });
      expect(await check(defineTool({ ...base, parameters: wire }), { days: 1 })).toEqual([expect.stringMatching(/: .*"city"/)]);
    } finally {
      Object.assign(globalThis, { Function: original });
    }
  });

  it('lists every place where a plain JSON Schema is not met, and only those', async () => {
    const parameters: JsonSchema = {
      type: 'object',
      properties: {
        list: { type: 'array', items: { type: 'object', properties: { 'a/b': { type: 'integer' } }, additionalProperties: false } },
      },
    };
    expect(await check(defineTool({ ...base, parameters }), { list: [{ 'a/b': 1.5, z: 1 }] })).toEqual([
      'list[0]["a/b"]: Instance type "number" is invalid. Expected "integer"',
      'list[0].z: not allowed here',
    ]);
  });

  it('unescapes the names in the place of an issue, and checks further arguments alike', async () => {
    const tool = defineTool({ ...base, parameters: { type: 'object', properties: { 'a~b/c': { type: 'integer' } } } });
    for (const value of ['x', 'y']) expect(await check(tool, { 'a~b/c': value })).toEqual([expect.stringMatching(/^\["a~b\/c"\]: /)]);
    expect(await check(tool, { 'a~b/c': 1 })).toEqual({ 'a~b/c': 1 });
  });

  it('says what is wrong where a part of a plain JSON Schema allows nothing', async () => {
    const tool = defineTool({ ...base, parameters: { type: 'object', properties: { a: false } } });
    expect(await check(tool, { a: 1 })).toEqual(['a: not allowed here']);
    const not = defineTool({ ...base, parameters: { type: 'object', allOf: [{ not: {} }] } });
    expect(await check(not, {})).toEqual([expect.stringMatching(/^: ./)]);
  });

  it('takes the JSON Schema given beside it for the wire, and drops $schema', () => {
    const inputSchema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { city: { type: 'string', description: 'e.g. Hue' } },
    };
    expect(defineTool({ ...base, parameters: t.type({ city: t.string }), inputSchema }).inputSchema).toEqual({
      type: 'object',
      properties: inputSchema.properties,
    });
  });

  it('says that arguments are an object where the schema leaves it open', () => {
    expect(define({ parameters: {} }).inputSchema).toEqual({ type: 'object' });
    const union = t.union([t.type({ a: t.string }), t.type({ b: t.string })]);
    expect(defineTool({ ...base, parameters: union }).inputSchema).toMatchObject({
      type: 'object',
      anyOf: [{ type: 'object' }, { type: 'object' }],
    });
  });

  it('takes plain text in either form of a call, and nothing else', async () => {
    const tool = defineTool({ name: 'sql', description: 'Runs a query', parameters: { type: 'text' } });
    expect(tool).toMatchObject({ format: { type: 'text' }, inputSchema: { type: 'object', required: ['input'] } });
    for (const text of ['SELECT 1', '', '{"input":"other"}']) {
      expect(tool.validate(text)).toEqual({ _tag: 'Right', right: text });
      expect(tool.validate({ input: text })).toEqual({ _tag: 'Right', right: text });
    }
    const wrong: ReadonlyArray<readonly [unknown, string]> = [
      [{}, 'nothing'],
      [{ input: { sql: 1 } }, 'object'],
      [{ input: null }, 'null'],
      [7, 'number'],
      [null, 'null'],
      [['a'], 'nothing'],
    ];
    for (const [value, came] of wrong) {
      expect(tool.validate(value)).toEqual({ _tag: 'Left', left: [{ path: 'input', message: `expected string, got ${came}` }] });
    }
  });

  it('keeps __proto__ in arguments away from any prototype', async () => {
    const hostile: unknown = JSON.parse('{"city":"Hue","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
    const strict = t.exact(t.type({ city: t.string }));
    for (const parameters of [strict, z.object({ city: z.string() }), wire]) {
      const args = (await check(defineTool({ ...base, parameters }), hostile)) as { admin?: unknown };
      expect(args.admin).toBeUndefined();
      expect(Object.getPrototypeOf(args)).toBe(Object.prototype);
    }
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });
});

describe("defineTool: a caller's mistake throws at the call, with the fix", () => {
  const mistakes: ReadonlyArray<[string, () => unknown, RegExp]> = [
    ['an empty name', () => define({ name: '' }), /1 to 64 of A-Z a-z 0-9 _ -/],
    ['a name with a space', () => define({ name: 'get weather' }), /"get weather" is not accepted/],
    ['a name of 65 characters', () => define({ name: 'a'.repeat(65) }), /1 to 64/],
    ['no description', () => define({ description: undefined }), /description must be a string/],
    ['execute that is no function', () => define({ execute: 'run' }), /execute must be a function, or left out/],
    ['a negative timeout', () => define({ timeoutMs: -5 }), /timeoutMs is -5.*more than 0/],
    ['a timeout of 0', () => define({ timeoutMs: 0 }), /timeoutMs is 0/],
    ['a timeout that is text', () => define({ timeoutMs: '5' }), /timeoutMs is 5/],
    ['a timeout beyond what a timer keeps', () => define({ timeoutMs: 2 ** 31 }), /timeoutMs is 2147483648/],
    ['a timeout of NaN', () => define({ timeoutMs: Number.NaN }), /timeoutMs is NaN/],
    ['an unknown start policy', () => define({ startWhen: 'now' }), /'confirmed' or 'finished'/],
    ['negative retries', () => define({ retries: -1 }), /retries is -1/],
    ['retries of a tool with side effects', () => define({ retries: 1 }), /repeat its side effect.*idempotentHint: true/],
    [
      'parameters that are none',
      () => define({ parameters: undefined }),
      /io-ts codec, a Standard Schema .*, a JSON Schema object, or \{ type: 'text' \}/,
    ],
    ['a bare string', () => define({ parameters: { type: 'string' } }), /For plain text in place of JSON: \{ type: 'text' \}/],
    [
      'a grammar of another syntax',
      () => define({ parameters: { type: 'grammar', syntax: 'ebnf', definition: 'a' } }),
      /'lark' or 'regex'/,
    ],
    ['a grammar without a text', () => define({ parameters: { type: 'grammar', syntax: 'lark' } }), /definition: its text/],
    [
      'plain text with a schema beside it',
      () => define({ parameters: { type: 'text' }, inputSchema: { type: 'object' } }),
      /no inputSchema of its own/,
    ],
    [
      'an object that is no schema',
      () => define({ parameters: { city: 'string' } }),
      /none of its keys \(city\).*properties: \{ city: … \}/,
    ],
    [
      'an unknown type',
      () => define({ parameters: { type: 'object', properties: { a: { type: 'str' } } } }),
      /parameters\.a has the type "str"/,
    ],
    ['a property that is no schema', () => define({ parameters: { properties: { a: 'string' } } }), /parameters\.a is no JSON Schema/],
    ['required that is no list', () => define({ parameters: { required: true } }), /`required` of the wrong form/],
    ['a schema of something else than an object', () => define({ parameters: { type: 'string' } }), /describe "string".*Wrap them/],
    ['a codec of something else than an object', () => define({ parameters: t.string }), /describe "string"/],
    [
      'a codec without a JSON Schema',
      () => define({ parameters: t.type({ a: t.type({ n: t.bigint }) }) }),
      /codec bigint at a\.n has no JSON Schema.*inputSchema/,
    ],
    [
      'a library that tells no JSON Schema',
      () => define({ parameters: v.object({}) }),
      /valibot does not tell.*inputSchema.*toStandardJsonSchema/,
    ],
    ['a schema its library cannot convert', () => define({ parameters: z.object({ a: z.bigint() }) }), /zod could not turn.*inputSchema/],
    ['an inputSchema that is none', () => define({ inputSchema: 'object' }), /inputSchema must be a JSON Schema object/],
  ];
  for (const [name, act, message] of mistakes) {
    it(name, () => expect(act).toThrow(message));
  }

  it('takes the longest time that a timer keeps', () => {
    expect(define({ timeoutMs: 2 ** 31 - 1 }).timeoutMs).toBe(2 ** 31 - 1);
  });

  it('takes names of 1 and of 64 characters, and retries where they are safe', () => {
    expect(define({ name: 'a' }).name).toBe('a');
    expect(define({ name: 'a'.repeat(64) }).name).toHaveLength(64);
    expect(define({ retries: 2, annotations: { idempotentHint: true } }).retries).toBe(2);
    expect(define({ retries: 2, annotations: { readOnlyHint: true } }).retries).toBe(2);
  });
});

describe('defineTool: types', () => {
  it('infers arguments from io-ts', () => {
    const parameters = t.intersection([t.type({ a: t.string, b: t.array(t.number) }), t.partial({ c: t.literal('x') })]);
    defineTool({ ...base, parameters, execute: (args) => expectTypeOf(args).toEqualTypeOf<{ a: string; b: number[] } & { c?: 'x' }>() });
  });

  it('infers arguments from zod, valibot and arktype: their output', () => {
    defineTool({
      ...base,
      parameters: z.object({ a: z.string().transform(Number), b: z.enum(['x', 'y']).optional() }),
      execute: (args) => expectTypeOf(args).toEqualTypeOf<{ a: number; b?: 'x' | 'y' | undefined }>(),
    });
    defineTool({
      ...base,
      parameters: v.object({ a: v.string(), b: v.optional(v.number()) }),
      inputSchema: {},
      execute: (args) => expectTypeOf(args).toEqualTypeOf<{ a: string; b?: number | undefined }>(),
    });
    defineTool({
      ...base,
      parameters: type({ a: 'string', 'b?': 'number' }),
      execute: (args) => expectTypeOf(args).toEqualTypeOf<{ a: string; b?: number }>(),
    });
  });

  it('infers arguments from a literal JSON Schema', () => {
    defineTool({
      ...base,
      parameters: {
        type: 'object',
        properties: {
          city: { type: 'string' },
          days: { type: 'integer' },
          unit: { enum: ['c', 'f'] },
          kind: { const: 'one-way' },
          stops: { type: 'array', items: { type: 'object', properties: { at: { type: 'number' } }, required: ['at'] } },
          note: { type: ['string', 'null'] },
          any: {},
          either: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
          map: { type: 'object', additionalProperties: { type: 'number' } },
        },
        required: ['city', 'unit'],
      },
      execute: (args) =>
        expectTypeOf(args).toEqualTypeOf<{
          city: string;
          unit: 'c' | 'f';
          days?: number;
          kind?: 'one-way';
          stops?: { at: number }[];
          note?: string | null;
          any?: Json;
          either?: boolean | null;
          map?: { [key: string]: number };
        }>(),
    });
  });

  it('gives a string for plain text, a grammar too', () => {
    defineTool({ ...base, parameters: { type: 'text' }, execute: (text) => expectTypeOf(text).toEqualTypeOf<string>() });
    const parameters = { type: 'grammar', syntax: 'lark', definition: 'start: "a"' } as const;
    const tool = defineTool({ ...base, parameters, execute: (text) => expectTypeOf(text).toEqualTypeOf<string>() });
    expectTypeOf(tool).toEqualTypeOf<Tool<string>>();
  });

  it('gives Json for a JSON Schema whose type was widened', () => {
    const schema: JsonSchema = wire;
    defineTool({ ...base, parameters: schema, execute: (args) => expectTypeOf(args).toEqualTypeOf<Json>() });
    const loose = { type: 'object', properties: { a: { type: 'string' } } };
    defineTool({ ...base, parameters: loose, execute: (args) => expectTypeOf(args).toEqualTypeOf<Json>() });
  });

  it('lets tools of any arguments stand in one list', () => {
    const one = defineTool({ ...base, parameters: t.type({ a: t.string }), execute: ({ a }) => a });
    const other = defineTool({ ...base, parameters: z.object({ b: z.number() }), execute: ({ b }) => b });
    expectTypeOf([one, other]).toExtend<readonly Tool[]>();
  });
});

describe('defineTool: what a library says', () => {
  const standard = (more: object) => ({ '~standard': { version: 1, vendor: 'mine', validate: (value: unknown) => ({ value }), ...more } });

  it('is a schema only with a `validate` of its own', () => {
    for (const parameters of [{ '~standard': null }, { '~standard': {} }, { '~standard': { validate: 1 } }]) {
      expect(() => define({ parameters })).toThrow(/none of its keys \(~standard\)/);
    }
    expect(() => define({ parameters: null })).toThrow(/must be an io-ts codec/);
    expect(() => define({ parameters: { name: 'a', decode: 1 } })).toThrow(/none of its keys/);
    expect(() => define({ parameters: { name: 1, decode: () => 1 } })).toThrow(/none of its keys/);
  });

  it('is asked for the newest JSON Schema, then for an older one; the first problem is the cause', () => {
    const asked: string[] = [];
    const old = {
      input: ({ target }: { target: string }) => {
        asked.push(target);
        if (target !== 'draft-07') throw new Error(`no ${target}`);
        return wire;
      },
    };
    expect(define({ parameters: standard({ jsonSchema: old }) }).inputSchema).toEqual(wire);
    expect(asked).toEqual(['draft-2020-12', 'draft-07']);
    const none = {
      input: ({ target }: { target: string }) => {
        throw new Error(`no ${target}`);
      },
    };
    expect(() => define({ parameters: standard({ jsonSchema: none }) })).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ message: 'no draft-2020-12' }) }),
    );
    expect(() => define({ parameters: standard({}) })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('valibot') }),
    );
  });

  it('may be wrong with the arguments as a whole', async () => {
    const validate = () => ({ issues: [{ message: 'bad' }, { message: 'worse', path: [{ key: 'a' }, 0] }] });
    expect(await check(define({ parameters: standard({ validate }), inputSchema: {} }), {})).toEqual([': bad', 'a[0]: worse']);
  });

  it('keeps why a codec has no JSON Schema as the cause', () => {
    expect(() => define({ parameters: t.type({ n: t.bigint }) })).toThrow(expect.objectContaining({ cause: expect.any(TypeError) }));
  });

  it('takes a grammar of either syntax that has a text', () => {
    for (const syntax of ['lark', 'regex']) {
      const format = { type: 'grammar', syntax, definition: 'a' };
      expect(define({ parameters: format }).format).toEqual(format);
      expect(() => define({ parameters: { ...format, definition: '' } })).toThrow(/definition: its text/);
    }
    expect(() => define({ parameters: { type: 'array' } })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('plain text') }),
    );
  });

  it('has only those settings that were given', () => {
    expect(Object.keys(define({})).sort()).toEqual(Object.keys(define({ startWhen: undefined, timeoutMs: undefined })).sort());
    expect(define({})).not.toHaveProperty('format');
    expect(define({})).not.toHaveProperty('startWhen');
    expect(define({})).not.toHaveProperty('timeoutMs');
    expect(define({})).not.toHaveProperty('execute');
  });
});
