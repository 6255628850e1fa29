import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/frame.ts';
import { resumeByLastEventId } from '../../src/models/resume-by-last-event-id.ts';

const frame = (id: string | undefined, data: string): Frame => ({ ...(id !== undefined && { id }), data });
const chunk = (text: string, response = 'r1') => JSON.stringify({ id: response, text });
const request = { url: 'https://a.example', body: '{}' };

/** What becomes of the frames that come after a break: `known` ones, `new` ones, or those of `other` responses. */
async function compared(first: Frame, last: Frame, frames: readonly Frame[]) {
  const { compare } = (await resumeByLastEventId({ request, first, last, lastEventId: last.id })) ?? {};
  return frames.map((each) => compare?.(each));
}

describe('resumeByLastEventId', () => {
  const [first, last] = [frame('1', chunk('a')), frame('2', chunk('b'))];

  it('asks with the newest id, where there is one', async () => {
    expect(await resumeByLastEventId({ request, first, last, lastEventId: '2' })).toMatchObject({ headers: { 'last-event-id': '2' } });
    for (const id of [undefined, '']) {
      expect(await resumeByLastEventId({ request, first, last: frame(id, 'b'), lastEventId: id })).toBeUndefined();
    }
  });

  it('does not ask where events without an id came behind it: they would come again', async () => {
    expect(await resumeByLastEventId({ request, first, last: frame(undefined, chunk('c')), lastEventId: '2' })).toBeUndefined();
  });

  it('knows all up to the newest where all have one id', async () => {
    const [one, two, three] = ['a', 'b', 'c'].map((text) => frame('1', chunk(text))) as [Frame, Frame, Frame];
    expect(await compared(one, two, [one, two, three])).toEqual(['known', 'known', 'new']);
  });

  it('takes what comes for new', async () => {
    expect(await compared(first, last, [frame('3', chunk('c')), frame('4', chunk('d'))])).toEqual(['new', 'new']);
  });

  it('knows the newest event where it comes again', async () => {
    expect(await compared(first, last, [last, frame('3', chunk('c'))])).toEqual(['known', 'new']);
  });

  it('takes what says the same as the newest event, with an id of its own, for new', async () => {
    expect(await compared(first, last, [frame('3', chunk('b')), frame(undefined, chunk('b'))])).toEqual(['new', 'new']);
  });

  it('knows all up to the newest where the server begins anew', async () => {
    const between = frame('1b', chunk('ab'));
    expect(await compared(first, last, [first, between, last, frame('3', chunk('c')), first])).toEqual([
      'known',
      'known',
      'known',
      'new',
      'new',
    ]);
  });

  it('is not misled by the id or the data of the first event alone', async () => {
    expect(await compared(first, last, [frame('1', chunk('z'))])).toEqual(['new']);
    expect(await compared(first, last, [frame('9', chunk('a'))])).toEqual(['new']);
    expect(await compared(frame(undefined, 'a'), frame('2', 'b'), [frame(undefined, 'a')])).toEqual(['new']);
    expect(await compared(first, last, [frame('2', chunk('z'))])).toEqual(['new']);
  });

  it('knows the one event that there was, once', async () => {
    expect(await compared(first, first, [first, frame('2', chunk('b'))])).toEqual(['known', 'new']);
  });

  it('tells another response by its id, in either place, and by nothing else', async () => {
    expect(await compared(first, last, [frame('3', chunk('c', 'r2'))])).toEqual(['other']);
    const gemini = (id: string) => frame(id, JSON.stringify({ responseId: `r${id}` }));
    expect(await compared(gemini('1'), gemini('1'), [gemini('2')])).toEqual(['other']);
    for (const data of ['null', 'no JSON', '{}']) expect(await compared(first, last, [frame('3', data)])).toEqual(['new']);
    // Only the first chunk says whose it is.
    expect(await compared(first, last, [frame('3', chunk('c')), frame('4', chunk('d', 'r2'))])).toEqual(['new', 'new']);
  });
});
