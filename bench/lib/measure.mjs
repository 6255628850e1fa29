// A case with all who take part in it: rounds in which each takes one sample in turn, beginning with another one each time.
import { Lane } from './lane.mjs';
import { median, rounded } from './statistics.mjs';

/**
 * @param rounds at least 7 for figures that are shown.
 * @returns for each contestant the medians of its samples, and of its ratio to the base within each round.
 */
export async function measure(work, { names, rounds, distOf, base = work.base ?? 'floor' }) {
  const lanes = names.map((name) => new Lane(name, work, distOf(name)));
  try {
    for (const lane of lanes) await lane.start();
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < lanes.length; i++) await lanes[(round + i) % lanes.length].sample();
    }
  } finally {
    for (const lane of lanes) lane.stop();
  }
  const first = lanes.find(({ name }) => name === base);
  return Object.fromEntries(lanes.map((lane) => [lane.name, figures(lane, first)]));
}

function figures({ out, samples }, base) {
  if (out) return { out };
  const found = {};
  for (const key of Object.keys(samples[0] ?? {})) {
    if (typeof samples[0][key] !== 'number') continue;
    found[key] = rounded(median(samples.map((each) => each[key])));
    if (!base || base.out) continue;
    // Both samples of a round were taken within the same few seconds of a machine that has other things to do.
    found[`${key.replace(/Ms$/, '')}Ratio`] = rounded(median(samples.map((each, round) => each[key] / base.samples[round][key])));
  }
  return found;
}
