import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Settings {
  /** Of each endpoint. */
  readonly requests: number;
  /** Requests at once, to one endpoint. */
  readonly concurrency: number;
  /** Requests to each endpoint before, one after the other, that count for nothing. */
  readonly warmUp: number;
  readonly endpointsFile: string | undefined;
  readonly pricesFile: string | undefined;
  readonly answersPerMonth: number;
  /** Of each request, in milliseconds. */
  readonly timeoutMs: number;
  readonly json: boolean;
}

export const HELP = `Compares the latency of model endpoints on a question with a tool call and a follow-up round.

  npm run compare -- [options]

  --requests N           requests to each endpoint                        (default 1000)
  --concurrency N        requests at once; one endpoint after the other   (default 20)
  --warm-up N            requests to each endpoint before, not counted    (default 3)
  --endpoints FILE       JSON: [{ "name", "url", "model", "apiKeyEnv"? }], apiKeyEnv names the environment
                         variable that holds the key                      (default: two embedded ones of different pace)
  --prices FILE          JSON: { "<name or model>": { "inputPerMillion", "outputPerMillion",
                         "cachedInputPerMillion"?, "cacheWriteInputPerMillion"? } }
                         in USD per million tokens                        (default: examples/compare/prices.json)
  --answers-per-month N  the volume of the cost per month                 (default 100000)
  --timeout MS           for each request of a round, in milliseconds     (default 60000)
  --json                 the numbers as JSON instead of the table
  --help                 this text

Exit code: 0 unless all requests failed (1); 2 when the options or files cannot be used.`;

/** A mistake in the options or files: its message is for the user, its stack is not. */
export class UsageError extends Error {}

/** Reads the command line; `undefined` asks for help. */
export function readArguments(args: readonly string[]): Settings | undefined {
  const { values } = parsed(args);
  if (values.help) return undefined;
  return {
    requests: whole('requests', values.requests, 1),
    concurrency: whole('concurrency', values.concurrency, 1),
    warmUp: whole('warm-up', values['warm-up'], 0),
    endpointsFile: values.endpoints,
    pricesFile: values.prices,
    answersPerMonth: whole('answers-per-month', values['answers-per-month'], 0),
    timeoutMs: whole('timeout', values.timeout, 1),
    json: values.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        requests: { type: 'string', default: '1000' },
        concurrency: { type: 'string', default: '20' },
        'warm-up': { type: 'string', default: '3' },
        endpoints: { type: 'string' },
        prices: { type: 'string' },
        'answers-per-month': { type: 'string', default: '100000' },
        timeout: { type: 'string', default: '60000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function whole(option: string, text: string, min: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
  throw new UsageError(`--${option} is "${text}"; give a whole number, ${min} or more.`);
}
