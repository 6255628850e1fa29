// The works: what is done, how long it may take. A case's goal is a ratio of CPU time to the floor's, unless it says otherwise.

const W1 = { work: 'W1', kind: 'streams', text: 20_000, contestants: 'clients' };
const calls = [300, 300, 300].map((length) => ({ length, shortest: 1, longest: 20 }));
const W2 = { work: 'W2', kind: 'streams', streams: 200, text: 20, calls, contestants: 'clients' };

export const cases = [
  { ...W1, id: 'W1 one event', dialect: 'openai', chunking: 'event', goal: 0.8 },
  { ...W1, id: 'W1 1–3 events', dialect: 'openai', chunking: 'few', goal: 0.8 },
  { ...W1, id: 'W1 16 KiB', dialect: 'openai', chunking: 16_384, goal: 0.8 },
  { ...W1, id: 'W1 7 bytes', dialect: 'openai', chunking: 7, goal: 1.1 },
  { ...W2, id: 'W2 one event', dialect: 'openai', chunking: 'event', goal: 1.2 },
  { ...W2, id: 'W2 1–3 events', dialect: 'openai', chunking: 'few', goal: 1.2 },
  { ...W2, id: 'W2 16 KiB', dialect: 'openai', chunking: 16_384, goal: 1.4 },
  { ...W2, id: 'W2 7 bytes', dialect: 'openai', chunking: 7, goal: 1.1 },
  { ...W2, id: 'W2 Anthropic', dialect: 'anthropic', chunking: 'few', goal: 1.2 },
  { ...W2, id: 'W2 Ollama', dialect: 'ollama', chunking: 'few', goal: 1.2 },
];
