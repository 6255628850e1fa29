// A case with all who take part in it: rounds in which each takes one sample in turn, beginning with another one each time.
import { Lane } from './lane.mjs';
import { median, quantile, rounded } from './statistics.mjs';

/** Each contestant sits down so often, in a new process: what one process compiles, and where it has its memory, is worth 5 % either way. */
const SITTINGS = 3;
/** Short samples get up to three times the rounds within this time, in milliseconds: the moods of a shared machine last longer than they do. */
const LONG_ENOUGH_MS = 15_000;

/**
 * @param rounds at least 7 for figures that are shown.
 * @returns for each contestant the medians of its samples, and of its ratio to the base within each round with what half of the
 * rounds lay between; and how many rounds there were.
 */
export async function measure(work, { names, rounds, distOf, base = work.base ?? 'floor' }) {
  const all = names.map((name) => ({ name, samples: [], out: undefined }));
  const sittings = rounds < 7 ? 1 : SITTINGS;
  let taken = 0;
  for (let sitting = 1; sitting <= sittings; sitting++) {
    const lanes = all.filter(({ out }) => !out).map(({ name }) => new Lane(name, work, distOf(name)));
    taken += await sit(lanes, Math.ceil(rounds / sittings), sittings);
    for (const { name, samples, out } of lanes) {
      const found = all.find((each) => each.name === name);
      found.samples.push(...samples);
      found.out = out;
    }
  }
  const first = all.find(({ name }) => name === base);
  return { found: Object.fromEntries(all.map((each) => [each.name, figures(each, first)])), rounds: taken };
}

/** Takes so many rounds. @returns how many it took. */
async function sit(lanes, rounds, sittings) {
  try {
    for (const lane of lanes) await lane.start();
    const start = performance.now();
    const isShort = () => sittings > 1 && performance.now() - start < LONG_ENOUGH_MS / sittings;
    let done = 0;
    for (; done < rounds || (done < 3 * rounds && isShort()); done++) {
      for (let i = 0; i < lanes.length; i++) await lanes[(done + i) % lanes.length].sample();
    }
    return done;
  } finally {
    for (const lane of lanes) lane.stop();
  }
}

function figures({ out, samples }, base) {
  if (out) return { out };
  const found = {};
  for (const key of Object.keys(samples[0] ?? {})) {
    if (typeof samples[0][key] !== 'number') continue;
    found[key] = rounded(median(samples.map((each) => each[key])));
    if (!base || base.out) continue;
    // Both samples of a round were taken within the same few seconds of a machine that has other things to do.
    const ratios = samples.map((each, round) => each[key] / base.samples[round][key]);
    const name = `${key.replace(/Ms$/, '')}Ratio`;
    found[name] = rounded(median(ratios));
    found[`${name}Half`] = [rounded(quantile(ratios, 0.25)), rounded(quantile(ratios, 0.75))];
  }
  return found;
}
