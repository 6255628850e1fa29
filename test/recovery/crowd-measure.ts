/** Asks for a crowd of answers at once and says how they ended, how late their calls were and what they weigh. */

/** What an answer tells of itself. */
export interface Telling {
  readonly text: (text: string) => void;
  /** A whole call, with the moment when its last byte was written, in microseconds. */
  readonly call: (sent: number) => void;
  readonly ran: () => void;
  /** `answered`, or what went wrong. */
  readonly end: (how: string) => void;
}

const [urls = '', many = '1000', rampMs = '1000', weighing = '', asked = 'fetch'] = process.argv.slice(2);

/** Microseconds, by a clock that all processes of a machine share. */
const now = () => Number(process.hrtime.bigint() / 1000n);

/** @param ask begins one answer of the endpoint with this number. */
export function measureCrowd(ask: (endpoint: number, telling: Telling) => void): void {
  const count = Number(many);
  const endpoints = urls.split(' ').length;
  const delays: number[] = [];
  const ends: Record<string, number> = {};
  let texts = 0;
  let ran = 0;
  let open = 0;
  let peak = 0;
  let over = 0;
  let begun = 0;
  global.gc?.();
  const before = process.memoryUsage();
  let weight: object = {};

  const begin = () => {
    peak = Math.max(peak, ++open);
    let text = '';
    ask(begun++ % endpoints, {
      text: (more) => {
        text += more;
      },
      call: (sent) => delays.push(now() - sent),
      ran: () => ran++,
      end: (how) => {
        ends[how] = (ends[how] ?? 0) + 1;
        open--;
        if (text === 'Let me look that up. Both are there.') texts++;
        if (++over === count) report();
      },
    });
  };

  const kib = (bytes: number) => Math.round(bytes / open / 102.4) / 10;
  const weigh = () => {
    global.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    weight = { heapKbPerAnswer: kib(heapUsed - before.heapUsed), rssKbPerAnswer: kib(rss - before.rss) };
  };

  const report = () => {
    delays.sort((a, b) => a - b);
    const at = (part: number) => Math.round((delays[Math.floor(delays.length * part)] ?? 0) / 10) / 100;
    const { user, system } = process.cpuUsage();
    const callDelayMs = { p50: at(0.5), p99: at(0.99), max: Math.round((delays.at(-1) ?? 0) / 10) / 100 };
    const figures = {
      ...{ answers: count, atOnce: peak, ends, wholeTexts: texts, calls: delays.length, ran },
      // A full collection, which weighing takes, would be measured too.
      ...(weighing ? weight : { callDelayMs }),
      cpuSeconds: Math.round((user + system) / 10_000) / 100,
    };
    process.send?.(figures, () => process.exit());
  };

  const startedAt = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(count, Math.ceil((count * (performance.now() - startedAt)) / Number(rampMs)));
    while (begun < due) begin();
    if (begun < count) return;
    clearInterval(timer);
    if (weighing) setTimeout(weigh, 500);
  }, 5);
}

/** What to ask with. */
export const means = asked;

/** The base URL of each endpoint. */
export const endpointUrls = urls.split(' ');
