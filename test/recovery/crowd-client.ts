/** A process with a crowd of answers at once, each with two calls and two rounds: how they ended, how late their calls were, what they weigh. */
import { defineTool, httpModel, type Model, openAiChat, streamAnswer } from '../../src/index.ts';

const [urls = '', many = '1000', rampMs = '1000', weighing = ''] = process.argv.slice(2);
const count = Number(many);
const delays: number[] = [];
const ends: Record<string, number> = {};
let texts = 0;
let ran = 0;
let open = 0;
let peak = 0;

const look = defineTool({
  name: 'look',
  description: 'Looks up a city',
  parameters: { type: 'object', properties: { city: { type: 'string' }, sent: { type: 'number' } }, required: ['city'] },
  annotations: { readOnlyHint: true },
  execute: ({ city }) => {
    ran++;
    return city;
  },
});
/** What is shown is that all end, on a machine of any speed: none may run out of time on a slow one. */
const timeouts = { connectMs: Infinity, firstEventMs: Infinity, idleMs: Infinity, totalMs: Infinity };
const models = urls.split(' ').map((url) => httpModel({ dialect: openAiChat, url, model: 'm', timeouts }));
const request = { messages: [{ role: 'user', content: 'go' }] } as const;

global.gc?.();
const before = process.memoryUsage();
let heapPerAnswer = 0;
let rssPerAnswer = 0;
let over = 0;

/** Microseconds, by a clock that all processes of a machine share. */
const now = () => Number(process.hrtime.bigint() / 1000n);

function begin(model: Model): void {
  open++;
  peak = Math.max(peak, open);
  let text = '';
  const end = (how: string) => {
    ends[how] = (ends[how] ?? 0) + 1;
    open--;
    if (text === 'Let me look that up. Both are there.') texts++;
    if (++over === count) report();
  };
  streamAnswer({ model, request, tools: [look] }).subscribe({
    next: (event) => {
      if (event.type === 'text-delta') text += event.text;
      if (event.type !== 'tool-call' || event.arguments._tag === 'Left') return;
      const { sent } = event.arguments.right as { readonly sent: number };
      delays.push(now() - sent);
    },
    error: (error: Error) => end(`${error.name}: ${error.message}`),
    complete: () => end('answered'),
  });
}

function weigh(): void {
  global.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  heapPerAnswer = (heapUsed - before.heapUsed) / open;
  rssPerAnswer = (rss - before.rss) / open;
}

function report(): void {
  delays.sort((a, b) => a - b);
  const at = (part: number) => Math.round((delays[Math.floor(delays.length * part)] ?? 0) / 10) / 100;
  const cpu = process.cpuUsage();
  const figures = {
    answers: count,
    atOnce: peak,
    ends,
    wholeTexts: texts,
    calls: delays.length,
    ran,
    // A full collection, which weighing takes, would be measured too.
    ...(weighing
      ? { heapKbPerAnswer: Math.round(heapPerAnswer / 102.4) / 10, rssKbPerAnswer: Math.round(rssPerAnswer / 102.4) / 10 }
      : { callDelayMs: { p50: at(0.5), p99: at(0.99), max: Math.round((delays.at(-1) ?? 0) / 10) / 100 } }),
    cpuSeconds: Math.round((cpu.user + cpu.system) / 10_000) / 100,
  };
  process.send?.(figures, () => process.exit());
}

const startedAt = performance.now();
let begun = 0;
const timer = setInterval(() => {
  const due = Math.min(count, Math.ceil((count * (performance.now() - startedAt)) / Number(rampMs)));
  while (begun < due) {
    begin(models[begun++ % models.length] as Model);
  }
  if (begun < count) return;
  clearInterval(timer);
  if (weighing) setTimeout(weigh, 500);
}, 5);
