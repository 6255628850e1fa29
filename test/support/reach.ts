/** How many times a law must have met something: none where properties draw few cases, as when each mutant is tried. */
export const moreThan = (times: number): number => (process.env.TOOLSTREAM_FEW_DRAWS ? -1 : times);
