// How many deltas of the recorded streams were like one before, so that their payload was not parsed whole: seen by who calls `JSON.parse`.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { libraryOf } from '../contestants/toolstream.mjs';

/** Those that stream deltas: their folders, and our names of them. */
const dialects = {
  'openai-chat': 'openAiChat',
  anthropic: 'anthropicMessages',
  'openai-responses': 'openAiResponses',
  cohere: 'cohere',
  gemini: 'gemini',
  ollama: 'ollama',
};
const LONGEST = 10;

/**
 * @returns `{ dialect: { hitPercent, againPercent, streams, recordings } }`; `undefined` where nothing counts or no recordings are there. The
 * percentages are over the ten longest, which are read first; `recordings` has all with deltas, each read twice: `[name, deltas, hits, hits again]`.
 */
export async function fastPath(dist, shared) {
  const manifest = join(shared, 'streams/manifest.json');
  if (!existsSync(manifest)) return undefined;
  const library = await libraryOf(dist);
  const files = JSON.parse(readFileSync(manifest, 'utf8')).map(({ file }) => join(shared, 'streams', file));
  const found = {};
  for (const [folder, name] of Object.entries(dialects)) {
    const longestFirst = files.filter((file) => file.includes(`/${folder}/`)).sort((a, b) => statSync(b).size - statSync(a).size);
    const read = longestFirst.map((file) => {
      const { deltas, hits } = hitsOf(library, library[name], file);
      return [basename(file).replace(/\.\w+$/, ''), deltas, hits, hitsOf(library, library[name], file).hits];
    });
    const longest = read.slice(0, LONGEST);
    const percent = (at) => Math.round((1000 * sum(longest, at)) / sum(longest, 1)) / 10;
    if (sum(longest, 2) === 0) continue;
    found[name] = {
      hitPercent: percent(2),
      againPercent: percent(3),
      streams: longest.length,
      recordings: read.filter(([, deltas]) => deltas > 0),
    };
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

const sum = (rows, at) => rows.reduce((total, row) => total + row[at], 0);

const DELTAS = new Set(['text-delta', 'reasoning-delta', 'refusal-delta', 'tool-call-delta']);

function hitsOf({ ndjsonParser, runStage, sseParser }, dialect, file) {
  let deltas = 0;
  let hits = 0;
  const frames = runStage(file.endsWith('.ndjson') ? ndjsonParser() : sseParser(), [readFileSync(file)]).values;
  const decoder = dialect.decoder();
  for (const frame of frames) {
    let said = false;
    const out = {
      enqueue: ({ type }) => {
        said ||= DELTAS.has(type);
      },
      error: () => {},
      terminate: () => {},
    };
    const whole = isParsed(frame.data, () => decoder.transform(frame, out));
    if (!said) continue;
    deltas++;
    if (!whole) hits++;
  }
  return { deltas, hits };
}

/** Whether a text is parsed, whole, while something is done. */
function isParsed(text, work) {
  const { parse } = JSON;
  let seen = false;
  JSON.parse = (given, ...rest) => {
    seen ||= given === text;
    return parse(given, ...rest);
  };
  try {
    work();
  } finally {
    JSON.parse = parse;
  }
  return seen;
}
