import { describe, expect, it, vi } from 'vitest';
import type { Dialect } from '../../src/dialects/dialect.ts';
import * as dialects from '../../src/dialects/index.ts';
import { ChatChunkReader } from '../../src/dialects/openai-chat-reader.ts';
import { chatWire } from '../../src/dialects/openai-chat-wire.ts';
import { WireDecoder } from '../../src/dialects/wire-decoder.ts';
import { MalformedFrameError, ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { runStage } from '../../src/stage.ts';

const answer: ModelEvent[] = [
  { type: 'round-start' },
  { type: 'text-delta', text: 'Hello' },
  { type: 'finish-reason', reason: 'stop', raw: '' },
  { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: 'Hello' } },
];
const every: Dialect[] = Object.values(dialects);

describe.each(every)('the decoder of $name', (dialect) => {
  const frames = runStage(dialect.encoder({ model: 'm' }), answer).values;
  const decode = (given: readonly Frame[], options = {}) => runStage(dialect.decoder(options), given);
  const text = (events: readonly ModelEvent[]) => events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
  const plain = decode(frames);

  it('reads what its encoder writes', () => {
    expect(plain.error).toBeUndefined();
    expect(text(plain.values)).toBe('Hello');
    expect(plain.values.at(-1)?.type).toBe('round-end');
  });

  it('goes by what a payload says of itself, whatever its event is called', () => {
    expect(decode(frames.map((frame) => (frame.data.startsWith('{') ? { ...frame, event: 'message' } : frame)))).toEqual(plain);
  });

  const nothing: Frame[] = [
    { event: 'ping', data: '{"type":"ping"}' },
    { event: 'keep-alive', data: '' },
    { event: 'Heartbeat', data: 'x' },
    { data: ' ' },
    { data: 'null' },
    { data: '{}' },
  ];
  it.each(nothing)('takes $event $data for nothing, wherever it comes before the end', (frame) => {
    for (let at = 0; at < Math.max(1, frames.length - 1); at++) {
      expect(decode([...frames.slice(0, at), frame, ...frames.slice(at)])).toEqual(plain);
    }
  });

  it.each([{ data: '[DONE]' }, { event: 'ping', data: '{}' }])('says no word about $data after the end', (frame) => {
    expect(decode([...frames, frame])).toEqual(plain);
  });

  const errors: Frame[] = [
    { data: '{"error":{"message":"Too busy"}}' },
    { data: '{"error":"Too busy"}' },
    { data: '[{"error":{"message":"Too busy"}}]' },
    { data: '{"detail":"Too busy"}' },
    { data: '{"message":"Too busy"}' },
    { data: '{"object":"error","message":"Too busy"}' },
    { event: 'error', data: '{"type":"overloaded","message":"Too busy"}' },
    { event: 'error', data: 'Too busy' },
    { event: 'error', data: 'Too busy', unterminated: true },
    { stray: true, data: 'error: Too busy' },
    { stray: true, data: 'Error: {"message":"Too busy"}' },
    { stray: true, data: '{"error":{"message":"Too busy"}}' },
  ];
  it.each(errors)('raises the error in $event $data', (frame) => {
    for (const given of [[frame], [...frames.slice(0, 1), frame, ...frames.slice(1)]]) {
      const { error } = decode(given, { onMalformed: 'skip' });
      expect(error).toBeInstanceOf(ProviderError);
      expect(String(error)).toContain('Too busy');
    }
  });

  it.each([
    { event: 'error', data: '{}' },
    { event: 'error', data: 'null' },
  ])('raises an error that says nothing: $event $data', (frame) => {
    for (let at = 0; at < frames.length - 1; at++) {
      expect(decode([...frames.slice(0, at), frame, ...frames.slice(at)]).error).toBeInstanceOf(ProviderError);
    }
  });

  it('reads an error document that stands over several lines in place of the stream', () => {
    for (const document of [{ error: { message: 'No such model' } }, [{ error: { message: 'No such model' } }]]) {
      const lines = JSON.stringify(document, null, 2).split('\n');
      expect(String(decode(lines.map((data) => ({ data, stray: true }))).error)).toContain('No such model');
    }
  });

  it('says that a document came in place of the stream', () => {
    const lines = JSON.stringify({ object: 'list', data: [] }, null, 2).split('\n');
    const { error } = decode(lines.map((data) => ({ data, stray: true })));
    expect(error).toBeInstanceOf(MalformedFrameError);
    expect(String(error)).toContain('one JSON document');
  });

  it.each(['7', '"x"', 'true', 'Hello'])('takes %s in place of the stream for no document', (data) => {
    expect(decode([{ data, stray: true }]).error).toMatchObject({ name: 'InterruptedError' });
  });

  it('takes a payload on a line that is no field for one only where the wire is made of lines', () => {
    const { values } = decode(frames.map(({ data }) => ({ data, stray: true })));
    expect(text(values)).toBe(dialect.framing === 'ndjson' ? 'Hello' : '');
  });

  it.each(['{"error":{"mess', '{"type":"', '{'])(
    'takes %s for an interruption where the body ended in it, for bad data elsewhere',
    (data) => {
      for (const event of [undefined, 'error']) {
        const frame: Frame = event === undefined ? { data } : { event, data };
        expect(decode([{ ...frame, unterminated: true }]).error).toMatchObject({ name: 'InterruptedError' });
      }
      expect(decode([{ data }]).error).toBeInstanceOf(MalformedFrameError);
    },
  );

  it('refuses what is nested too deep, and takes no error out of it', () => {
    const deep = (depth: number) => `{"error":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(String(decode([{ data: deep(2000) }]).error)).toContain('nested deeper than');
    expect(decode([{ stray: true, data: deep(2000) }]).error).toMatchObject({ name: 'InterruptedError' });
    expect(decode([{ stray: true, data: `error: ${deep(2000)}` }]).error).toBeInstanceOf(ProviderError);
  });

  it.each([
    ['nonsense', 'no JSON'],
    ['7', 'number 7'],
    ['[1]', 'expected'],
  ])('says what is wrong with %s, or skips it', (data, problem) => {
    const { error } = decode([{ data }]);
    expect(error).toBeInstanceOf(MalformedFrameError);
    expect(error).toMatchObject({ place: { frame: 0 }, excerpt: data });
    expect(String(error)).toContain(problem);
    const skipped = decode([{ data }, ...frames], { onMalformed: 'skip' });
    expect(skipped.values.filter(({ type }) => type === 'diagnostic')).toMatchObject([{ code: 'frame-skipped' }]);
    expect({ ...skipped, values: skipped.values.slice(1) }).toEqual(plain);
  });
});

it('the decoder of Ollama takes `[DONE]` for no proof that the answer is whole', () => {
  const frames = runStage(dialects.ollama.encoder({ model: 'm' }), answer).values;
  const { values, error } = runStage(dialects.ollama.decoder(), [...frames.slice(0, -1), { data: '[DONE]' }]);
  expect(values.map(({ type }) => type)).not.toContain('round-end');
  expect(error).toMatchObject({ name: 'InterruptedError' });
});

describe('payloads that resemble each other', () => {
  const chunk = (delta: object, more = {}) => JSON.stringify({ id: 'r', choices: [{ index: 0, delta, ...more }] });
  const says = (content: string) => chunk({ content });
  const thinks = (reasoning: string) => chunk({ reasoning });
  /** A decoder that has met nothing, the payloads that it parsed, and the events. */
  function decoded(payloads: ReadonlyArray<string | Frame>) {
    const parse = vi.spyOn(JSON, 'parse');
    const frames = payloads.map((data) => (typeof data === 'string' ? { data } : data));
    const { values, error } = runStage(new WireDecoder({ ...chatWire }, new ChatChunkReader()), frames);
    const whole = parse.mock.calls.map(([text]) => text);
    parse.mockRestore();
    return { values, error, parsed: frames.map(({ data }) => data).filter((data) => whole.includes(data)) };
  }
  /** As many kinds as there are lengths of lists. */
  const unlike = Array.from({ length: 40 }, (_, n) =>
    JSON.stringify({ id: 'r', choices: Array.from({ length: n + 1 }, () => ({ index: 0, delta: {} })) }),
  );

  it('are parsed until two have shown what differs', () => {
    expect(decoded(['a', 'b', 'c', 'd'].map(says)).parsed).toEqual(['a', 'b'].map(says));
  });

  it('are parsed where none of a long answer resembled another', () => {
    const last = ['a', 'b', 'c'].map(says);
    expect(decoded([...unlike, ...last]).parsed).toEqual([...unlike, ...last]);
  });

  it('do not use up what may be learned while they are found', () => {
    const many = Array.from({ length: 60 }, (_, n) => says(`word ${n}`));
    const others = ['a', 'b', 'c'].map(thinks);
    expect(decoded([...many, ...others]).parsed).toEqual([...many.slice(0, 2), ...others.slice(0, 2)]);
    expect(decoded([...unlike.slice(0, 20), ...many, ...others]).parsed).toEqual([
      ...unlike.slice(0, 20),
      ...many.slice(0, 2),
      ...others.slice(0, 2),
    ]);
  });

  it('are read whole where they say more than a delta', () => {
    const found = decoded(['a', 'b', 'c', 'd'].map((content) => chunk({ content }, { logprobs: { content: [{ token: content }] } })));
    expect(found.parsed).toHaveLength(4);
    expect(found.values.filter(({ type }) => type === 'provider-event')).toHaveLength(4);
  });

  it('are an error where their event is called that', () => {
    const { error } = decoded([...['a', 'b', 'c'].map(says), { event: 'error', data: says('d') }]);
    expect(error).toBeInstanceOf(ProviderError);
  });
});
