import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundled } from './bundle.ts';
import { type PackedProject, packedProject, packedTarball } from './packed.ts';

const INSTALLED = ['rxjs', 'tslib', 'eventsource-parser', '@cfworker/json-schema'];

const STANDARD_SCHEMA = `{ '~standard': {
  version: 1,
  vendor: 'own',
  validate: (value) => (typeof value?.city === 'string' ? { value } : { issues: [{ message: 'expected a city' }] }),
  jsonSchema: { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) },
} }`;
const JSON_SCHEMA = `{ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }`;

const tool = (parameters: string) =>
  `const weather = defineTool({ name: 'weather', description: 'Weather', parameters: ${parameters}, execute: ({ city }) => city });`;
const ENDPOINT = `{ dialect: openAiChat, url: 'https://api.example/v1', apiKey: 'key', model: 'm' }`;

const answering = (parameters: string) => `
  import { defineTool, httpModel, openAiChat, streamAnswer } from 'toolstream';
  ${tool(parameters)}
  const request = { messages: [{ role: 'user', content: 'Weather in Tokyo?' }] };
  streamAnswer({ model: httpModel(${ENDPOINT}), request, tools: [weather] }).subscribe(console.log);
`;

const BY_HAND = `
  import { accumulateToolCalls, decode, defineTool, executeTools, fetchBytes, httpRequest, openAiChat, parseSse, resumeAfterTools } from 'toolstream';
  ${tool(STANDARD_SCHEMA)}
  const ask = (r) => fetchBytes(httpRequest(${ENDPOINT}, r)).pipe(parseSse(), decode(openAiChat), accumulateToolCalls(), executeTools([weather]));
  const request = { messages: [{ role: 'user', content: 'Weather in Tokyo?' }], tools: [weather] };
  ask(request).pipe(resumeAfterTools({ request, ask })).subscribe(console.log);
`;

const PAGE = `
  import { answerState, fromSse } from 'toolstream';
  export const states = (bytes$) => bytes$.pipe(fromSse(), answerState());
`;

let tarball: string;
let project: PackedProject;

beforeAll(() => {
  tarball = packedTarball();
  project = packedProject(tarball, INSTALLED);
}, 180_000);

afterAll(() => {
  project?.remove();
  if (tarball) rmSync(dirname(tarball), { recursive: true, force: true });
});

/** Bounds a little above what they are, in bytes: what makes a bundle grow should be seen. RxJS and the SSE parser are in all of them. */
describe('what a page loads, minified and compressed', () => {
  it.each([
    { program: 'parseSse alone', code: `export { parseSse } from 'toolstream';`, most: 6_900 },
    { program: "a page that shows a server's events", code: PAGE, most: 13_700 },
    { program: 'the steps by hand, one tool', code: BY_HAND, most: 53_600 },
    { program: 'streamAnswer over HTTP, one tool with a Standard Schema', code: answering(STANDARD_SCHEMA), most: 57_400 },
    { program: 'streamAnswer over HTTP, one tool with a JSON Schema', code: answering(JSON_SCHEMA), most: 57_400 },
  ])('$program: at most $most bytes', async ({ program, code, most }) => {
    const { bytes, gzipBytes } = await bundled(project, code);
    console.log(`${program}: ${gzipBytes} bytes, ${bytes} before compression`);
    expect(gzipBytes).toBeLessThanOrEqual(most);
  });
});

describe('what is left out of a bundle', () => {
  let answer: Bundle;
  /** A bound that is a product may stay behind: no bundler is sure of it. */
  const sources = ({ bySource }: Bundle) => [...bySource].filter(([, bytes]) => bytes > 150).map(([source]) => source);

  beforeAll(async () => {
    answer = await bundled(project, answering(JSON_SCHEMA));
  });

  it('other dialects, sockets, other framings, calls written as text, the latency meter, and models around models', () => {
    const others =
      /dialects\/(anthropic|cohere|duplex|gemini|ollama|openai-responses|responses-session|chat-chunks)|socket|ndjson|array-items/;
    expect(sources(answer).filter((source) => others.test(source))).toEqual([]);
    const rare = /^src\/(text|interop|testing)\/|models\/(canary|fallback|presets|with-)|rounds\/chat|latency\/(?!histogram)|agent-tool/;
    expect(sources(answer).filter((source) => rare.test(source))).toEqual([]);
  });

  it('most of io-ts: its classes that no wire format is written in', () => {
    expect(answer.bySource.get('io-ts')).toBeLessThan(4_500);
    expect(answer.bySource.get('fp-ts')).toBeLessThan(1_000);
  });

  it('the validator of plain JSON Schemas, until the first arguments come', () => {
    expect(sources(answer)).not.toContain('@cfworker/json-schema');
    expect(answer.later.filter((source) => source === '@cfworker/json-schema')).not.toEqual([]);
  });

  it('everything, where nothing is used: no module does anything but to declare, whatever package.json says', async () => {
    const manifest = join(project.folder, 'node_modules/toolstream/package.json');
    const declared = project.read('package.json');
    writeFileSync(manifest, declared.replace('"sideEffects": false', '"sideEffects": true'));
    try {
      const all = await bundled(project, `import 'toolstream';`);
      expect(sources(all).filter((source) => /^(src|operators)\/|^(io|fp)-ts$/.test(source))).toEqual([]);
    } finally {
      writeFileSync(manifest, declared);
    }
  });
});
