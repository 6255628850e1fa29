// Where the time of one contestant goes: time within each function itself, from V8's sampling profiler.
import { Session } from 'node:inspector/promises';
import { basename } from 'node:path';

const INTERVAL_US = 200;

/** Runs `work` under the profiler. @returns the functions with most time of their own, in per cent of all that was not idle. */
export async function profiled(work, most = 15) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  await session.post('Profiler.start');
  await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return topFunctions(profile, most);
}

function topFunctions({ nodes, samples, timeDeltas }, most) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const own = new Map();
  let all = 0;
  samples.forEach((id, i) => {
    const frame = byId.get(id);
    const name = nameOf(frame);
    // Starting and ending the profiler is no part of the work.
    if (name === '(idle)' || frame.url.startsWith('node:inspector')) return;
    own.set(name, (own.get(name) ?? 0) + timeDeltas[i]);
    all += timeDeltas[i];
  });
  const sorted = [...own].sort(([, a], [, b]) => b - a).slice(0, most);
  return sorted.map(([name, us]) => ({ name, percent: Math.round((1000 * us) / all) / 10 }));
}

/** With the file that it is in, less what each build names it anew for, and not the folder, which is another one on each machine. */
function nameOf({ functionName, url, lineNumber }) {
  if (functionName.startsWith('(')) return functionName;
  const file = basename(url).replace(/-[\w-]{8}\.js$/, '.js');
  return `${functionName || '(anonymous)'}${file ? `, ${file}:${lineNumber + 1}` : ', native'}`;
}
