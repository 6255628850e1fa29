import { readFileSync } from 'node:fs';
import type { Dialect, Endpoint } from 'toolstream';
import * as exported from 'toolstream/dialects';
import { z } from 'zod';

const upstream = z.strictObject({
  /** By its export or by its own name: `anthropicMessages`, `anthropic-messages`. */
  dialect: z.string(),
  url: z.string(),
  model: z.string(),
  /** The environment variable that holds the key. None: no key is sent. */
  keyEnv: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** Whether fields of a request that the library has no word for are sent on. Default: where the upstream speaks OpenAI's chat, too. */
  passUnknown: z.boolean().optional(),
  /** Whether the upstream has custom tools. Default: OpenAI's Responses API has, its chat API elsewhere has not. */
  customTools: z.boolean().optional(),
});

const file = z.strictObject({ port: z.number().optional(), models: z.record(z.string(), upstream) });

/** A model behind the gateway. */
export interface Upstream extends Endpoint {
  readonly passUnknown: boolean;
}

export interface GatewayConfig {
  readonly port: number;
  /** By the name that clients ask for. */
  readonly models: ReadonlyMap<string, Upstream>;
}

/** Every dialect there is: a new one needs no line here. */
const dialects = new Map<string, Dialect>();
for (const [name, value] of Object.entries(exported)) {
  if (typeof value === 'object' && 'encodeRequest' in value) dialects.set(name, value).set(value.name, value);
}

/**
 * Reads the file that `GATEWAY_CONFIG` names, or one model from `UPSTREAM_DIALECT`, `UPSTREAM_URL`, `UPSTREAM_MODEL` and `UPSTREAM_KEY_ENV`.
 *
 * @throws Error that says what is missing.
 */
export function readConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const { GATEWAY_CONFIG, UPSTREAM_DIALECT = 'openAiChat', UPSTREAM_URL, UPSTREAM_MODEL, UPSTREAM_KEY_ENV, PORT = '8080' } = env;
  if (GATEWAY_CONFIG) return configOf(JSON.parse(readFileSync(GATEWAY_CONFIG, 'utf8')), env);
  if (!UPSTREAM_URL || !UPSTREAM_MODEL) {
    throw new Error('Set GATEWAY_CONFIG to a file, or UPSTREAM_URL and UPSTREAM_MODEL (and UPSTREAM_DIALECT, UPSTREAM_KEY_ENV).');
  }
  const model = {
    dialect: UPSTREAM_DIALECT,
    url: UPSTREAM_URL,
    model: UPSTREAM_MODEL,
    ...(UPSTREAM_KEY_ENV && { keyEnv: UPSTREAM_KEY_ENV }),
  };
  return configOf({ port: Number(PORT), models: { [UPSTREAM_MODEL]: model } }, env);
}

/** Checks a configuration. */
export function configOf(given: unknown, env: NodeJS.ProcessEnv): GatewayConfig {
  const { port = 8080, models } = file.parse(given);
  return { port, models: new Map(Object.entries(models).map(([name, of]) => [name, upstreamOf(of, env)])) };
}

function upstreamOf(
  { dialect: named, url, model, keyEnv, headers, passUnknown, customTools }: z.infer<typeof upstream>,
  env: NodeJS.ProcessEnv,
): Upstream {
  const dialect = dialects.get(named);
  if (!dialect) throw new Error(`No dialect is called ${named}. There are: ${[...dialects.keys()].join(', ')}.`);
  return {
    dialect,
    url,
    model,
    // Read with each request, so that a key can be changed without a restart.
    ...(keyEnv && { apiKey: () => env[keyEnv] }),
    ...(headers && { headers }),
    ...(customTools !== undefined && { customTools }),
    passUnknown: passUnknown ?? dialect === exported.openAiChat,
  };
}
