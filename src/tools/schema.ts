import * as E from 'fp-ts/Either';
import type { JsonSchema } from '../values.ts';
import { ioTsIssues } from './io-ts-issues.ts';
import { type Codec, ioTsSchema } from './io-ts-schema.ts';
import { pathText } from './issues.ts';
import { checkJsonSchema, jsonSchemaValidator } from './json-schema.ts';
import type { JsonSchemaType } from './json-schema-type.ts';
import { isThenable } from './output.ts';
import type { Validated } from './tool.ts';

/**
 * A schema of any library that keeps the Standard Schema: zod, valibot, arktype and others.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | PromiseLike<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
    /** @see https://standardschema.dev/json-schema */
    readonly jsonSchema?: { readonly input: (options: { readonly target: string }) => Record<string, unknown> } | undefined;
  };
}

/** What a Standard Schema answers. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<{ readonly message: string; readonly path?: readonly StandardPathSegment[] | undefined }> };

/** A key, or an object that holds one. */
export type StandardPathSegment = PropertyKey | { readonly key: PropertyKey };

/** What may describe a tool's parameters: an io-ts codec, a Standard Schema, or a plain JSON Schema. */
export type ToolParameters = Codec | StandardSchema | JsonSchema;

/** The arguments that `execute` gets, from the type of the parameters. */
export type ArgumentsOf<P> = P extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : unknown
  : P extends { readonly _A: infer A; decode(value: never): unknown }
    ? A
    : JsonSchemaType<P>;

/** How a tool's parameters go on the wire and are checked. */
export interface Schema {
  readonly inputSchema: JsonSchema;
  readonly validate: (value: unknown) => Validated<unknown> | PromiseLike<Validated<unknown>>;
}

/** Recognises parameters of any kind. `given` replaces the JSON Schema that would be read off them; `where` is for messages. */
export function schemaOf(parameters: unknown, given: JsonSchema | undefined, where: string): Schema {
  if (given !== undefined) checkJsonSchema(given, `${where}: inputSchema`);
  if (isStandardSchema(parameters)) {
    return { inputSchema: onWire(given ?? standardJsonSchema(parameters, where), where), validate: standardValidator(parameters) };
  }
  if (isCodec(parameters)) {
    return { inputSchema: onWire(given ?? codecJsonSchema(parameters, where), where), validate: codecValidator(parameters) };
  }
  if (typeof parameters !== 'object' || parameters === null) {
    throw new TypeError(
      `${where}: parameters must be an io-ts codec, a Standard Schema (zod, valibot, arktype …) or a JSON Schema object.`,
    );
  }
  checkJsonSchema(parameters, `${where}: parameters`);
  return { inputSchema: onWire(given ?? parameters, where), validate: jsonSchemaValidator(onWire(parameters, where)) };
}

/** A call's arguments are an object, and providers want to read that at the top. `$schema` is noise to a model, and an error to some. */
function onWire({ $schema: _, ...schema }: JsonSchema, where: string): JsonSchema {
  const { type = 'object', ...rest } = schema;
  if (type !== 'object') {
    throw new TypeError(`${where}: parameters describe ${JSON.stringify(type)}, but arguments are an object. Wrap them: { value: … }.`);
  }
  return { type, ...rest };
}

function isStandardSchema(value: unknown): value is StandardSchema {
  // A schema of arktype is a function.
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false;
  const standard = (value as Partial<StandardSchema>)['~standard'];
  return typeof standard === 'object' && standard !== null && typeof standard.validate === 'function';
}

function standardJsonSchema(schema: StandardSchema, where: string): JsonSchema {
  const { jsonSchema, vendor } = schema['~standard'];
  const fix = 'Give its JSON Schema beside it: `inputSchema: { type: "object", … }`';
  if (!jsonSchema) {
    const valibot = vendor === 'valibot' ? ', or wrap it with `toStandardJsonSchema` of @valibot/to-json-schema' : '';
    throw new TypeError(`${where}: a schema of ${vendor} does not tell its JSON Schema. ${fix}${valibot}.`);
  }
  let problem: unknown;
  for (const target of ['draft-2020-12', 'draft-07']) {
    try {
      return jsonSchema.input({ target });
    } catch (thrown) {
      problem ??= thrown;
    }
  }
  throw new TypeError(`${where}: ${vendor} could not turn the schema into a JSON Schema. ${fix}.`, { cause: problem });
}

function standardValidator(schema: StandardSchema): Schema['validate'] {
  return (value) => {
    const result = schema['~standard'].validate(value);
    return isThenable(result) ? (result as PromiseLike<StandardResult<unknown>>).then(fromStandard) : fromStandard(result);
  };
}

function fromStandard(result: StandardResult<unknown>): Validated<unknown> {
  if (result.issues === undefined) return E.right(result.value);
  return E.left(result.issues.map(({ path = [], message }) => ({ path: pathText(path.map(keyOf)), message })));
}

const keyOf = (segment: StandardPathSegment): PropertyKey => (typeof segment === 'object' ? segment.key : segment);

function isCodec(value: unknown): value is Codec {
  if (typeof value !== 'object' || value === null) return false;
  const { name, decode } = value as Partial<Codec>;
  return typeof name === 'string' && typeof decode === 'function';
}

function codecJsonSchema(codec: Codec, where: string): JsonSchema {
  try {
    return ioTsSchema(codec);
  } catch (thrown) {
    throw new TypeError(`${where}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown });
  }
}

function codecValidator(codec: Codec): Schema['validate'] {
  return (value) => {
    const decoded = codec.decode(value);
    return decoded._tag === 'Right' ? decoded : E.left(ioTsIssues(decoded.left));
  };
}
