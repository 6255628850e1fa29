// What docs/reliability.md says. A row shows only where what it tells was counted.

const number = (value) => String(value).replace(/\B(?=(\d{3})+(?!\d)(?<!\.\d*))/g, ',');
const fileOf = (name) => name.replaceAll(' ', '-');
const delays = ({ p50, p99 }) => `p50 ${number(p50)} ms, p99 ${number(p99)} ms`;
const test = (path) => `[${path}](../test/${path}.test.ts)`;
const tests = (...paths) => paths.map(test).join(', ');

/** Whether a name is this one, or begins and ends like it: `law-*`, `law-*-decode-encode`. */
function fits(name, pattern) {
  const [begin, end] = pattern.split('*');
  return end === undefined ? name === pattern : name.startsWith(begin) && name.endsWith(end);
}

/** What was counted, by name, and sums over several. */
class Figures {
  constructor(figures) {
    this.figures = figures;
  }

  all(...patterns) {
    const wanted = (name) => patterns.some((pattern) => fits(name, pattern));
    return Object.entries(this.figures).flatMap(([name, figure]) => (wanted(name) ? [figure] : []));
  }

  sum(key, ...patterns) {
    return number(this.all(...patterns).reduce((sum, figure) => sum + (figure[key] ?? 0), 0));
  }

  most(key, ...patterns) {
    return number(Math.ceil(Math.max(...this.all(...patterns).map((figure) => figure[key]))));
  }
}

/** All answers over sockets that were broken, stalled, repeated or compressed. */
const FAULTS = ['cut-*', 'restarted-*', 'stalls-*', 'event-twice-*', 'compressed-*'];

