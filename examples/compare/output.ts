import { latencyTable, type ModelSummary } from 'toolstream';
import type { Settings } from './arguments.ts';

/** What the run found, for people. */
export function asText(summaries: readonly ModelSummary[], { answersPerMonth, concurrency }: Settings): string {
  const heading = `An answer with a tool call and a follow-up round; ${concurrency} at once; month: ${answersPerMonth} answers.`;
  return [heading, '', latencyTable(summaries, { answersPerMonth }), '', ...summaries.flatMap(failuresOf)].join('\n');
}

/** What the run found, for programs. */
export function asJson(summaries: readonly ModelSummary[], { requests, concurrency, answersPerMonth }: Settings): string {
  const endpoints = summaries.map((summary) => {
    const { cost } = summary;
    return cost === undefined ? summary : { ...summary, cost: { ...cost, perMonthUsd: cost.perAnswerUsd * answersPerMonth } };
  });
  return `${JSON.stringify({ requests, concurrency, answersPerMonth, endpoints }, null, 2)}\n`;
}

function failuresOf({ model, failures }: ModelSummary): string[] {
  const counted = Object.entries(failures).sort(([, a], [, b]) => b - a);
  return counted.length === 0 ? [] : [`${model} failed: ${counted.map(([code, count]) => `${code} ×${count}`).join(', ')}`, ''];
}
