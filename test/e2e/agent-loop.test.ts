import { setTimeout as sleep } from 'node:timers/promises';
import type { Fixture, FixtureBlock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { lastValueFrom } from 'rxjs';
import { collectAnswer, defineTool, httpModel, openAiChat, streamAnswer } from 'toolstream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Aimock, type SentMessage, type SentRequest, startAimock } from '../support/aimock.ts';

const QUESTION = 'Compare the weather of Tokyo and Hà Nội and tell both in Fahrenheit.';
const text = (words: string): FixtureBlock => ({ type: 'text', text: words });
const call = (id: string, name: string, args: object): FixtureBlock => ({ type: 'toolCall', id, name, arguments: JSON.stringify(args) });

/** The n-th response of the model, counted by the assistant's messages before it. */
const turn = (n: number, ...blocks: FixtureBlock[]): Fixture => ({
  match: { predicate: ({ messages }) => messages.filter(({ role }) => role === 'assistant').length === n },
  response: { blocks },
});

/** Three rounds of calls, then the answer. Calls of one tool twice in a round, and text before, between and without calls. */
const script: Fixture[] = [
  turn(0, text('Both cities first.'), call('call_1', 'look_up', { city: 'Tokyo' }), call('call_2', 'look_up', { city: 'Hà Nội' })),
  turn(1, call('call_3', 'convert', { celsius: 22 }), text('Meanwhile: '), call('call_4', 'convert', { celsius: 31 })),
  turn(2, call('call_5', 'look_up', { city: 'Nowhere' }), call('call_6', 'convert', { celsius: 9 }), call('call_7', 'note', {})),
  turn(3, text('Tokyo 71.6 °F, Hà Nội 87.8 °F.')),
];

const CELSIUS: Readonly<Record<string, number>> = { Tokyo: 22, 'Hà Nội': 31 };

/** The first city is the slowest, so that results come in another order than the calls. */
async function lookUp({ city }: { city: string }): Promise<object> {
  await sleep(city === 'Tokyo' ? 80 : 5);
  return { city, celsius: CELSIUS[city] ?? null };
}

const convert = ({ celsius }: { celsius: number }) => Math.round((celsius * 9) / 5 + 32);
const note = () => 'noted';

const cityParameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const;
const degreeParameters = { type: 'object', properties: { celsius: { type: 'number' } }, required: ['celsius'] } as const;
const noParameters = { type: 'object', properties: {} } as const;

const tools = [
  defineTool({
    name: 'look_up',
    description: 'Weather of a city',
    parameters: cityParameters,
    annotations: { readOnlyHint: true },
    execute: lookUp,
  }),
  defineTool({ name: 'convert', description: 'To Fahrenheit', parameters: degreeParameters, execute: convert }),
  defineTool({ name: 'note', description: 'Takes a note', parameters: noParameters, execute: note }),
];

let server: Aimock;
beforeAll(async () => {
  server = await startAimock(script);
});
beforeEach(() => server.reset());
afterAll(() => server.stop());

async function askWithToolstream(): Promise<readonly SentRequest[]> {
  const model = httpModel({ dialect: openAiChat, url: server.url, model: 'm', apiKey: 'key' });
  const request = { messages: [{ role: 'user', content: QUESTION } as const] };
  await lastValueFrom(streamAnswer({ model, request, tools, maxRounds: 8 }));
  return server.requests();
}

async function askWithOpenAi(): Promise<readonly SentRequest[]> {
  const client = new OpenAI({ baseURL: server.url, apiKey: 'key' });
  const runner = client.chat.completions.runTools({
    stream: true,
    model: 'm',
    messages: [{ role: 'user', content: QUESTION }],
    tools: [
      runnable('look_up', 'Weather of a city', cityParameters, lookUp),
      runnable('convert', 'To Fahrenheit', degreeParameters, convert),
      runnable('note', 'Takes a note', noParameters, note),
    ],
  });
  await runner.finalContent();
  return server.requests();
}

describe('an agent loop of three rounds with parallel tools', () => {
  it('answers every tool call exactly once, in order', async () => {
    const requests = await askWithToolstream();
    expect(requests).toHaveLength(4);
    for (const { messages } of requests) {
      for (const [position, message] of messages.entries()) {
        const ids = (message.tool_calls ?? []).map(({ id }) => id);
        const answers = messages.slice(position + 1, position + 1 + ids.length);
        expect(answers.map(({ role, tool_call_id }) => [role, tool_call_id])).toEqual(ids.map((id) => ['tool', id]));
      }
      const asked = messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
      const answered = messages.flatMap(({ role, tool_call_id }) => (role === 'tool' ? [tool_call_id] : []));
      expect(answered).toEqual(asked);
    }
    const all = requests.at(-1)?.messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
    expect(all).toEqual(['call_1', 'call_2', 'call_3', 'call_4', 'call_5', 'call_6', 'call_7']);
  });

  it('sends each round the conversation so far, unchanged, and what is new behind it', async () => {
    const requests = await askWithToolstream();
    requests.slice(1).forEach(({ messages }, index) => {
      const before = requests[index]?.messages ?? [];
      expect(messages.slice(0, before.length)).toEqual(before);
    });
  });

  it("sends messages equal in meaning to those of the openai client's runTools", async () => {
    const ours = (await askWithToolstream()).map(({ messages }) => messages.map(meaning));
    server.reset();
    const theirs = (await askWithOpenAi()).map(({ messages }) => messages.map(meaning));
    expect(ours).toEqual(theirs);
    expect(ours).toHaveLength(4);
  });

  it("declares the same tools as the openai client's runTools", async () => {
    const ours = (await askWithToolstream())[0]?.body.tools;
    server.reset();
    const theirs = (await askWithOpenAi())[0]?.body.tools;
    expect(declarations(ours)).toEqual(declarations(theirs));
  });

  it('hands the whole conversation back for the next question', async () => {
    const model = httpModel({ dialect: openAiChat, url: server.url, model: 'm' });
    const request = { messages: [{ role: 'user', content: QUESTION } as const] };
    const answer = await lastValueFrom(streamAnswer({ model, request, tools, maxRounds: 8 }).pipe(collectAnswer()));
    expect(answer.text).toContain('Tokyo 71.6 °F, Hà Nội 87.8 °F.');
    expect(answer.messages.map(({ role }) => role)).toEqual(
      'assistant tool tool assistant tool tool assistant tool tool tool assistant'.split(' '),
    );
  });
});

/** A tool in the words of the openai client. */
function runnable<Args extends object>(name: string, description: string, parameters: object, run: (args: Args) => unknown) {
  const parse = (text: string): Args => JSON.parse(text);
  return { type: 'function' as const, function: { name, description, parameters: { ...parameters }, parse, function: run } };
}

/** What a message says, whatever way the client has of writing it. */
function meaning({ role, content, tool_calls, tool_call_id }: SentMessage): object {
  return {
    role,
    content: content || null,
    calls: (tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => ({ id, name, arguments: JSON.parse(args) })),
    answers: tool_call_id ?? null,
  };
}

function declarations(tools: unknown): object[] {
  return (tools as Array<{ function: { name: string; description: string; parameters: object } }>).map(
    ({ function: { name, description, parameters } }) => ({ name, description, parameters }),
  );
}
