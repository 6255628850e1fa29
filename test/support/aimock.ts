import { type Fixture, isChatCompletionBody, LLMock } from '@copilotkit/aimock';

/** A call as a chat request carries it. */
export interface SentToolCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

/** A message as a chat request carries it. */
export interface SentMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly name?: string;
  readonly tool_calls?: readonly SentToolCall[];
  readonly tool_call_id?: string;
}

/** A chat request as it reached the server. */
export interface SentRequest {
  /** `Date.now()` of the server when the request had arrived. */
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly messages: readonly SentMessage[];
  readonly body: Readonly<Record<string, unknown>>;
}

/** A model server on loopback that nobody here wrote: OpenAI chat among others. */
export interface Aimock {
  /** What goes into `url` of an endpoint: `http://127.0.0.1:…/v1`. */
  readonly url: string;
  /** Every chat request so far, oldest first. */
  requests(): SentRequest[];
  /** Drops the requests so far and starts sequenced fixtures anew. */
  reset(): void;
  stop(): Promise<void>;
}

/**
 * Starts a server on a free loopback port. The first fixture that matches answers; where none does, the answer is a 404.
 *
 * A fixture's `blocks` put text and calls in one response in any order; `streamingProfile` paces it (`ttft` ms before the first
 * chunk, `tps` chunks a second), `chunkSize` is in UTF-16 code units, `hasToolResult` tells the rounds of one question apart.
 */
export async function startAimock(fixtures: readonly Fixture[]): Promise<Aimock> {
  const server = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 8 });
  server.addFixtures([...fixtures]);
  await server.start();
  return {
    url: `${server.url}/v1`,
    requests: () =>
      server.getRequests().flatMap((entry) =>
        isChatCompletionBody(entry.body)
          ? [
              {
                at: entry.timestamp,
                headers: entry.headers,
                messages: entry.body.messages as readonly SentMessage[],
                body: entry.body as unknown as Readonly<Record<string, unknown>>,
              },
            ]
          : [],
      ),
    reset: () => {
      server.clearRequests();
      server.resetMatchCounts();
    },
    stop: () => server.stop(),
  };
}
