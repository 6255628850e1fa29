// Ours: the whole pipeline, from the request to a subscriber, as `docs/pipelines.md` has it.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The library of a build and the rxjs that it uses. */
export async function libraryOf(dist) {
  const file = join(dist, 'index.js');
  const rxjs = createRequire(file)('rxjs');
  return { ...rxjs, ...(await import(pathToFileURL(file).href)) };
}

/** @param between gives further operators, which come before the subscriber. */
export async function make({ dialect, dist, views }, between = () => []) {
  const library = await libraryOf(dist);
  const { accumulateToolCalls, decode, fetchBytes, httpRequest, measureLatency, parseNdjson, parseSse, partialArguments } = library;
  const spoken = { openai: library.openAiChat, anthropic: library.anthropicMessages, ollama: library.ollama }[dialect];
  const parse = dialect === 'ollama' ? parseNdjson : parseSse;
  const endpoint = { dialect: spoken, url: 'http://model.test/v1', model: 'm', apiKey: 'key' };
  const extra = views ? [partialArguments()] : between(library);
  const request = { messages: [{ role: 'user', content: 'Hello' }] };

  // 10 MB of arguments in fragments of 8 characters are a response of 280 MB: more than the bound, which is raised as its error says.
  const bounds = { maxResponseLength: 1024 ** 3 };

  return (fetch, sink) =>
    new Promise((resolve, reject) => {
      fetchBytes(httpRequest(endpoint, request), { fetch })
        .pipe(parse(), decode(spoken, bounds), accumulateToolCalls(), measureLatency(), ...extra)
        .subscribe({
          next(event) {
            if (event.type === 'text-delta') sink.onText(event.text);
            else if (event.type === 'tool-call') sink.onCall(event.name, event.arguments.right);
            else if (views && event.type === 'tool-call-delta') sink.onView(event.partial);
          },
          error: reject,
          complete: resolve,
        });
    });
}

/** The whole answer in one call: the pipeline with its time limits, and what the tools and the next rounds need. Nobody runs the tools, so that one round is all. */
async function makeAnswer({ dialect, dist }) {
  const { anthropicMessages, defineTool, httpModel, ollama, openAiChat, streamAnswer } = await libraryOf(dist);
  const endpoint = {
    dialect: { openai: openAiChat, anthropic: anthropicMessages, ollama }[dialect],
    url: 'http://model.test/v1',
    model: 'm',
    apiKey: 'key',
  };
  const tools = ['search_flights', 'get_weather', 'write_file'].map((name) =>
    defineTool({ name, description: name, parameters: { type: 'object' } }),
  );
  const request = { messages: [{ role: 'user', content: 'Hello' }] };
  return (fetch, sink) =>
    new Promise((resolve, reject) => {
      streamAnswer({ model: httpModel({ ...endpoint, fetch }), request, tools }).subscribe({
        next(event) {
          if (event.type === 'text-delta') sink.onText(event.text);
          else if (event.type === 'tool-call') sink.onCall(event.name, event.arguments.right);
        },
        error: reject,
        complete: resolve,
      });
    });
}

export const toolstream = { make };
export const answer = { make: makeAnswer };
