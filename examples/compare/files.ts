import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PriceTable } from 'toolstream';
import { UsageError } from './arguments.ts';

/** An endpoint to measure. */
export interface Target {
  /** What the table calls it. */
  readonly name: string;
  readonly url: string;
  readonly model: string;
  readonly apiKey?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The endpoints of a file, with the keys of the environment. */
export function readTargets(file: string, env: Env = process.env): Target[] {
  const entries = readJson(file);
  if (!Array.isArray(entries) || entries.length === 0)
    throw new UsageError(`${file}: expected a list of endpoints, [{ "name", "url", "model" }].`);
  const targets = entries.map((entry: unknown, i) => targetOf(entry, `${file}: endpoint ${i + 1}`, env));
  const twice = targets.find(({ name }, i) => targets.findIndex((other) => other.name === name) < i);
  if (twice) throw new UsageError(`${file}: two endpoints are named "${twice.name}"; the table tells them apart by name.`);
  return targets;
}

/** The prices of a file, or the sample ones, by the names of the targets: under its own name, else under its model's. */
export function readPrices(file: string | undefined, targets: readonly Target[]): PriceTable {
  const path = file ?? fileURLToPath(new URL('./prices.json', import.meta.url));
  const byName = readJson(path) as PriceTable;
  if (typeof byName !== 'object' || byName === null) throw new UsageError(`${path}: expected { "<name or model>": { … } }.`);
  return Object.fromEntries(
    targets.flatMap(({ name, model }) => {
      const key = [name, model].find((candidate) => Object.hasOwn(byName, candidate));
      const price = key === undefined ? undefined : byName[key];
      return price === undefined ? [] : [[name, price]];
    }),
  );
}

function targetOf(entry: unknown, where: string, env: Env): Target {
  const { name, url, model, apiKeyEnv } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
  for (const [field, value] of Object.entries({ name, url, model })) {
    if (typeof value !== 'string' || value === '') throw new UsageError(`${where}: "${field}" is missing; give a text that is not empty.`);
  }
  if (!URL.canParse(String(url)))
    throw new UsageError(`${where}: "url" is ${JSON.stringify(url)}; give the base URL, e.g. https://api.openai.com/v1`);
  const target = { name: String(name), url: String(url), model: String(model) };
  if (apiKeyEnv === undefined) return target;
  const apiKey = env[String(apiKeyEnv)];
  if (!apiKey)
    throw new UsageError(`${where}: the environment variable ${String(apiKeyEnv)} is not set; it holds the key of "${target.name}".`);
  return { ...target, apiKey };
}

/** Relative to where the command was typed: npm itself changes to the workspace's folder. */
function readJson(file: string): unknown {
  const path = resolve(process.env.INIT_CWD ?? process.cwd(), file);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
