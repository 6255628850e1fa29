// How many deltas of the recorded streams were like one before, so that their payload was not parsed whole: seen by who calls `JSON.parse`.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
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

/** @returns `{ dialect: { hitPercent, streams } }` over the ten longest recordings of each; `undefined` where nothing counts or none are there. */
export async function fastPath(dist, shared) {
  const manifest = join(shared, 'streams/manifest.json');
  if (!existsSync(manifest)) return undefined;
  const library = await libraryOf(dist);
  const files = JSON.parse(readFileSync(manifest, 'utf8')).map(({ file }) => join(shared, 'streams', file));
  const found = {};
  for (const [folder, name] of Object.entries(dialects)) {
    const longest = files
      .filter((file) => file.includes(`/${folder}/`))
      .sort((a, b) => statSync(b).size - statSync(a).size)
      .slice(0, LONGEST);
    const rate = rateOf(library, library[name], longest);
    if (rate !== undefined) found[name] = { hitPercent: rate, streams: longest.length };
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

const DELTAS = new Set(['text-delta', 'reasoning-delta', 'refusal-delta', 'tool-call-delta']);

function rateOf({ ndjsonParser, runStage, sseParser }, dialect, files) {
  let deltas = 0;
  let parsed = 0;
  for (const file of files) {
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
      if (whole) parsed++;
    }
  }
  return deltas === 0 ? undefined : Math.round((1000 * (deltas - parsed)) / deltas) / 10;
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
