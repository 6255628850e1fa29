// The hand loop with a parser of partial JSON: what a user of that parser would write.
import { handLoop } from './floor.mjs';
import { parserOf } from './parsers.mjs';

export const handLoopWith = (name) => ({ make: async ({ dialect }) => handLoop(dialect, await parserOf(name)) });
