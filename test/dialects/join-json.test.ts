import { describe, expect, it } from 'vitest';
import { type Fields, joinFields } from '../../src/dialects/join-json.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { runStage } from '../../src/stage.ts';
import { delta, done, finish, frames } from '../calls/support.ts';

const joined = (...pieces: object[]) => pieces.reduce<Fields>((kept, piece) => joinFields(kept, piece as Fields), {});

describe('fields that come in pieces', () => {
  it('are joined: strings, lists by index, objects; the rest is replaced', () => {
    expect(joined({ s: 'a', o: { s: 'x' }, n: 1 }, { s: 'b', o: { s: 'y', t: 'z' }, n: 2 }, { s: null, n: undefined })).toEqual({
      s: 'ab',
      o: { s: 'xy', t: 'z' },
      n: 2,
    });
  });

  it('keep the words that name a piece', () => {
    expect(joined({ id: 'a', type: 't', signature: 's' }, { id: 'a', type: 't', signature: 's' })).toEqual({
      id: 'a',
      type: 't',
      signature: 's',
    });
  });

  it('match the items of a list by index and type, those without a type by index alone', () => {
    const item = (index: number, type: string | undefined, text: string) => ({ index, ...(type && { type }), text });
    const list = (...items: object[]) => ({ list: items });
    expect(
      joined(
        list(item(0, 'a', '1'), item(0, 'a', '2')),
        list(item(0, 'b', '3')),
        list(item(1, 'a', '4')),
        list(item(0, 'b', '5'), item(0, undefined, '6')),
        list({ text: 'no index' }),
      ),
    ).toEqual(list(item(0, 'a', '126'), item(0, 'b', '35'), item(1, 'a', '4'), { text: 'no index' }));
  });

  it('cost a piece the same however long the list is', () => {
    const cost = (length: number) => {
      let reads = 0;
      const list = new Proxy([] as Fields[], {
        get: (target, key) => {
          reads++;
          return Reflect.get(target, key) as unknown;
        },
      });
      const kept: Fields = { list };
      for (let index = 0; index < length; index++) joinFields(kept, { list: [{ index, type: 't', text: 'a' }] });
      for (let index = 0; index < length; index++) joinFields(kept, { list: [{ index, type: 't', text: 'b' }] });
      expect(list[length - 1]).toEqual({ index: length - 1, type: 't', text: 'ab' });
      return reads / length;
    };
    expect(cost(1000)).toBeCloseTo(cost(100), 0);
  });

  it('have own properties only', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":1},"constructor":"c","toString":"t"}') as Fields;
    const kept = joined(hostile, hostile);
    expect(JSON.stringify(kept)).toBe('{"__proto__":{"polluted":1},"constructor":"cc","toString":"tt"}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('leave the events alone that hold the first pieces', () => {
    const chunks = [1, 2].map((n) => delta({ extra: { list: [n] } }));
    const { values } = runStage(openAiChat.decoder(), frames([...chunks, finish('stop'), done]));
    expect(values.filter((event) => event.type === 'provider-event').map((event) => event.data)).toEqual([{ list: [1] }, { list: [2] }]);
    expect(values.at(-1)).toMatchObject({ message: { native: { message: { extra: { list: [1, 2] } } } } });
  });
});