/** Each row: what is promised, how it is tested, the figures it needs, and what it says of them. */
const sections = [
  {
    title: 'What must never happen',
    about: 'The numbers are those of [Architecture](architecture.md#what-must-never-happen).',
    rows: [
      {
        promise: '1. A call that was cut short never runs',
        how: `Recorded answers over a real socket that breaks after each byte; prefixes of drawn answers (${tests('recovery/faults', 'laws/bytes')})`,
        needs: ['cut-*', 'law-prefixes', 'law-recordings-cut'],
        says: (f) =>
          `broken at ${f.sum('places', 'cut-*')} places: ${f.sum('effects', 'cut-*')} tools ran, ${f.sum('effectsNobodyAskedFor', 'cut-*')} of them for a call that was not whole; ${f.sum('streams', 'law-prefixes')} drawn prefixes, ${f.sum('places', 'law-recordings-cut')} of ${f.sum('recordings', 'law-recordings-cut')} recordings`,
      },
      {
        promise: '2. A call never runs twice because a stream was asked again',
        how: `The same, broken after each byte and asked again (${test('recovery/faults')})`,
        needs: ['restarted-*'],
        says: (f) =>
          `${f.sum('answers', 'restarted-*')} answers, ${f.sum('restarted', 'restarted-*')} of them restarted after their first event: all whole, ${f.sum('effectsNobodyAskedFor', 'restarted-*')} effects too many`,
      },
      {
        promise: '3. Each call has one result; no text is lost, reordered or repeated',
        how: `Every answer of the fault tests: cut, stalled, compressed and cut, sent twice (${test('recovery/faults')})`,
        needs: ['cut-*'],
        says: (f) =>
          `${f.sum('answers', ...FAULTS)} answers: ${f.sum('callsWithoutOneResult', ...FAULTS)} calls without exactly one result, ${f.sum('errorsThatLostText', ...FAULTS)} errors that lost text`,
      },
      {
        promise: '4. Nothing is emitted, fetched or waiting after unsubscribing',
        how: `Left at each event of recorded answers, sockets, tools and timers counted (${test('recovery/unsubscribe')})`,
        needs: ['unsubscribed-*'],
        says: (f) =>
          `left at ${f.sum('places', 'unsubscribed-*')} events: ${f.sum('connectionsClosed', 'unsubscribed-*')} connections closed, ${f.sum('toolsAborted', 'unsubscribed-*')} of ${f.sum('toolsRunning', 'unsubscribed-*')} running tools aborted, ${f.sum('eventsAfterwards', 'unsubscribed-*')} events afterwards`,
      },
      {
        promise: '5. Memory never grows without a bound',
        how: `One frame, line, comment, field name and item of 200 MB, from a server (${test('recovery/hostile')}); the soak below`,
        needs: ['hostile-200mb-*'],
        says: (f) =>
          `each an error after at most ${f.most('sentMiB', 'hostile-200mb-*')} MiB sent (bound 16 MiB, the rest lay in sockets); at most ${f.most('peakMiB', 'hostile-200mb-*')} MiB more in use`,
      },
      {
        promise: '6. No key, header or prompt shows in an error, diagnostic or report',
        how: `Servers that send back what they were sent, in every way a server can answer (${test('laws/secrets')})`,
        needs: ['law-secrets'],
        says: (f) =>
          `${f.sum('answers', 'law-secrets')} keys drawn, in ${f.sum('places', 'law-secrets')} places, ${f.sum('kinds', 'law-secrets')} kinds of answer: none shown`,
      },
      {
        promise: '7. No character is torn',
        how: `Drawn answers, whole and spoilt, split anywhere: the same events and the same error (${test('laws/bytes')})`,
        needs: ['law-splits'],
        says: (f) => `${f.sum('streams', 'law-splits')} splits, none differed`,
      },
      {
        promise: '8. Work never grows faster than the bytes',
        how: `Characters touched are counted at two sizes; a million empty deltas (${tests('sse/cost', 'recovery/hostile')})`,
        needs: ['hostile-million-empty-deltas'],
        says: (f) => `a million empty deltas in ${f.sum('ms', 'hostile-million-empty-deltas')} ms`,
      },
    ],
  },
  {
    title: 'Recovery',
    about: 'What is done about a break: [Recovery](recovery.md).',
    rows: [
      {
        promise: 'A server in chaos: every answer ends, every effect happens once',
        how: `A model server that refuses, drops, spoils and closes, behind a relay that cuts its connections (${test('recovery/chaos')})`,
        needs: ['chaos'],
        says: (f) => {
          const [{ rate, answers, ends, tries, restarts, effectsNobodyAskedFor, callsWithoutOneResult }] = f.all('chaos');
          return `each fault at ${rate * 100} % of requests: ${number(answers)} answers took ${number(tries)} tries and ${number(restarts)} restarts, ${number(ends.stop)} whole, the others one typed error; ${effectsNobodyAskedFor} effects too many, ${callsWithoutOneResult} calls without a result`;
        },
      },
      {
        promise: 'A response that its server keeps goes on with no gap and no repeat',
        how: `A background response cut at each 13th byte (${test('recovery/resume')})`,
        needs: ['resumed'],
        says: (f) =>
          `${f.sum('cuts', 'resumed')} cuts, ${f.sum('mended', 'resumed')} of them mended within the response; all the same events`,
      },
      {
        promise: 'A process that dies leaves no call to run twice',
        how: `Processes killed while they answer, each followed by another with the same journal (${test('recovery/killed')})`,
        needs: ['killed'],
        says: (f) => {
          const [{ killed, callsRunTwice, ends }] = f.all('killed');
          return `killed ${killed} times: ${callsRunTwice} calls ran twice; in the end ${ends.answered ?? 0} answered and ${ends['uncertain-call'] ?? 0} said that nobody knows`;
        },
      },
      {
        promise: 'Silence ends by its time limit, with what there was',
        how: `Recorded answers that stop between two events and hold the connection (${test('recovery/faults')})`,
        needs: ['stalls-*'],
        says: (f) =>
          `${f.sum('places', 'stalls-*')} places: each ended, ${f.sum('connectionsReleased', 'stalls-*')} connections released, none left open`,
      },
      {
        promise: 'Compressed bodies break like plain ones',
        how: `gzip, deflate and Brotli, cut (${test('recovery/faults')})`,
        needs: ['compressed-*'],
        says: (f) => `${f.sum('places', 'compressed-*')} places: each answered whole or one typed error`,
      },
      {
        promise: 'So do connections with TLS',
        how: `Cut below the encryption (${test('recovery/faults-tls')})`,
        needs: ['tls-cut'],
        says: (f) => `${f.sum('places', 'tls-cut')} places: each answered whole or one typed error`,
      },
      {
        promise: 'What is no stream is told as what it is',
        how: `429 with both forms of \`Retry-After\`, pages of proxies with good and bad statuses and in the middle of a stream (${test('recovery/faults-http')})`,
        needs: ['http-faults'],
        says: (f) =>
          `${f.sum('answers', 'http-faults')} answers over ${f.sum('requests', 'http-faults')} requests: ${f.sum('whole', 'http-faults')} whole, ${f.sum('typedErrors', 'http-faults')} one typed error, 0 with a key or the prompt in it`,
      },
    ],
  },
  {
    title: 'Hostile input',
    about: 'All bounds and what lies beyond them: [Limits](limits.md). Who can do what: [Security](security.md).',
    rows: [
      {
        promise: 'A spoilt answer is survived or is one typed error',
        how: `Every recording with fields replaced, events dropped and repeated (${test('laws/spoilt')})`,
        needs: ['law-spoilt'],
        says: (f) =>
          `${f.sum('answers', 'law-spoilt')} spoilt answers in ${f.sum('dialects', 'law-spoilt')} dialects: ${f.sum('survived', 'law-spoilt')} survived, ${f.sum('oneError', 'law-spoilt')} one error`,
      },
      {
        promise: 'No bytes crash or hang it, and any split of them gives the same',
        how: `Spoilt recordings in every parser and decoder ([scripts/fuzz.mjs](../scripts/fuzz.mjs), ${test('fuzz/fuzz')})`,
        needs: ['fuzz'],
        says: (f) =>
          `${f.sum('executions', 'fuzz')} executions in ${f.sum('seconds', 'fuzz')} s: ${f.sum('crashes', 'fuzz')} crashes, ${f.sum('hangs', 'fuzz')} took longer than 2 s`,
      },
      {
        promise: 'What a dialect writes it reads back the same',
        how: `Drawn conversations, encoded and decoded, in each dialect and from each into each (${test('laws/codecs')} and those of the dialects)`,
        needs: ['law-*-decode-encode'],
        says: (f) => `${f.sum('streams', 'law-*-decode-encode', 'law-*-each-into-each')} answers, none differed`,
      },
    ],
  },
  {
    title: 'Many answers at once',
    about: `Each has two calls and two rounds, over HTTP from another process on the same two cores, which listens at ten ports; each answer gets an event whenever the row says
(${test('recovery/crowd')}). The delay is from the writing of an argument's last byte in the server to its \`tool-call\` event. With 10,000 connections to one port a third of the time goes into finding a free
one (the kernel's ports, and undici, which looks at every connection for each request). What a request and a chunk cost is the platform's, mostly: the same by hand
(\`fetch\`, split at blank lines, \`JSON.parse\`) stands beside it, and \`nodeFetch\` of \`toolstream/node\` costs less than \`fetch\`. Delays come in bursts, while the garbage collector goes through
what all answers hold.`,
    rows: [
      crowdRow('crowd 1000 1000 nodeFetch', { goalMs: 20, beside: 'crowd 1000 1000 hand' }),
      crowdRow('crowd 1000 1000 fetch', { beside: 'crowd 1000 1000 hand' }),
      crowdRow('crowd 10000 8000 nodeFetch', { goalMs: 200, beside: 'crowd 10000 8000 hand' }),
      crowdRow('crowd 10000 4000 nodeFetch', { beside: 'crowd 10000 4000 hand' }),
      crowdRow('crowd 10000 4000 fetch', { beside: 'crowd 10000 4000 hand' }),
      weightRow('crowd 2000 1000 nodeFetch weighed'),
      weightRow('crowd 2000 1000 fetch weighed'),
    ],
  },
  'soak',
  {
    title: 'The tests themselves',
    about: 'A test that cannot fail shows nothing.',
    rows: [
      {
        promise: 'Laws are tried on what nobody wrote down',
        how: 'Drawn answers, and drawn ways to split, cut and spoil them (test/laws, test/dialects)',
        needs: ['law-splits'],
        says: (f) => `${f.sum('streams', 'law-*')} streams`,
      },
      {
        promise: 'The laws notice what they are about',
        how: 'Sources broken on purpose, one place at a time ([scripts/break-laws.mjs](../scripts/break-laws.mjs))',
        needs: ['laws-broken'],
        says: (f) => `${f.sum('caught', 'laws-broken')} of ${f.sum('broken', 'laws-broken')} caught`,
      },
      {
        promise: 'So do the tests as a whole',
        how: 'The same in every place, by Stryker (`npm run mutation`), in a sample that no test had been written against; not broken: sentences, and what runs only while a module loads ([Contributing](../CONTRIBUTING.md#what-mutation-testing-leaves-out))',
        needs: ['mutation'],
        says: (f) => {
          const [{ mutants, noticed, score, folders, untried = [] }] = f.all('mutation');
          const each = Object.entries(folders).map(
            ([folder, { mutants, score, oneOf }]) => `${folder} ${score} % of ${number(mutants)}${oneOf > 1 ? ` (one in ${oneOf})` : ''}`,
          );
          const samples = Object.values(folders).some(({ oneOf }) => oneOf > 1) ? ', where samples of folders count for all of them' : '';
          return `${score} % of mutants noticed${samples}: ${number(noticed)} of the ${number(mutants)} that were tried; ${each.join(', ')}${untried.length > 0 ? `; not tried: ${untried.join(', ')}` : ''}`;
        },
      },
      {
        promise: 'They reach the code',
        how: '`npm run test:coverage`',
        needs: ['coverage'],
        says: (f) => {
          const [{ branches, lines }] = f.all('coverage');
          return `${branches} % of branches, ${lines} % of lines`;
        },
      },
    ],
  },
];

