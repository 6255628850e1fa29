import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackedProject, packedProject, packedTarball } from './packed.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly sideEffects: boolean;
}

/** What a user without fast-check and without a worker pool has. */
const INSTALLED = ['rxjs', 'eventsource-parser', '@cfworker/json-schema'];

let tarball: string;

beforeAll(() => {
  tarball = packedTarball();
}, 180_000);

afterAll(() => {
  if (tarball) rmSync(dirname(tarball), { recursive: true, force: true });
});

describe('the packed package, in an empty project', () => {
  let project: PackedProject;
  let manifest: Manifest;

  beforeAll(() => {
    project = packedProject(tarball, INSTALLED);
    manifest = JSON.parse(project.read('package.json')) as Manifest;
  });

  afterAll(() => project?.remove());

  it('holds what its exports name, the licence and the changelog, and no source', () => {
    const named = Object.values(manifest.exports).flatMap((target) => (typeof target === 'string' ? [] : [target.types, target.default]));
    expect(project.files).toEqual(
      expect.arrayContaining([...named.map((file) => file.replace('./', '')), 'LICENSE', 'CHANGELOG.md', 'README.md']),
    );
    expect(project.files.filter((file) => /^(src|operators|test|examples|docs)\//.test(file))).toEqual([]);
  });

  it('imports nothing but what it declares: fp-ts and io-ts are inlined', () => {
    const declared = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]);
    const imported = new Set<string>();
    for (const file of project.files.filter((name) => /\.(js|d\.ts)$/.test(name))) {
      const code = project.read(file).replace(/\/\*[\s\S]*?\*\//g, '');
      for (const [, specifier = ''] of code.matchAll(/(?:^|[\s;{}(])(?:from|import)\s*\(?\s*["']([^"'.][^"']*)["']/g)) {
        imported.add(/^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
      }
    }
    expect([...imported]).toEqual(expect.arrayContaining(['rxjs', 'eventsource-parser']));
    expect([...imported].filter((name) => name === 'fp-ts' || name === 'io-ts')).toEqual([]);
    expect([...imported].filter((name) => !declared.has(name) && !name.startsWith('node:'))).toEqual([]);
  });

  it.each(['toolstream', 'toolstream/operators', 'toolstream/dialects', 'toolstream/testing'])(
    '%s loads under plain Node, without side effects',
    (entry) => {
      const { stdout, stderr, status } = project.runNode(
        'load.mjs',
        `const before = Object.getOwnPropertyNames(globalThis).length;
       const names = [Array, Object, String, Promise].map((type) => Object.getOwnPropertyNames(type.prototype).length).join();
       const loaded = await import(${JSON.stringify(entry)});
       const after = [Array, Object, String, Promise].map((type) => Object.getOwnPropertyNames(type.prototype).length).join();
       console.log(Object.keys(loaded).length > 0, Object.getOwnPropertyNames(globalThis).length - before, names === after, 'default' in loaded);`,
      );
      expect([stdout.trim(), stderr, status]).toEqual(['true 0 true false', '', 0]);
      expect(manifest.sideEffects).toBe(false);
    },
  );

  it('streams an answer with a tool, under plain Node', () => {
    const { stdout, stderr } = project.runNode(
      'answer.mjs',
      `import { collectAnswer, defineTool, streamAnswer } from 'toolstream';
       import { scriptedModel } from 'toolstream/testing';
       import { lastValueFrom } from 'rxjs';
       const add = defineTool({
         name: 'add', description: 'Adds', parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
         annotations: { readOnlyHint: true }, execute: ({ a, b }) => a + b,
       });
       const model = scriptedModel([[{ call: 'add', arguments: { a: 15, b: 27 } }], ['It is 42.']]);
       const answer = await lastValueFrom(streamAnswer({ model, request: { messages: [] }, tools: [add] }).pipe(collectAnswer()));
       console.log(answer.text, JSON.stringify(answer.results.map((result) => result.outcome)));`,
    );
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('It is 42. [{"_tag":"Right","right":42}]');
  });

  it('reads bytes to events, under plain Node', () => {
    const { stdout, stderr } = project.runNode(
      'bytes.mjs',
      `import { accumulateToolCalls, decode, parseSse } from 'toolstream/operators';
       import { openAiChat } from 'toolstream/dialects';
       import { openAiChatBytes, splitBytes } from 'toolstream/testing';
       import { from } from 'rxjs';
       const bytes = openAiChatBytes([{ type: 'round-start' }, { type: 'text-delta', text: 'né' }, { type: 'finish-reason', reason: 'stop', raw: 'stop' }, { type: 'round-end' }]);
       const types = [];
       from(splitBytes(bytes, 'single')).pipe(parseSse(), decode(openAiChat), accumulateToolCalls()).subscribe((event) => types.push(event.type));
       console.log(types.join(' '));`,
    );
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('round-start text-delta finish-reason round-end');
  });
});

describe('the packed package, beside a user’s own libraries', () => {
  let project: PackedProject;

  beforeAll(() => {
    project = packedProject(tarball, [...INSTALLED, 'io-ts', 'fp-ts', 'fast-check', 'tinypool']);
  });

  afterAll(() => project?.remove());

  it('type-checks with a codec of the user’s own io-ts, declarations included', { timeout: 120_000 }, () => {
    const problems = project.typeCheck(
      'use.ts',
      `import * as t from 'io-ts';
       import { defineTool, streamAnswer, type AnswerEvent, type Model } from 'toolstream';
       import { decode, parseSse } from 'toolstream/operators';
       import { openAiChat } from 'toolstream/dialects';
       import { arbitraries, scriptedModel } from 'toolstream/testing';
       import { workerTool } from 'toolstream/node';
       import fc from 'fast-check';
       import { from, type Observable } from 'rxjs';

       export const weather = defineTool({
         name: 'get_weather', description: 'Weather', parameters: t.type({ location: t.string }),
         execute: ({ location }) => location.toUpperCase(),
       });
       export const model: Model = scriptedModel([['hi']]);
       export const answer$: Observable<AnswerEvent> = streamAnswer({ model, request: { messages: [] }, tools: [weather] });
       export const frames$ = from(['data: {}']).pipe(parseSse(), decode(openAiChat));
       export const rounds = arbitraries(fc).round();
       export const worker = workerTool;

       // @ts-expect-error location is a string
       defineTool({ name: 'x', description: 'x', parameters: t.type({ location: t.string }), execute: ({ location }) => location * 2 });
      `,
    );
    expect(problems).toBe('');
  });

  it('loads toolstream/node', () => {
    const { stdout, stderr } = project.runNode('node.mjs', `import * as node from 'toolstream/node'; console.log(typeof node.workerTool);`);
    expect([stdout.trim(), stderr]).toEqual(['function', '']);
  });
});
