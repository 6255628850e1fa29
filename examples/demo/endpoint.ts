import { type Endpoint, openAiChat } from 'toolstream';
import { startModelServer } from './model-server.ts';

/** Which model the demo talks to. */
export interface Chosen {
  readonly endpoint: Endpoint;
  /** For the reader. */
  readonly about: string;
  stop(): Promise<void>;
}

/** The endpoint of `OPENAI_BASE_URL` and `MODEL` where they are set, else the server in this process. */
export async function chooseEndpoint(variables: NodeJS.ProcessEnv): Promise<Chosen> {
  const { OPENAI_BASE_URL: url, OPENAI_API_KEY: apiKey, MODEL: model } = variables;
  if (url) {
    if (!model) throw new Error('OPENAI_BASE_URL is set but MODEL is not: say which model to ask, e.g. MODEL=gpt-4.1-mini.');
    return {
      endpoint: { dialect: openAiChat, url, model, ...(apiKey && { apiKey }) },
      about: `Asking ${model} at ${url}`,
      stop: async () => {},
    };
  }
  const server = await startModelServer();
  return {
    endpoint: { dialect: openAiChat, url: server.url, model: 'embedded' },
    about: [
      `Asking a server in this process, at ${server.url}. Its words are`,
      'scripted; the HTTP, the pace, the streaming and the tools are real.',
      'To ask a real model, set OPENAI_BASE_URL, OPENAI_API_KEY and MODEL.',
    ].join('\n'),
    stop: server.stop,
  };
}