function crowdRow(name, { goalMs, beside }) {
  const [, count, everyMs, means] = name.split(' ');
  const goal = goalMs ? `; goal: 99 % of calls within ${goalMs} ms` : '';
  return {
    promise: `${number(count)} at once: all finish, and calls come at once`,
    how: `\`${means}\`, an event every ${everyMs / 1000} s for each${goal}`,
    needs: [fileOf(name), fileOf(beside)],
    says: (f) => {
      const [{ ends, calls, ran, wholeTexts, atOnce, callDelayMs, cpuSeconds, runs, node, loadBefore }] = f.all(fileOf(name));
      const [hand] = f.all(fileOf(beside));
      const busy = loadBefore > 2 ? `, on a machine that was busy (load ${loadBefore} before it began)` : '';
      const middle = runs > 1 ? `, the middle one of ${runs} runs` : '';
      const byHand = `by hand ${delays(hand.callDelayMs)}, ${hand.cpuSeconds} s`;
      return `${number(ends.answered ?? 0)} answered, ${number(wholeTexts)} texts whole, ${number(ran)} of ${number(calls)} calls ran once, ${number(atOnce)} at once; delay ${delays(callDelayMs)}; ${cpuSeconds} s of CPU (${byHand}); Node ${node.replace('v', '')}${middle}${busy}`;
    },
  };
}

