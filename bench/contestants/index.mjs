// Who takes part, by name. Loaded on first need: each process measures one of them and should hold no other.
const PARSERS = ['partial-json', 'best-effort-json-parser', 'AI SDK parsePartialJson', 'jsonriver', '@streamparser/json', 'clarinet'];

/** `views`: can show arguments while they are written. */
const clients = {
  floor: { file: 'floor', key: 'floor', dialects: ['openai', 'anthropic', 'ollama'] },
  toolstream: { file: 'toolstream', key: 'toolstream', dialects: ['openai', 'anthropic', 'ollama'], views: true },
  streamAnswer: { file: 'toolstream', key: 'answer', dialects: ['openai', 'anthropic', 'ollama'] },
  openai: { file: 'openai', key: 'create', dialects: ['openai'] },
  'openai stream()': { file: 'openai', key: 'helper', dialects: ['openai'], views: true },
  'AI SDK': { file: 'ai-sdk', key: 'aiSdk', dialects: ['openai'] },
  LangChain: { file: 'langchain', key: 'langchain', dialects: ['openai'], views: true },
  'TanStack AI': { file: 'tanstack', key: 'tanstack', dialects: ['openai'] },
  xsAI: { file: 'xsai', key: 'xsai', dialects: ['openai'] },
  anthropic: { file: 'anthropic', key: 'create', dialects: ['anthropic'] },
  'anthropic stream()': { file: 'anthropic', key: 'helper', dialects: ['anthropic'] },
  ollama: { file: 'ollama', key: 'ollama', dialects: ['ollama'] },
};

/** The names of those who can take part in a case. */
export function contestantsOf({ kind, dialect, views, contestants, alone }) {
  if (contestants) return contestants;
  if (alone) return ['floor', 'toolstream'];
  if (kind === 'parser') return ['floor', 'toolstream', ...PARSERS];
  const able = Object.keys(clients).filter(
    (name) => clients[name].dialects.includes(dialect) && (name === 'floor' || !views || clients[name].views),
  );
  return views ? [...able, ...PARSERS] : able;
}

/** `toolstream@other` is the build that `--dist other=folder` named. */
export async function contestant(name) {
  const client = clients[name.startsWith('toolstream@') ? 'toolstream' : name];
  if (client) return (await import(`./${client.file}.mjs`))[client.key];
  return (await import('./hand-loop.mjs')).handLoopWith(name);
}
