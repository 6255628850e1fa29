import { Validator } from '@cfworker/json-schema';
import fc from 'fast-check';
import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { ioTsIssues } from '../../src/tools/io-ts-issues.ts';
import { ioTsSchema } from '../../src/tools/io-ts-schema.ts';
import { issuesText } from '../../src/tools/issues.ts';
import { moreThan } from '../support/reach.ts';

interface Chain {
  readonly next?: Chain;
}
interface Tree {
  readonly value: number;
  readonly children: readonly Tree[];
}
const Tree: t.Type<Tree> = t.recursion('Tree', () => t.type({ value: t.number, children: t.readonlyArray(Tree) }));
const Even = t.brand(t.number, (n): n is t.Branded<number, { readonly Even: symbol }> => n % 2 === 0, 'Even');
const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

describe('ioTsSchema', () => {
  const cases: ReadonlyArray<[string, t.Mixed, object]> = [
    ['string', t.string, { type: 'string' }],
    ['number', t.number, { type: 'number' }],
    ['boolean', t.boolean, { type: 'boolean' }],
    ['null', t.null, { type: 'null' }],
    ['unknown', t.unknown, {}],
    ['any object', t.UnknownRecord, { type: 'object' }],
    ['any array', t.UnknownArray, { type: 'array' }],
    ['literal', t.literal('x'), { type: 'string', enum: ['x'] }],
    [
      'literals of several types',
      t.union([t.literal('x'), t.literal(1), t.literal(true)]),
      { type: ['string', 'number', 'boolean'], enum: ['x', 1, true] },
    ],
    ['keyof', t.keyof({ a: null, b: null }), { type: 'string', enum: ['a', 'b'] }],
    ['array', t.array(t.string), { type: 'array', items: { type: 'string' } }],
    ['readonly array', t.readonlyArray(t.string), { type: 'array', items: { type: 'string' } }],
    ['type', t.type({ city: t.string }), city],
    ['readonly', t.readonly(t.type({ city: t.string })), city],
    ['partial', t.partial({ city: t.string }), { type: 'object', properties: { city: { type: 'string' } } }],
    ['strict', t.strict({ city: t.string }), { ...city, additionalProperties: false }],
    ['exact', t.exact(t.type({ city: t.string })), { ...city, additionalProperties: false }],
    [
      'strict, as older versions tag it',
      new t.StrictType('Old', t.UnknownRecord.is, t.UnknownRecord.validate, t.identity, { city: t.string }),
      { ...city, additionalProperties: false },
    ],
    [
      'a property of several types that may be undefined',
      t.type({ days: t.union([t.number, t.null, t.undefined]) }),
      { type: 'object', properties: { days: { anyOf: [{ type: 'number' }, { type: 'null' }] } } },
    ],
    [
      'an intersection of partial objects, as one',
      t.intersection([t.partial({ city: t.string }), t.partial({ days: t.number })]),
      { type: 'object', properties: { city: { type: 'string' }, days: { type: 'number' } } },
    ],
    [
      'an intersection with what has no fields',
      t.intersection([t.UnknownRecord, t.type({ city: t.string })]),
      { allOf: [{ type: 'object' }, city] },
    ],
    [
      'an exact intersection with a key in common: other keys are not forbidden, since each part would forbid those of the others',
      t.exact(t.intersection([t.type({ city: t.string }), t.type({ city: t.string, days: t.number })])),
      {
        allOf: [city, { type: 'object', properties: { city: { type: 'string' }, days: { type: 'number' } }, required: ['city', 'days'] }],
      },
    ],
    [
      'a record whose keys are of a kind',
      t.record(
        t.brand(t.string, (key): key is t.Branded<string, { readonly Id: symbol }> => key.length === 2, 'Id'),
        t.number,
      ),
      { type: 'object', additionalProperties: { type: 'number' }, propertyNames: { type: 'string' } },
    ],
    [
      'a property that may be undefined',
      t.type({ city: t.union([t.string, t.undefined]) }),
      { type: 'object', properties: { city: { type: 'string' } } },
    ],
    [
      'an intersection of objects, as one',
      t.intersection([t.type({ city: t.string }), t.partial({ days: t.number })]),
      { type: 'object', properties: { city: { type: 'string' }, days: { type: 'number' } }, required: ['city'] },
    ],
    [
      'an intersection of exact objects: exact only together',
      t.intersection([t.strict({ city: t.string }), t.exact(t.partial({ days: t.number }))]),
      {
        type: 'object',
        properties: { city: { type: 'string' }, days: { type: 'number' } },
        required: ['city'],
        additionalProperties: false,
      },
    ],
    [
      'an intersection with a key in common',
      t.intersection([t.strict({ city: t.string }), t.type({ city: t.literal('Hue') })]),
      { allOf: [city, { type: 'object', properties: { city: { type: 'string', enum: ['Hue'] } }, required: ['city'] }] },
    ],
    [
      'a union of a literal and another',
      t.union([t.literal('x'), t.number]),
      { anyOf: [{ type: 'string', enum: ['x'] }, { type: 'number' }] },
    ],
    [
      'an intersection whose parts share a key: only exact ones are opened',
      t.intersection([t.type({ a: t.string }), t.strict({ a: t.string }), t.record(t.string, t.string)]),
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          { type: 'object', additionalProperties: { type: 'string' } },
        ],
      },
    ],
    [
      'a property that is a union without undefined',
      t.type({ a: t.union([t.string, t.null]), b: t.unknown }),
      { type: 'object', properties: { a: { anyOf: [{ type: 'string' }, { type: 'null' }] }, b: {} }, required: ['a'] },
    ],
    ['an integer, as older versions name it', t.Integer, { type: 'integer' }],
    [
      'a refinement that has an integer’s name, of a string',
      t.brand(t.string, (s): s is t.Branded<string, { readonly Int: symbol }> => s !== '', 'Int'),
      { type: 'string' },
    ],
    ['union', t.union([t.string, t.null]), { anyOf: [{ type: 'string' }, { type: 'null' }] }],
    [
      'tuple',
      t.tuple([t.string, t.number]),
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false, minItems: 2, maxItems: 2 },
    ],
    ['record', t.record(t.string, t.number), { type: 'object', additionalProperties: { type: 'number' } }],
    [
      'record over a finite domain',
      t.record(t.keyof({ a: null, b: null }), t.number),
      { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
    ],
    ['integer', t.Int, { type: 'integer' }],
    ['brand', Even, { type: 'number' }],
    [
      'recursion',
      t.type({ tree: Tree }),
      {
        type: 'object',
        properties: { tree: { $ref: '#/$defs/Tree' } },
        required: ['tree'],
        $defs: {
          Tree: {
            type: 'object',
            properties: { value: { type: 'number' }, children: { type: 'array', items: { $ref: '#/$defs/Tree' } } },
            required: ['value', 'children'],
          },
        },
      },
    ],
    [
      'recursion at the top, written out',
      Tree,
      {
        type: 'object',
        properties: { value: { type: 'number' }, children: { type: 'array', items: { $ref: '#/$defs/Tree' } } },
        required: ['value', 'children'],
        $defs: expect.objectContaining({ Tree: expect.anything() }),
      },
    ],
  ];
  for (const [name, codec, schema] of cases) it(`converts ${name}`, () => expect(ioTsSchema(codec)).toEqual(schema));

  for (const [name, codec, place] of [
    ['a codec written by hand', t.type({ at: new t.Type('Stamp', t.number.is, t.number.validate, t.identity) }), /codec Stamp at at/],
    ['a function', t.type({ list: t.array(t.Function) }), /codec Function at list\[\]/],
    ['undefined on its own', t.type({ a: t.undefined }), /codec undefined at a/],
    ['a member of a tuple', t.type({ pair: t.tuple([t.string, t.Function]) }), /codec Function at pair\[1\]/],
    ['the values of a record', t.type({ all: t.record(t.string, t.Function) }), /codec Function at all\[\]/],
    [
      'the keys of a record',
      t.type({ all: t.record(new t.Type<string>('Key', t.string.is, t.string.validate, t.identity), t.string) }),
      /codec Key at all \(its keys\)/,
    ],
    ['a member of a union', t.type({ a: t.union([t.literal('x'), t.bigint]) }), /codec bigint at a/],
    ['all of it', t.bigint, /codec bigint has no JSON Schema/],
  ] as const) {
    it(`names the place of ${name}`, () => expect(() => ioTsSchema(codec)).toThrow(place));
  }

  it('names the bodies of recursive codecs apart, in 64 letters, digits and signs at most', () => {
    const recursive = (name: string) => {
      const Chain: t.Type<Chain> = t.recursion(name, () => t.partial({ next: Chain }));
      return Chain;
    };
    const codec = t.type({ a: recursive('A b<c>'), b: recursive('A b<c>'), c: recursive('A b<c>'), d: recursive('d'.repeat(65)) });
    expect(Object.keys(ioTsSchema(codec).$defs as object)).toEqual(['A_b_c_', 'A_b_c_2', 'A_b_c_3', 'd'.repeat(64)]);
  });

  it('names the body of a recursive codec whose name has no letters', () => {
    const Chain: t.Type<Chain> = t.recursion('', () => t.partial({ next: Chain }));
    expect(ioTsSchema(t.type({ chain: Chain }))).toMatchObject({
      properties: { chain: { $ref: '#/$defs/Recursive' } },
      $defs: { Recursive: { properties: { next: { $ref: '#/$defs/Recursive' } } } },
    });
  });

  it('law: accepts what the codec accepts', () => {
    const codecs = fc.letrec<{ codec: t.Mixed }>((tie) => ({
      codec: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<t.Mixed>(t.string, t.number, t.boolean, t.null, t.Int, t.literal('a'), t.keyof({ a: null, b: null })),
        tie('codec').map((codec) => t.array(codec)),
        tie('codec').map((codec) => t.record(t.string, codec)),
        fc.tuple(tie('codec'), tie('codec')).map(([one, other]) => t.union([one, other])),
        fc.tuple(tie('codec'), tie('codec')).map(([one, other]) => t.tuple([one, other])),
        fc.tuple(tie('codec'), tie('codec')).map(([one, other]) => t.intersection([t.type({ a: one }), t.partial({ b: other })])),
        tie('codec').map((codec) => t.type({ a: t.union([codec, t.undefined]) })),
      ),
    })).codec;
    const values = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<unknown>('a', 'b', 'c', 0, 1.5, true, null),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 2 }),
      ),
    })).value;
    const verdicts = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(codecs, fc.array(values, { minLength: 5, maxLength: 5 }), (codec, candidates) => {
        const validator = new Validator(ioTsSchema(codec), '2020-12');
        for (const value of candidates) {
          const { _tag } = codec.decode(value);
          verdicts[_tag === 'Right' ? 'accepted' : 'refused']++;
          expect(validator.validate(value).valid, `${codec.name} of ${JSON.stringify(value)}`).toBe(_tag === 'Right');
        }
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 400) },
    );
    expect(verdicts.accepted).toBeGreaterThan(moreThan(100));
    expect(verdicts.refused).toBeGreaterThan(moreThan(100));
  });
});

