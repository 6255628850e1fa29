import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { orAborted } from '../../src/models/or-aborted.ts';

describe('orAborted', () => {
  it('listens to the signal no longer than it waits: a signal outlives many waits', async () => {
    const { signal } = new AbortController();
    await orAborted(Promise.resolve(1), signal);
    await orAborted(Promise.reject(new Error('no')), signal).catch(() => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('rejects with the reason, and hands on what comes too late', async () => {
    const controller = new AbortController();
    let settle: (value: string) => void = () => {};
    const late: string[] = [];
    const promise = new Promise<string>((resolve) => {
      settle = resolve;
    });
    const waiting = orAborted(promise, controller.signal, (value) => late.push(value));
    controller.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    settle('late');
    await promise;
    expect(late).toEqual(['late']);
  });
});
