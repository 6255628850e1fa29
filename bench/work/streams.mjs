// Answers read one after the other: W1, W2, W3. Each sample reads all of them and checks each.
import { contestant } from '../contestants/index.mjs';
import { chunksOf, responseOf, wires } from '../lib/body.mjs';
import { answerOf } from '../lib/content.mjs';
import { repeated, timed } from '../lib/cpu.mjs';
import { Sink, wrongIn } from '../lib/sink.mjs';

/** Makes what a case reads; returns what takes one sample of a contestant. */
export async function prepare(work, name, dist) {
  const { dialect, chunking, streams = 1, text, calls, views } = work;
  const ask = await (await contestant(name)).make({ ...work, dist });
  const answers = Array.from({ length: streams }, (_, i) => answerOf({ text, calls, seed: i + 1 }));
  const bodies = answers.map((answer) => chunksOf(wires[dialect].eventsOf(answer), chunking));
  return repeated(async () => {
    const sinks = bodies.map(() => new Sink());
    const times = await timed(async () => {
      for (let i = 0; i < bodies.length; i++) await ask(async () => responseOf(bodies[i], dialect), sinks[i]);
    });
    const wrong = answers.map((answer, i) => wrongIn(sinks[i], answer, views && name !== 'floor')).find((each) => each !== undefined);
    return { ...times, ...(wrong && { wrong }) };
  });
}
