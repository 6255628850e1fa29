// How many deltas of the recorded streams take the decoder's fast path. The row shows only where the build counts them: a decoder with
// `fastPath: { hits, misses }`, counted over its own stream.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { libraryOf } from '../contestants/toolstream.mjs';

/** Those that stream deltas: their folders, and our names of them. */
const dialects = {
  'openai-chat': 'openAiChat',
  anthropic: 'anthropicMessages',
  'openai-responses': 'openAiResponses',
  cohere: 'cohere',
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

function rateOf({ ndjsonParser, runStage, sseParser }, dialect, files) {
  let hits = 0;
  let all = 0;
  for (const file of files) {
    const frames = runStage(file.endsWith('.ndjson') ? ndjsonParser() : sseParser(), [readFileSync(file)]).values;
    const decoder = dialect.decoder();
    runStage(decoder, frames);
    if (decoder.fastPath === undefined) return undefined;
    hits += decoder.fastPath.hits;
    all += decoder.fastPath.hits + decoder.fastPath.misses;
  }
  return all === 0 ? undefined : Math.round((1000 * hits) / all) / 10;
}
