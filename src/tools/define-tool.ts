import type { JsonSchema } from '../values.ts';
import { LONGEST_TIMER_MS } from './longest-timer.ts';
import { type ArgumentsOf, schemaOf, type ToolParameters } from './schema.ts';
import type { StartWhen, Tool, ToolAnnotations, ToolContext } from './tool.ts';

/** What {@link defineTool} is given. */
export interface ToolDefinition<P extends ToolParameters> {
  /** 1 to 64 of `A-Z a-z 0-9 _ -`: what every provider accepts. */
  readonly name: string;
  /** What the tool does and when to use it, for the model. */
  readonly description: string;
  /**
   * An io-ts codec, a Standard Schema (zod, valibot, arktype …) or a plain JSON Schema, of an object. Or plain text in place of JSON:
   * `{ type: 'text' }`, or a grammar for it; `execute` is given the text then.
   */
  readonly parameters: P;
  /** The JSON Schema that goes on the wire. Default: read off the parameters; needed where they do not tell theirs. */
  readonly inputSchema?: JsonSchema;
  /** MCP's hints. `readOnlyHint` lets the tool start while the model is still writing. */
  readonly annotations?: ToolAnnotations;
  /** Overrides when the tool starts. Default: `confirmed` where `readOnlyHint` is true, else `finished`. */
  readonly startWhen?: StartWhen;
  /** Milliseconds from the start of `execute` to its result, retries included. Default: that of `executeTools`, 60,000. */
  readonly timeoutMs?: number;
  /** How often a failed `execute` is tried again, at once. Default 0; more only for read-only or idempotent tools. */
  readonly retries?: number;
  /** Does the work; see {@link Tool.execute}. Without it the caller settles the calls. */
  readonly execute?: (args: ArgumentsOf<P>, context: ToolContext) => unknown;
}

/**
 * Defines a tool the model may call; the type of `execute`'s arguments is that of `parameters`.
 *
 * A codec of io-ts and a Standard Schema are recognised by their looks, so that any copy of the library will do. A plain JSON Schema
 * is checked by a validator that is loaded when it is first needed; given as a literal, it gives the arguments' type too.
 *
 * With `parameters: { type: 'text' }` the model writes the input as plain text where its API has that, and as the one field of a function's
 * arguments elsewhere; `execute` gets the same string. A grammar is what the provider holds the model to, where it can; it is not checked here.
 *
 * Throws a `TypeError` or `RangeError` that says what to change: at a name no provider accepts, at parameters that are no schema
 * of an object or do not tell their JSON Schema (give `inputSchema` then), at retries of a tool that is neither read-only nor idempotent.
 *
 * @example
 * ```ts
 * import { defineTool } from 'toolstream';
 *
 * const weather = defineTool({
 *   name: 'get_weather',
 *   description: 'Current weather of a city',
 *   parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
 *   annotations: { readOnlyHint: true },
 *   execute: ({ city }) => ({ city, celsius: 21 }),
 * });
 * console.log(weather.name, weather.inputSchema.required); // get_weather [ 'city' ]
 * ```
 *
 * @see https://modelcontextprotocol.io/specification/2025-06-18/server/tools#tool
 */
export function defineTool<const P extends ToolParameters>(definition: ToolDefinition<P>): Tool<ArgumentsOf<P>> {
  const { name, description, parameters, annotations = {}, retries = 0, startWhen, timeoutMs, execute } = definition;
  checkName(name);
  const where = `Tool "${name}"`;
  if (typeof description !== 'string') throw new TypeError(`${where}: description must be a string: it tells the model when to call it.`);
  if (execute !== undefined && typeof execute !== 'function') throw new TypeError(`${where}: execute must be a function, or left out.`);
  if (timeoutMs !== undefined) checkTimeout(timeoutMs, `${where}: timeoutMs`);
  checkStartWhen(startWhen, where);
  checkRetries(retries, annotations, where);
  const { inputSchema, format, validate } = schemaOf(parameters, definition.inputSchema, where);
  return {
    name,
    description,
    inputSchema,
    ...(format === undefined ? {} : { format }),
    annotations,
    retries,
    validate: validate as Tool<ArgumentsOf<P>>['validate'],
    ...(startWhen === undefined ? {} : { startWhen }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(execute === undefined ? {} : { execute }),
  };
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(name)) return;
  throw new TypeError(
    `Tool name ${JSON.stringify(name)} is not accepted by providers. Use 1 to 64 of A-Z a-z 0-9 _ -, e.g. "get_weather".`,
  );
}

/** Throws at anything that is no number of milliseconds a timer can keep. */
export function checkTimeout(milliseconds: number, where: string): void {
  if (typeof milliseconds === 'number' && milliseconds > 0 && milliseconds <= LONGEST_TIMER_MS) return;
  throw new RangeError(`${where} is ${milliseconds}. Give milliseconds, more than 0 and at most ${LONGEST_TIMER_MS} (24.8 days).`);
}

/** Throws at anything that is no start policy. */
export function checkStartWhen(startWhen: StartWhen | undefined, where: string): void {
  if (startWhen === undefined || startWhen === 'confirmed' || startWhen === 'finished') return;
  throw new TypeError(`${where}: startWhen is ${JSON.stringify(startWhen)}. Use 'confirmed' or 'finished'.`);
}

function checkRetries(retries: number, { readOnlyHint, idempotentHint }: ToolAnnotations, where: string): void {
  if (!Number.isSafeInteger(retries) || retries < 0) throw new RangeError(`${where}: retries is ${retries}. Give a whole number from 0.`);
  if (retries > 0 && !readOnlyHint && !idempotentHint) {
    throw new TypeError(
      `${where}: a retry would repeat its side effect. Leave retries out, or, if calling it twice does no more than calling it once, ` +
        'say so: annotations: { idempotentHint: true }.',
    );
  }
}
