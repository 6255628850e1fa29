import { afterEach, describe, expect, it } from 'vitest';
import { type AnswerEvent, anthropicMessages, defineTool, httpModel, openAiChat, streamAnswer, type Tool } from '../../src/index.ts';
import { figure } from '../support/figures.ts';
import { handles, leftBeyond } from '../support/handles.ts';
import { chunkOf, head, type RawServer, rawServer } from '../support/raw-server.ts';
import { type RecordedAnswer, recordedAnswer, response } from '../support/recorded-answer.ts';
import { hasShared } from '../support/shared.ts';

let server: RawServer | undefined;
afterEach(() => server?.close());

const HEAD = head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' });

/** A server that sends each event in a chunk of its own and then waits: whatever ends there, the client has ended it. */
async function serving({ dialect, bytes, ends }: RecordedAnswer): Promise<RawServer> {
  const events = ends.map((end, i) => chunkOf(bytes.subarray(ends[i - 1] ?? 0, end)));
  const done = chunkOf(response(dialect, ['Done', '.']));
  return rawServer(({ body }) => (/"tool_result"|"role":"tool"/.test(body) ? [HEAD, done, 'hold'] : [HEAD, ...events, 'hold']));
}

/** What a tool does: it is done at once, or not before its signal aborts, and says something even then. */
type Habit = 'quick' | 'waiting';

function toolsOf({ calls }: RecordedAnswer, habit: Habit, signals: Array<{ readonly signal: AbortSignal; isDone: boolean }>): Tool[] {
  return [...new Set(calls.map(({ name }) => name))].map((name) =>
    defineTool({
      name,
      description: name,
      parameters: { type: 'object' },
      startWhen: 'confirmed',
      async *execute(_args: unknown, { signal }) {
        const seen = { signal, isDone: false };
        signals.push(seen);
        yield 'begun';
        if (habit === 'waiting') await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        yield 'going on';
        seen.isDone = habit === 'quick';
        return 'done';
      },
    }),
  );
}

const RECORDED = {
  'anthropic-messages': () =>
    recordedAnswer(anthropicMessages, 'anthropic/anthropic-call-with-tools-anthropic-claude-sonnet-4-0-stream.sse'),
  'openai-chat': () => recordedAnswer(openAiChat, 'openai-chat/xai-compatiblecommon-xai-grok-4-fast-multi-tool-streaming.sse'),
} as const;

const count = (events: readonly AnswerEvent[], wanted: AnswerEvent['type']) => events.filter(({ type }) => type === wanted).length;

/** Leaves in the midst of the event, or when all that belongs to it is over. */
const WAYS = { within: (leave: () => void) => leave(), after: (leave: () => void) => void setImmediate(leave) } as const;

describe.skipIf(!hasShared).each(Object.entries(RECORDED))('unsubscribing at any event of a recorded %s answer', (name, read) => {
  it.each((['quick', 'waiting'] as const).flatMap((habit) => (['within', 'after'] as const).map((way) => [habit, way] as const)))(
    'law: closes every connection, aborts every tool, emits nothing more (tools are %s, %s the event)',
    async (habit, way) => {
      const before = handles();
      const recorded = read();
      const started = await serving(recorded);
      server = started;
      const signals: Array<{ readonly signal: AbortSignal; isDone: boolean }> = [];
      const model = httpModel({ dialect: recorded.dialect, url: started.origin, model: 'm' });
      const request = { messages: [{ role: 'user' as const, content: 'go' }] };
      const answer$ = streamAnswer({ model, request, tools: toolsOf(recorded, habit, signals) });

      /** Leaves at the n-th event, and gives what came by then and later; without leaving where there are fewer. */
      const leaveAt = (n: number) =>
        new Promise<{ events: AnswerEvent[]; late: () => number }>((resolve) => {
          const events: AnswerEvent[] = [];
          let atLeaving = 0;
          const leave = () => {
            subscription.unsubscribe();
            atLeaving = events.length;
            resolve({ events, late: () => events.length - atLeaving });
          };
          const isAll = () =>
            habit === 'waiting'
              ? events.some(({ type }) => type === 'round-end') && count(events, 'tool-progress') === recorded.calls.length
              : events.some(({ type }) => type === 'answer-end');
          const subscription = answer$.subscribe((event) => {
            if (events.push(event) === n || (n === Infinity && isAll())) WAYS[way](leave);
          });
        });

      const { events: all } = await leaveAt(Infinity);
      await Promise.all(started.exchanges.splice(0).map((exchange) => exchange.left));
      signals.length = 0;
      let connections = 0;
      let aborted = 0;
      let signalsHeld = 0;
      let late = 0;
      // After the last event there is nothing left to leave.
      const places = habit === 'waiting' ? all.length : all.length - 1;
      for (let n = 1; n <= places; n++) {
        const left = await leaveAt(n);
        await new Promise(setImmediate);
        const exchanges = started.exchanges.splice(0);
        // All of what was going on when it left; hangs where one is not left.
        await Promise.all(exchanges.map((exchange) => exchange.left));
        const running = signals.splice(0).filter(({ isDone }) => !isDone);
        expect({ n, deaf: running.filter(({ signal }) => !signal.aborted).length, late: left.late() }).toEqual({ n, deaf: 0, late: 0 });
        if (way === 'within') expect(started.exchanges, `requests after event ${n}`).toHaveLength(0);
        connections += exchanges.length;
        aborted += running.filter(({ signal }) => signal.aborted).length;
        signalsHeld += running.length;
        late += left.late();
      }
      expect(connections).toBeGreaterThanOrEqual(places);
      if (habit === 'waiting') expect(aborted).toBeGreaterThan(recorded.calls.length);
      await started.close();
      expect(await leftBeyond(before)).toEqual({});
      figure(`unsubscribed-${name}-${habit}-${way}`, {
        places,
        connectionsClosed: connections,
        toolsRunning: signalsHeld,
        toolsAborted: aborted,
        eventsAfterwards: late,
      });
    },
  );
});
