// Measures one contestant at one case: makes the input, warms up, then takes a sample whenever it is told to.
const { name, dist, work } = JSON.parse(process.argv[2]);
const { prepare } = await import(`./work/${work.kind}.mjs`);
const sample = await prepare(work, name, dist);

/** So that no sample runs before the code is compiled: three samples at least, and for up to 2 s. */
async function warmUp() {
  const start = performance.now();
  let last;
  for (let i = 0; i < 8 && (i < 3 || performance.now() - start < 2_000) && performance.now() - start < 4_000; i++) last = await sample();
  return last;
}

process.on('message', async (wanted) => {
  try {
    process.send(wanted === 'warm up' ? await warmUp() : await sample());
  } catch (error) {
    process.send({ wrong: error?.stack ?? String(error) });
  }
});
process.send('ready');
