// W4: many streams at once in one process. Each tick every stream gets one event more; the delay of a call is from the writing of its last
// argument byte to the whole call at the subscriber.
import { contestant } from '../contestants/index.mjs';
import { chunksOf, openResponse, wires } from '../lib/body.mjs';
import { answerOf } from '../lib/content.mjs';
import { timed } from '../lib/cpu.mjs';
import { Sink, wrongIn } from '../lib/sink.mjs';
import { quantile } from '../lib/statistics.mjs';

/** As many answers as are told apart; the streams share their bytes. */
const DIFFERENT = 50;

/** A subscriber that notes when each call was there. */
class TimedSink extends Sink {
  lastByteAt = [];
  delays = [];

  onCall(name, value) {
    this.delays.push(performance.now() - this.lastByteAt[this.calls.length]);
    super.onCall(name, value);
  }
}

export async function prepare(work, name, dist) {
  const { dialect, streams, text, calls } = work;
  const ask = await (await contestant(name)).make({ ...work, dist });
  const answers = Array.from({ length: DIFFERENT }, (_, i) => answerOf({ text, calls, seed: i + 1 }));
  const scripts = answers.map((answer) => ({
    answer,
    chunks: chunksOf(wires[dialect].eventsOf(answer), 'event'),
    last: lastBytes(answer),
  }));
  const sampleOf = async (count) => {
    const lanes = Array.from({ length: count }, (_, i) => ({ ...scripts[i % DIFFERENT], ...openResponse(dialect), sink: new TimedSink() }));
    const times = await timed(async () => {
      const all = Promise.all(lanes.map(({ response, sink }) => ask(async () => response, sink)));
      await feed(lanes);
      await all;
    });
    const delays = lanes.flatMap(({ sink }) => sink.delays);
    return { ...times, p50DelayMs: quantile(delays, 0.5), p99DelayMs: quantile(delays, 0.99), ...wrongOf(lanes) };
  };
  const sample = () => sampleOf(streams);
  // A sample of ten thousand takes long, and what it runs is compiled by then.
  const warmUp = async () => {
    await sampleOf(100);
    return sampleOf(100);
  };
  return Object.assign(sample, { warmUp });
}

/** All events of each stream, one a tick; the body ends a tick after its last event. */
export async function feed(lanes) {
  for (let tick = 0, busy = true; busy; tick++) {
    busy = false;
    for (const { chunks, last, push, close, sink } of lanes) {
      if (tick > chunks.length) continue;
      busy = true;
      if (tick === chunks.length) {
        close();
        continue;
      }
      if (last?.has(tick)) sink.lastByteAt.push(performance.now());
      push(chunks[tick]);
    }
    await new Promise(setImmediate);
  }
}

/** Which events of an OpenAI stream hold the last byte of a call: after the role, the text, and the head of each call. */
function lastBytes({ text, calls }) {
  let event = text.length;
  return new Set(
    calls.map(({ fragments }) => {
      event += 1 + fragments.length;
      return event;
    }),
  );
}

export function wrongOf(lanes) {
  const wrong = lanes.map(({ sink, answer }) => wrongIn(sink, answer, false)).find((each) => each !== undefined);
  return wrong === undefined ? {} : { wrong };
}