function weightRow(name) {
  const means = name.split(' ')[3];
  return {
    promise: 'An answer weighs little',
    how: `2,000 open answers over \`${means}\`, heap after a collection`,
    needs: [fileOf(name)],
    says: (f) => {
      const [{ heapKbPerAnswer, rssKbPerAnswer, node }] = f.all(fileOf(name));
      return `${heapKbPerAnswer} KiB of heap for each (with its connection, ${rssKbPerAnswer} KiB of the process); Node ${node.replace('v', '')}`;
    },
  };
}

/**
 * The page.
 *
 * @param figures What was counted, by name.
 * @param soak What `soak.mjs` wrote.
 */
export function page(figures, soak) {
  const counted = new Figures(figures);
  const parts = sections.flatMap((section) => {
    if (section === 'soak') return [soakPart(soak)];
    const { title, about, rows } = section;
    const lines = rows
      .filter(({ needs }) => needs.every((need) => counted.all(need).length > 0))
      .map(({ promise, how, says }) => `| ${promise} | ${how} | ${says(counted)} |`);
    return lines.length === 0
      ? []
      : [`## ${title}\n\n${about}\n\n| promise | how it is tested | figure |\n| --- | --- | --- |\n${lines.join('\n')}\n`];
  });
  return `---
title: Reliability
---
# Reliability

It never loses, repeats or hangs: what shows that, in figures. \`npm run reliability\` runs the tests that count and writes this page from what they counted
([docs/figures](figures/counted.json)). Measured on two shared cores, Node 20. What must not happen is counted and asserted: where it is not 0,
its test fails.

${parts.join('\n')}`;
}

function soakPart({ minutes, lanes, answers, unended, faults, ends, heapMiB, left }) {
  const kinds = Object.keys(ends).length;
  const unexpected =
    faults.length === 0 ? 'none otherwise than its kind may' : `${faults.length} otherwise than their kind may (${faults.join('; ')})`;
  const rest = Object.keys(left).length === 0 ? 'no socket, timer or other handle beyond those of the start' : JSON.stringify(left);
  return `## ${minutes} minutes without a pause

${lanes} answers at a time of ${kinds} kinds (whole, cut and asked again, refused, failing, silent, left in the middle, with tools that throw and time out, read
slowly; OpenAI chat, Anthropic and Ollama over HTTP, two protocols over WebSockets) in one process, served by another
([scripts/soak.mjs](../scripts/soak.mjs)). CI runs one minute of it (${test('recovery/soak')}).

![Memory, sockets, timers and answers a second over ${minutes} minutes](figures/soak.svg)

| | |
| --- | --- |
| answers | ${number(answers)}; ended: ${unended === 0 ? 'all' : `all but ${unended}`}, ${unexpected} |
| heap in use | ${heapMiB.mean} MiB on average; trend over the whole time after the warm-up: ${heapMiB.grownMiB} MiB, ${heapMiB.bytesPerAnswer} bytes an answer; ${heapMiB.afterTheEnd} MiB when all was over |
| left in the end | ${rest} |
`;
}
