import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Framing } from '../../src/dialects/dialect.ts';
import type { ModelEvent } from '../../src/events.ts';
import { runStage } from '../../src/stage.ts';
import { dialects, type Seed } from './target.ts';

/** One answer, as each dialect writes it. */
const SAID: readonly ModelEvent[] = [
  { type: 'round-start', responseId: 'r1', model: 'm' },
  { type: 'reasoning-delta', text: 'Let me <think>see</think>.' },
  { type: 'text-delta', text: 'Xin chào 😀 <tool_call>{"name":"f","arguments":{"a":1}}</tool_call> [f(a=1)] done.' },
  { type: 'tool-call-start', callId: 'c1', index: 0, name: 'get_weather' },
  { type: 'tool-call-delta', callId: 'c1', index: 0, text: '{"city":"Hà' },
  { type: 'tool-call-delta', callId: 'c1', index: 0, text: ' Nội","days":[1,2.5e3,null]}' },
  { type: 'tool-call-start', callId: 'c2', index: 1, name: 'f' },
  { type: 'tool-call-delta', callId: 'c2', index: 1, text: '{}' },
  { type: 'usage', usage: { inputTokens: 10, outputTokens: 5 }, raw: {} },
  { type: 'finish-reason', reason: 'tool-calls', raw: 'tool_calls' },
  { type: 'round-end', reason: 'tool-calls', message: { role: 'assistant', content: '' } },
];

/** Recordings of real servers, where the test data is in `folder`, and an answer of our own in every dialect. */
export function seedsFrom(folder: string | undefined): Seed[] {
  const own = dialects.map(({ name, framing, encoder }): Seed => {
    const frames = runStage(encoder(), SAID).values;
    const sse = frames.map(({ event, data }) => `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`).join('');
    const text =
      framing === 'sse'
        ? sse
        : framing === 'json-array'
          ? `[${frames.map(({ data }) => data).join(',\n')}]`
          : frames.map(({ data }) => `${data}\n`).join('');
    return { dialect: name, framing, bytes: new TextEncoder().encode(text) };
  });
  return folder === undefined ? own : [...own, ...recorded(folder)];
}

function recorded(folder: string): Seed[] {
  const manifest = JSON.parse(readFileSync(join(folder, 'streams/manifest.json'), 'utf8')) as { file: string; dialect: string }[];
  return manifest
    .map(({ file, dialect }): Seed => {
      const name = dialects.find((known) => known.name === dialect || known.name.startsWith(dialect))?.name ?? 'openai-chat';
      const framing: Framing = file.endsWith('.ndjson') ? 'ndjson' : file.endsWith('.json') ? 'json-array' : 'sse';
      return { dialect: name, framing, bytes: new Uint8Array(readFileSync(join(folder, 'streams', file))) };
    })
    .filter(({ bytes }) => bytes.length < 100_000);
}
