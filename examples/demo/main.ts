import { httpModel, type LatencyReport, type Message, measureLatency, openAiChat, partialArguments, streamAnswer } from 'toolstream';
import { ansi, plain } from './colours.ts';
import { latencyTable } from './latency-table.ts';
import { FLIGHTS, startModelServer, WEATHER_AND_SUM } from './model-server.ts';
import type { Timed } from './spans.ts';
import { view } from './terminal.ts';
import { timeline } from './timeline.ts';
import { tools } from './tools.ts';

const { OPENAI_BASE_URL, OPENAI_API_KEY, MODEL, NO_COLOR } = process.env;

const live = process.stdout.isTTY === true;
const paint = live && !NO_COLOR ? ansi : plain;
const columns = Math.min(100, (live && process.stdout.columns) || 80);
const print = (text: string) => process.stdout.write(text);

async function main(): Promise<void> {
  const server = OPENAI_BASE_URL ? undefined : await startModelServer();
  const endpoint = server ? { url: server.url, model: 'embedded' } : { url: OPENAI_BASE_URL ?? '', model: nameOf(MODEL) };
  const model = httpModel({ dialect: openAiChat, ...endpoint, apiKey: () => OPENAI_API_KEY ?? 'none' });
  print(greeting(endpoint.url, server !== undefined));

  try {
    const history: Message[] = [];
    const reports: LatencyReport[] = [];
    const drawings: string[] = [];

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

      drawings.push(`${paint('bold', question)}\n${timeline(events, { columns, paint })}`);
    }

    print(`\n${drawings.join('\n\n')}\n\n${latencyTable(reports, paint)}\n`);
  } finally {
    await server?.stop();
  }
}

function nameOf(model: string | undefined): string {
  if (model) return model;
  throw new Error('OPENAI_BASE_URL is set but MODEL is not: say which model to ask, e.g. MODEL=gpt-4.1-mini.');
}

function greeting(url: string, embedded: boolean): string {
  const about = embedded
    ? 'Model: scripted words from a server in this process, streamed over real HTTP at a\nmodel’s pace. For a real one set OPENAI_BASE_URL, OPENAI_API_KEY and MODEL.'
    : `Model: ${MODEL}`;
  return `${paint('bold', 'toolstream')}  streaming function calling as RxJS operators\n${about}\n${paint('dim', url)}\n`;
}

main().catch((error: unknown) => {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
