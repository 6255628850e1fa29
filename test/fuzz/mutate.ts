import type { Random } from './random.ts';

/** What parsers trip over. */
const TOKENS = [
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  'data: ',
  'data:[DONE]\n\n',
  'event: error\n',
  'event: ping\n',
  ': ',
  'id: 1\0\n',
  'retry: 99999999999\n',
  '\ufeff',
  '\0',
  '\ud800',
  '\\ud83d',
  '\\u0000',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  'true',
  '1e999',
  '-0',
  '9007199254740993',
  '""',
  '{}',
  '[]',
  '"__proto__":{"x":1},',
  '"constructor":null,',
  '"error":{"message":"boom"},',
  '"index":-1,',
  '"index":1e9,',
  '"id":"",',
  '"id":null,',
  '"name":"f",',
  '"type":"ping",',
  '<tool_call>',
  '</tool_call>',
  '<think>',
  '</think>',
  '[TOOL_CALLS]',
  '```json\n',
  '<|python_tag|>',
  '<function=f>',
  '[f(a=1)]',
];
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e9,
  1.5,
  '',
  'x',
  '\ud800',
  '\0',
  [],
  {},
  [null],
  [[]],
  { a: null },
  { __proto__: 1 },
  'null',
  '{',
  '{}',
  '[DONE]',
];

/** Changes some bytes of a body; `other` is another body, to take pieces from. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let changed = bytes;
  for (let times = 1 + random.below(4); times > 0; times--) changed = random.of(MUTATIONS)(changed, other, random).subarray(0, 400_000);
  return changed;
}

type Mutation = (bytes: Uint8Array, other: Uint8Array, random: Random) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  (bytes, _, random) => {
    const changed = bytes.slice();
    for (let n = 1 + random.below(8); n > 0 && changed.length > 0; n--) flip(changed, random.below(changed.length), random.below(8));
    return changed;
  },
  (bytes, _, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, _, random) => spliced(bytes, ...range(bytes, random), new Uint8Array()),
  (bytes, _, random) => {
    const [from, to] = range(bytes, random);
    return spliced(bytes, to, to, bytes.subarray(from, to));
  },
  (bytes, other, random) => spliced(bytes, ...range(bytes, random), other.subarray(...range(other, random))),
  (bytes, _, random) => {
    const at = random.below(bytes.length + 1);
    const token = random.of(TOKENS).repeat(random.below(20) === 0 ? 1 + random.below(3000) : 1);
    return spliced(bytes, at, at, new TextEncoder().encode(token));
  },
  lines,
  values,
  values,
  values,
];

function flip(bytes: Uint8Array, at: number, bit: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
}

/** Swaps, repeats or drops lines: frames in another order. */
function lines(bytes: Uint8Array, _: Uint8Array, random: Random): Uint8Array {
  const separator = random.below(2) === 0 ? '\n' : '\n\n';
  const all = new TextDecoder().decode(bytes).split(separator);
  const a = random.below(all.length);
  const b = random.below(all.length);
  const kind = random.below(3);
  if (kind === 0) [all[a], all[b]] = [all[b] as string, all[a] as string];
  else if (kind === 1) all.splice(a, 0, all[b] as string);
  else all.splice(a, 1);
  return new TextEncoder().encode(all.join(separator));
}

/** Changes one value in the JSON of one line. */
function values(bytes: Uint8Array, _: Uint8Array, random: Random): Uint8Array {
  const all = new TextDecoder().decode(bytes).split('\n');
  const at = random.below(all.length);
  const line = all[at] as string;
  const start = line.search(/[{[]/);
  if (start === -1) return bytes;
  try {
    const payload = JSON.parse(line.slice(start)) as unknown;
    const places = placesIn(payload);
    if (places.length === 0) return bytes;
    const { within, key } = random.of(places);
    const kind = random.below(6);
    if (kind === 0) delete within[key];
    else if (kind === 1) Object.assign(within, { [random.of(places).key]: within[key] });
    else if (kind === 2) within[key] = random.of(places).within[random.of(places).key];
    else within[key] = random.of(VALUES);
    all[at] = line.slice(0, start) + JSON.stringify(payload);
  } catch {
    return bytes;
  }
  return new TextEncoder().encode(all.join('\n'));
}

type Holder = { [key: string]: unknown };

function placesIn(value: unknown): { within: Holder; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const within = value as Holder;
  return Object.keys(within).flatMap((key) => [{ within, key }, ...placesIn(within[key])]);
}

function range(bytes: Uint8Array, random: Random): [number, number] {
  const from = random.below(bytes.length + 1);
  return [from, Math.min(bytes.length, from + random.below(random.below(2) === 0 ? 16 : 2000))];
}

function spliced(bytes: Uint8Array, from: number, to: number, put: Uint8Array): Uint8Array {
  const joined = new Uint8Array(from + put.length + bytes.length - to);
  joined.set(bytes.subarray(0, from));
  joined.set(put, from);
  joined.set(bytes.subarray(to), from + put.length);
  return joined;
}