describe('ioTsIssues', () => {
  const issues = (codec: t.Mixed, value: unknown) => {
    const decoded = codec.decode(value);
    return decoded._tag === 'Left' ? issuesText(ioTsIssues(decoded.left)) : 'none';
  };

  it('names the path without the positions in unions and intersections, and never quotes the value', () => {
    const codec = t.intersection([
      t.type({ a: t.string, list: t.array(t.union([t.literal('x'), t.number])) }),
      t.partial({ c: t.boolean }),
    ]);
    expect(issues(codec, { list: ['SECRET', 2], c: 'SECRET' })).toBe(
      'a: expected string, got nothing; list[0]: expected "x" or expected number, got string; c: expected boolean, got string',
    );
  });

  it('says where everything is wrong', () => {
    expect(issues(t.type({ a: t.string }), 'text')).toBe('arguments: expected { a: string }, got string');
  });

  it('counts what is too much to list, and cuts long names', () => {
    const many = t.type(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, t.string])));
    expect(issues(many, {})).toMatch(/^k0: expected string, got nothing; .*; and 12 more$/);
    expect(issues(many, 1).length).toBeLessThan(150);
    const named = (length: number) => new t.Type('n'.repeat(length), t.string.is, t.string.validate, t.identity);
    expect(issues(t.type({ a: named(80) }), {})).toBe(`a: expected ${'n'.repeat(80)}, got nothing`);
    expect(issues(t.type({ a: named(81) }), {})).toBe(`a: expected ${'n'.repeat(80)}…, got nothing`);
  });

  it('are one where a codec says something else than errors of io-ts', () => {
    const one = [{ path: '', message: expect.any(String) }];
    const proper = { value: 1, context: [{ key: '', type: t.string }] };
    for (const errors of [undefined, 'no', [null], ['no'], [{}], [{ context: 'no' }], [proper, {}]])
      expect(ioTsIssues(errors)).toEqual(one);
    expect(ioTsIssues([proper])).toEqual([{ path: '', message: 'expected string, got number' }]);
    expect(ioTsIssues([{ value: 1, context: [] }])).toEqual([{ path: '', message: expect.stringMatching(/^expected .+, got number$/) }]);
  });
});
