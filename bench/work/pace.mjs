// W5: one delta a millisecond, as a fast model writes: the delay from the bytes to the subscriber.
import { contestant } from '../contestants/index.mjs';
import { chunksOf, openResponse, wires } from '../lib/body.mjs';
import { answerOf } from '../lib/content.mjs';
import { timed } from '../lib/cpu.mjs';
import { Sink, wrongIn } from '../lib/sink.mjs';
import { quantile } from '../lib/statistics.mjs';

class TimedSink extends Sink {
  writtenAt = 0;
  delays = [];

  onText(piece) {
    this.delays.push(performance.now() - this.writtenAt);
    super.onText(piece);
  }
}

export async function prepare(work, name, dist) {
  const { dialect, text } = work;
  const ask = await (await contestant(name)).make({ ...work, dist });
  const answer = answerOf({ text });
  const chunks = chunksOf(wires[dialect].eventsOf(answer), 'event');
  return async () => {
    const sink = new TimedSink();
    const { response, push, close } = openResponse(dialect);
    const times = await timed(async () => {
      const asked = ask(async () => response, sink);
      for (const chunk of chunks) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        sink.writtenAt = performance.now();
        push(chunk);
      }
      close();
      await asked;
    });
    const wrong = wrongIn(sink, answer, false);
    return { ...times, p50Us: quantile(sink.delays, 0.5) * 1000, p99Us: quantile(sink.delays, 0.99) * 1000, ...(wrong && { wrong }) };
  };
}
