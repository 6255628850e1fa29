// What an operator more costs: the same answer read through our pipeline, with a `map` of rxjs, and with a stage that passes on. All in one
// process and in turn, since 3 % is less than what two processes with the same code differ by.
import { libraryOf, make } from '../contestants/toolstream.mjs';
import { chunksOf, responseOf, wires } from '../lib/body.mjs';
import { answerOf } from '../lib/content.mjs';
import { timed } from '../lib/cpu.mjs';
import { Sink, wrongIn } from '../lib/sink.mjs';

const passOn = { transform: (event, out) => out.enqueue(event) };
const TURNS = 9;

export async function prepare(work, _name, dist) {
  const { map, through } = await libraryOf(dist);
  const answer = answerOf(work);
  const chunks = chunksOf(wires[work.dialect].eventsOf(answer), work.chunking);
  const asks = {
    plain: await make({ ...work, dist }),
    map: await make({ ...work, dist }, () => [map((event) => event)]),
    stage: await make({ ...work, dist }, () => [through(() => passOn)]),
  };
  const order = Object.keys(asks);
  return async () => {
    const cpu = { plain: 0, map: 0, stage: 0 };
    for (let turn = 0; turn < TURNS; turn++) {
      order.push(order.shift());
      for (const which of order) {
        const sink = new Sink();
        cpu[which] += (await timed(() => asks[which](async () => responseOf(chunks, work.dialect), sink))).cpuMs;
        const wrong = wrongIn(sink, answer, false);
        if (wrong) return { wrong };
      }
    }
    return { cpuMs: cpu.plain / TURNS, mapPercent: 100 * (cpu.map / cpu.plain - 1), stagePercent: 100 * (cpu.stage / cpu.plain - 1) };
  };
}
