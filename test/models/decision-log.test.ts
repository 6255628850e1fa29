import { expect, it } from 'vitest';
import { type CanaryDecision, DecisionLog } from '../../src/models/canary-decision.ts';

const logged = (max: number, ...types: string[]) => {
  const log = new DecisionLog(max);
  for (const type of types) log.add({ type } as CanaryDecision);
  return log.all().map(({ type }) => type);
};

it.each([
  [
    ['routed', 'fell-back', 'percent-set'],
    ['fell-back', 'percent-set'],
  ],
  [
    ['percent-set', 'fell-back', 'percent-set'],
    ['percent-set', 'percent-set'],
  ],
  [
    ['percent-set', 'routed', 'rolled-back'],
    ['percent-set', 'rolled-back'],
  ],
  [
    ['percent-set', 'rolled-back', 'percent-set'],
    ['rolled-back', 'percent-set'],
  ],
  [
    ['percent-set', 'rolled-back', 'routed'],
    ['percent-set', 'rolled-back'],
  ],
])('of %j a log of two keeps %j: what is about a single answer goes first', (types, kept) => {
  expect(logged(2, ...types)).toEqual(kept);
});
