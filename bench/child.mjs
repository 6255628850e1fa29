// Measures one contestant at one case: makes the input, warms up, then takes a sample (or a profile) whenever it is told to.
const { name, dist, work } = JSON.parse(process.argv[2]);
const { prepare } = await import(`./work/${work.kind}.mjs`);
const sample = await prepare(work, name, dist);

const start = process.cpuUsage();
const jobs = { 'warm up': warmUp, sample, profile };

/** So that no sample runs before the code is compiled: for 2 s of CPU time and three samples at least, fewer where one takes long. Where most of the time is spent waiting, eight samples do. */
async function warmUp() {
  if (sample.warmUp) return sample.warmUp();
  const enough = work.warmUpMs ?? 2_000;
  const began = performance.now();
  let last;
  for (let i = 0; cpuMs() < (i < 3 ? 2 * enough : enough) && !(i >= 8 && performance.now() - began > enough); i++) last = await sample();
  return last;
}

function cpuMs() {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

async function profile() {
  const { profiled } = await import('./lib/profile.mjs');
  const functions = await profiled(async () => {
    for (let i = 0; i < 10; i++) await sample();
  });
  return { functions };
}

process.on('message', async (wanted) => {
  try {
    process.send(await jobs[wanted]());
  } catch (error) {
    process.send({ wrong: error?.stack ?? String(error) });
  }
});
process.send('ready');
