import { describe, expect, it } from 'vitest';
import { anthropicMessages } from '../../src/dialects/anthropic-messages.ts';
import { cohere } from '../../src/dialects/cohere.ts';
import { duplexSession } from '../../src/dialects/duplex-session.ts';
import { gemini } from '../../src/dialects/gemini.ts';
import { ollama } from '../../src/dialects/ollama.ts';
import { openAiChat } from '../../src/dialects/openai-chat.ts';
import { openAiResponses } from '../../src/dialects/openai-responses.ts';
import { ProviderError } from '../../src/errors.ts';
import type { ModelEvent } from '../../src/events.ts';
import type { Frame } from '../../src/frame.ts';
import { runStage } from '../../src/stage.ts';

const start: ModelEvent = { type: 'round-start', responseId: 'r1', model: 'm' };
const restarted: ModelEvent = { type: 'round-restarted', attempt: 2, message: 'cut' };
const text = (said: string): ModelEvent => ({ type: 'text-delta', text: said });
const call: ModelEvent[] = [
  { type: 'tool-call-start', callId: 'c1', index: 0, name: 'look' },
  { type: 'tool-call-delta', callId: 'c1', index: 0, text: '{}' },
];
const end: ModelEvent[] = [
  { type: 'finish-reason', reason: 'stop', raw: 'stop' },
  { type: 'round-end', reason: 'stop', message: { role: 'assistant', content: '' } },
];

describe.each([openAiChat, openAiResponses, anthropicMessages, gemini, ollama, cohere, duplexSession])(
  'one response of $name',
  (dialect) => {
    const throughWire = (events: readonly ModelEvent[]) => {
      const frames = runStage<ModelEvent, Frame>(dialect.encoder(), events);
      expect(frames.error).toBeUndefined();
      return runStage<Frame, ModelEvent>(dialect.decoder(), frames.values);
    };
    const textOf = (events: readonly ModelEvent[]) => events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');

    it('goes on as if nothing had been, where a round that is asked again had said nothing', () => {
      const { values, error } = throughWire([start, restarted, { ...start, responseId: 'r2' } as ModelEvent, text('Hello'), ...end]);
      expect(error).toBeUndefined();
      expect(textOf(values)).toBe('Hello');
      expect(values.filter(({ type }) => type === 'round-start' || type === 'round-end')).toHaveLength(2);
    });

    it.each([
      ['text', [text('Hel')]],
      ['reasoning', [{ type: 'reasoning-delta', text: 'Hm' }]],
      ['a call', call],
    ] as Array<[string, ModelEvent[]]>)('ends with an error worth another try, where it had said %s', (_, said) => {
      const { values, error } = throughWire([start, ...said, restarted, start, text('Hello'), ...end]);
      expect(error).toBeInstanceOf(ProviderError);
      expect((error as ProviderError).retryable).toBe(true);
      expect(textOf(values)).not.toContain('Hello');
      expect(values.some(({ type }) => type === 'round-end')).toBe(false);
    });

    it('has the words of a refusal, as text where the wire has no other word', () => {
      const { values } = throughWire([start, { type: 'refusal-delta', text: 'I will ' }, { type: 'refusal-delta', text: 'not.' }, ...end]);
      const said = values.map((event) => (event.type === 'text-delta' || event.type === 'refusal-delta' ? event.text : '')).join('');
      expect(said).toBe('I will not.');
      expect(values.some(({ type }) => type === 'refusal-delta')).toBe(dialect.expresses.has('refusal'));
    });

    it('is the first round alone', () => {
      const one = [start, text('One'), ...end];
      const { values, error } = throughWire([...one, restarted, start, text('Two'), ...end]);
      expect(error).toBeUndefined();
      expect(textOf(values)).toBe('One');
      expect(runStage<ModelEvent, Frame>(dialect.encoder(), [...one, ...one]).values).toEqual(
        runStage<ModelEvent, Frame>(dialect.encoder(), one).values,
      );
    });
  },
);
