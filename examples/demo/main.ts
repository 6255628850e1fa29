import { type Endpoint, httpModel, type LatencyReport, type Message, measureLatency, partialArguments, streamAnswer } from 'toolstream';
import { ansi, plain } from './colours.ts';
import { chooseEndpoint } from './endpoint.ts';
import { latencyTable } from './latency-table.ts';
import { FLIGHTS, WEATHER_AND_SUM } from './model-server.ts';
import type { Timed } from './spans.ts';
import { view } from './terminal.ts';
import { timeline } from './timeline.ts';
import { tools } from './tools.ts';

const live = process.stdout.isTTY === true;
const paint = live && !process.env.NO_COLOR ? ansi : plain;
const columns = Math.min(100, (live && process.stdout.columns) || 80);
const print = (text: string) => process.stdout.write(text);
// The reader has seen enough: `npm run demo | head`.
process.stdout.on('error', () => process.exit());

async function main(): Promise<void> {
  const { endpoint, about, stop } = await chooseEndpoint(process.env);
  print(`${paint('bold', 'toolstream')}  streaming function calling as RxJS operators\n${paint('dim', about)}\n`);
  try {
    await talk(endpoint);
  } finally {
    await stop();
  }
}

async function talk(endpoint: Endpoint): Promise<void> {
  const model = httpModel(endpoint);
  const history: Message[] = [];
  const timelines: string[] = [];
  const reports: LatencyReport[] = [];

  for (const question of [WEATHER_AND_SUM, FLIGHTS]) {
    print(`\n${paint('bold', `You: ${question}`)}\n`);
    history.push({ role: 'user', content: question });
    const show = view({ columns, live, paint });
    const events: Timed[] = [];
    const start = performance.now();

    await streamAnswer({ model, request: { messages: history }, tools, maxRounds: 8 })
      .pipe(partialArguments(), measureLatency())
      .forEach((event) => {
        const at = performance.now() - start;
        print(show(event, at));
        if (event.type === 'latency') reports.push(event.report);
        else events.push({ at, event });
        if (event.type === 'answer-end') history.push(...event.messages);
      });

    timelines.push(`${paint('bold', question)}\n${timeline(events, { columns, paint })}`);
  }

  print(`\n${timelines.join('\n\n')}\n\n${latencyTable(reports, paint)}\n`);
}

main().catch((error: unknown) => {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
