// W4: what an open stream weighs: heap after a collection when all but the end has come, less the heap before, with the text and the calls
// that the subscriber keeps.
import { contestant } from '../contestants/index.mjs';
import { chunksOf, openResponse, wires } from '../lib/body.mjs';
import { answerOf } from '../lib/content.mjs';
import { Sink } from '../lib/sink.mjs';
import { feed, wrongOf } from './crowd.mjs';

const DIFFERENT = 50;
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

export async function prepare(work, name, dist) {
  const { dialect, streams, text, calls } = work;
  const ask = await (await contestant(name)).make({ ...work, dist });
  const answers = Array.from({ length: DIFFERENT }, (_, i) => answerOf({ text, calls, seed: i + 1 }));
  const scripts = answers.map((answer) => ({ answer, chunks: chunksOf(wires[dialect].eventsOf(answer), 'event') }));

  return async () => {
    const before = await heap();
    const lanes = Array.from({ length: streams }, (_, i) => ({ ...scripts[i % DIFFERENT], ...openResponse(dialect), sink: new Sink() }));
    const all = Promise.all(lanes.map(({ response, sink }) => ask(async () => response, sink)));
    const held = lanes.map((lane) => ({ ...lane, chunks: lane.chunks.slice(0, -2), close() {} }));
    await feed(held);
    const heapKb = ((await heap()) - before) / streams / 1000;
    for (const { chunks, push, close } of lanes) {
      for (const chunk of chunks.slice(-2)) push(chunk);
      close();
    }
    await all;
    return { heapKb, ...wrongOf(lanes) };
  };
}

async function heap() {
  for (let i = 0; i < 3; i++) {
    await turn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}
