import { type Fixture, LLMock } from '@copilotkit/aimock';
import type { Target } from './files.ts';
import { CITY } from './question.ts';

/** Milliseconds to the first chunk, and chunks a second. */
interface Pace {
  readonly ttft: number;
  readonly tps: number;
  readonly jitter: number;
}

const PACES: Readonly<Record<string, Pace>> = {
  'embedded-quick': { ttft: 40, tps: 250, jitter: 0.3 },
  'embedded-steady': { ttft: 120, tps: 100, jitter: 0.3 },
};

const ANSWER = `It is 31 degrees and humid in ${CITY} now. Take water with you, and expect a shower towards the evening.`;

/** Two model servers on loopback: real HTTP and real streaming, scripted words. */
export async function startEmbedded(): Promise<{ targets: Target[]; stop(): Promise<void> }> {
  // The journal keeps the requests it saw: as few as it can, so that a long run does not grow.
  const servers = Object.entries(PACES).map(([name, pace]) => {
    const server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 4, journalMaxEntries: 1 });
    server.addFixtures(conversation(pace));
    return { name, server };
  });
  await Promise.all(servers.map(({ server }) => server.start()));
  return {
    targets: servers.map(({ name, server }) => ({ name, url: `${server.url}/v1`, model: name })),
    stop: async () => {
      await Promise.all(servers.map(({ server }) => server.stop()));
    },
  };
}

function conversation(streamingProfile: Pace): Fixture[] {
  const usage = { prompt_tokens: 90, completion_tokens: 10 };
  return [
    {
      match: { hasToolResult: false },
      response: { toolCalls: [{ name: 'get_weather', arguments: JSON.stringify({ city: CITY }) }], usage },
      streamingProfile,
    },
    {
      match: { hasToolResult: true },
      response: { content: ANSWER, usage: { prompt_tokens: 130, completion_tokens: 27 } },
      streamingProfile,
    },
  ];
}
