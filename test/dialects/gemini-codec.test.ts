import { gemini } from '../../src/dialects/gemini.ts';
import { jsonArrayParser } from '../../src/json/array-items.ts';
import { describeCodecLaw, sseWire, type Wire } from '../support/codecs.ts';

/** The form without `alt=sse`. */
const arrayWire: Wire = {
  frame: (frames) => new TextEncoder().encode(`[${frames.map(({ data }) => data).join('\r\n,\r\n')}]`),
  parse: jsonArrayParser,
};

describeCodecLaw(gemini, sseWire);
describeCodecLaw(gemini, arrayWire);
