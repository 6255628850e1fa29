// The works: what is done, and how long it may take. A goal is a ratio of CPU time to the floor's, unless its `key` says otherwise.
// `alone`: measured for us and the floor; how the bytes were cut says little about the peers that one such case does not.

const cpu = (most) => [{ key: 'cpuRatio', most, of: 'F1' }];

const W1 = { work: 'W1', kind: 'streams', dialect: 'openai', text: 20_000 };
const calls = [300, 300, 300].map((length) => ({ length, shortest: 1, longest: 20 }));
const W2 = { work: 'W2', kind: 'streams', dialect: 'openai', streams: 200, text: 20, calls };

const sizes = [
  { name: '10 kB', length: 10_000, times: 1000 },
  { name: '100 kB', length: 100_000, times: 100 },
  { name: '1 MB', length: 1_000_000, times: 10 },
  { name: '10 MB', length: 10_000_000 },
];
const W3 = ({ name, length }) => ({
  kind: 'streams',
  dialect: 'openai',
  chunking: 16_384,
  text: 0,
  calls: [{ length, shortest: 8, longest: 8 }],
  length,
  size: name,
});

/** The longest: the floor alone takes seconds for it. */
const patience = ({ length }) => (length < 10_000_000 ? {} : { patience: 120_000 });

const W4 = { ...W2, work: 'W4', kind: 'crowd' };

export const cases = [
  { ...W1, alone: true, id: 'W1 one event', chunking: 'event', goals: cpu(0.8) },
  { ...W1, id: 'W1 1–3 events', chunking: 'few', goals: cpu(0.8), quick: true },
  { ...W1, id: 'W1 16 KiB', chunking: 16_384, goals: cpu(0.8) },
  { ...W1, alone: true, id: 'W1 7 bytes', chunking: 7, goals: cpu(1.1) },
  { ...W2, alone: true, id: 'W2 one event', chunking: 'event', goals: cpu(1.2) },
  { ...W2, id: 'W2 1–3 events', chunking: 'few', goals: cpu(1.2), quick: true },
  { ...W2, alone: true, id: 'W2 16 KiB', chunking: 16_384, goals: cpu(1.4) },
  { ...W2, alone: true, id: 'W2 7 bytes', chunking: 7, goals: cpu(1.1) },
  { ...W2, id: 'W2 Anthropic', dialect: 'anthropic', chunking: 'few', goals: cpu(1.2), quick: true },
  { ...W2, id: 'W2 Ollama', dialect: 'ollama', chunking: 'few', goals: cpu(1.2), quick: true },
  ...sizes.map((size) => ({
    ...W3(size),
    work: 'W3',
    id: `W3 ${size.name}`,
    views: true,
    goals: cpu(1.5),
    quick: size.length <= 100_000,
    ...patience(size),
  })),
  ...sizes.map((size) => ({
    ...W3(size),
    work: 'W3n',
    id: `W3n ${size.name}`,
    alone: size.length !== 100_000,
    goals: cpu(1),
    quick: size.length === 100_000,
  })),
  ...sizes
    .filter(({ times }) => times)
    .map((size) => ({
      work: 'parser',
      id: `parser ${size.name}`,
      kind: 'parser',
      ...size,
      size: size.name,
      goals: cpu(3),
      quick: size.length < 1e6,
    })),
  ...[100, 1_000, 10_000].map((streams) => ({
    ...W4,
    id: `W4 ${streams.toLocaleString('en')} at once`,
    streams,
    size: streams.toLocaleString('en'),
    goals: [...cpu(1.6), ...(streams === 10_000 ? [{ key: 'p99DelayMs', most: 100 }] : [])],
    ...(streams === 10_000 && { patience: 120_000 }),
    quick: streams === 100,
  })),
  { ...W4, id: 'W4 heap of an open stream', kind: 'heap', streams: 500, goals: [{ key: 'heapKb', most: 10 }], quick: true },
  {
    ...W1,
    id: 'W5 one delta a millisecond',
    work: 'W5',
    kind: 'pace',
    text: 1_000,
    goals: [
      { key: 'p50UsRatio', most: 1, of: 'F1' },
      { key: 'p99UsRatio', most: 1.5, of: 'F1' },
    ],
    quick: true,
  },
  {
    ...W1,
    id: 'an operator more',
    work: 'operators',
    kind: 'operators',
    chunking: 'few',
    contestants: ['toolstream'],
    goals: [
      { key: 'mapPercent', most: 3 },
      { key: 'stagePercent', most: 3 },
    ],
    quick: true,
  },
  {
    id: 'cold import',
    work: 'import',
    kind: 'import',
    base: 'rxjs',
    contestants: ['rxjs', 'toolstream', 'openai', 'AI SDK', 'LangChain', 'TanStack AI', 'xsAI'],
    goals: [{ key: 'cpuRatio', most: 1.2, of: 'rxjs' }],
    quick: true,
  },
];
