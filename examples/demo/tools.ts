import { setTimeout as sleep } from 'node:timers/promises';
import * as t from 'io-ts';
import { defineTool } from 'toolstream';
import { z } from 'zod';
import { calculate } from './calculate.ts';

// The tools really run and really wait; only what they know (weather, timetable, prices) is made up.

/** Parameters as an io-ts codec. */
export const weather = defineTool({
  name: 'get_weather',
  description: 'Current weather in a city',
  parameters: t.type({ location: t.string }),
  annotations: { readOnlyHint: true },
  execute: async ({ location }, { signal }) => {
    await sleep(700, undefined, { signal });
    return { location, sky: 'clear', temperature: '22 °C', humidity: '58 %' };
  },
});

/** Parameters as any Standard Schema; here zod. */
export const calculator = defineTool({
  name: 'calculate',
  description: 'Evaluates an arithmetic expression, e.g. "2 * (3 + 4)"',
  parameters: z.object({ expression: z.string().max(200) }),
  annotations: { readOnlyHint: true },
  execute: ({ expression }) => calculate(expression),
});

const AIRLINES = [
  { airline: 'Vietnam Airlines', flights: ['VN 208 · 07:00 → 09:10 · 1.690.000 ₫', 'VN 256 · 15:00 → 17:10 · 1.890.000 ₫'] },
  { airline: 'Vietjet Air', flights: ['VJ 122 · 05:45 → 07:55 · 890.000 ₫', 'VJ 198 · 22:10 → 00:20 · 790.000 ₫'] },
  { airline: 'Bamboo Airways', flights: ['QH 202 · 06:00 → 08:15 · 1.250.000 ₫'] },
  { airline: 'Vietravel Airlines', flights: ['VU 750 · 11:20 → 13:30 · 950.000 ₫'] },
];

/** Parameters as a plain JSON Schema; slow, and it says how far it is. */
export const flights = defineTool({
  name: 'search_flights',
  description: 'Searches flights between two airports (IATA codes) on a day; asks several airlines and takes about two seconds',
  parameters: {
    type: 'object',
    properties: { from: { type: 'string' }, to: { type: 'string' }, date: { type: 'string', description: 'day and month, DD/MM' } },
    required: ['from', 'to', 'date'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true },
  async *execute({ from, to }, { signal }) {
    const found: string[] = [];
    for (const [index, { airline, flights }] of AIRLINES.entries()) {
      await sleep(500, undefined, { signal });
      found.push(...flights);
      yield `${airline} answered for ${from} → ${to} (${index + 1} of ${AIRLINES.length})`;
    }
    return found;
  },
});

export const tools = [weather, calculator, flights];
