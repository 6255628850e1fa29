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
  const scripts = answers.map((answer) => {
    const chunks = chunksOf(wires[dialect].eventsOf(answer), 'event');
    return { answer, chunks: chunks.slice(0, -2), end: chunks.slice(-2) };
  });

  return async () => {
    const before = await heap();
    const lanes = Array.from({ length: streams }, (_, i) => new Lane(scripts[i % DIFFERENT], openResponse(dialect)));
    const all = Promise.all(lanes.map((lane) => ask(async () => lane.takeResponse(), lane.sink)));
    await feed(lanes);
    const heapKb = ((await heap()) - before) / streams / 1000;
    for (const lane of lanes) lane.finish();
    await all;
    return { heapKb, ...wrongOf(lanes) };
  };
}

/** One stream. Holds as little as it can itself: not the response, which is the contestant's. */
class Lane {
  sink = new Sink();
  chunks;
  answer;
  push;
  #script;
  #response;
  #close;

  constructor(script, { response, push, close }) {
    this.#script = script;
    this.chunks = script.chunks;
    this.answer = script.answer;
    this.push = push;
    this.#response = response;
    this.#close = close;
  }

  takeResponse() {
    const response = this.#response;
    this.#response = undefined;
    return response;
  }

  /** Not the end yet: `feed` calls it after the last chunk. */
  close() {}

  finish() {
    for (const chunk of this.#script.end) this.push(chunk);
    this.#close();
  }
}

async function heap() {
  for (let i = 0; i < 3; i++) {
    await turn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}
