import { describe, expect, it } from 'vitest';
import type { Stage } from '../../src/stage.ts';
import { through } from '../../src/through.ts';
import { forgetsTeardown, sharesState, swallowsErrors, type Through } from './broken-throughs.ts';
import { type ComplianceSubject, complianceChecks, describeCompliance } from './compliance.ts';

/** Numbers what passes, twice, and says at the end how many there were: it has state, several outputs an input, and a flush. */
function numbering(): Stage<string, string> {
  let count = 0;
  return {
    transform(text, out) {
      count++;
      out.enqueue(`${count}a ${text}`);
      out.enqueue(`${count}b ${text}`);
    },
    flush: (out) => out.enqueue(`${count} in all`),
  };
}

const subjectOf = (lift: Through): ComplianceSubject => ({
  operator: () => lift(numbering),
  inputs: ['x', 'y', 'z'],
  throwing: () =>
    lift(() => ({
      transform: () => {
        throw new Error('callback threw');
      },
    })),
});

async function brokenRules(subject: ComplianceSubject): Promise<string[]> {
  const broken: string[] = [];
  for (const check of complianceChecks) {
    try {
      await check.run(subject);
    } catch {
      broken.push(check.name);
    }
  }
  return broken;
}

describeCompliance('through', subjectOf(through));

describe('the compliance suite', () => {
  it('rejects a through that shares state between subscriptions', async () => {
    expect(await brokenRules(subjectOf(sharesState))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^two subscriptions, one after/),
        expect.stringMatching(/^two subscriptions, interleaved/),
      ]),
    );
  });

  it('rejects a through that swallows errors', async () => {
    expect(await brokenRules(subjectOf(swallowsErrors))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^source error:/), expect.stringMatching(/^source error at once/)]),
    );
  });

  it('rejects a through that forgets its teardown', async () => {
    expect(await brokenRules(subjectOf(forgetsTeardown))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^never:/),
        expect.stringMatching(/^never-ending source/),
        expect.stringMatching(/^synchronous firehose/),
      ]),
    );
  });

  it('accepts the real one', async () => {
    expect(await brokenRules(subjectOf(through))).toEqual([]);
  });
});
