import * as E from 'fp-ts/Either';
import { textInputSchema, textOf } from '../calls/text-input.ts';
import { TEXT_FIELD } from '../json/text-field-reader.ts';
import type { TextFormat } from '../messages.ts';
import type { Json, JsonSchema } from '../values.ts';
import { ioTsIssues } from './io-ts-issues.ts';
import { type Codec, ioTsSchema } from './io-ts-schema.ts';
import { kindOf, pathText } from './issues.ts';
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

/** What may describe a tool's parameters: an io-ts codec, a Standard Schema, a plain JSON Schema, or a format of plain text. */
export type ToolParameters = Codec | StandardSchema | JsonSchema | TextFormat;

/** The arguments that `execute` gets, from the type of the parameters. */
export type ArgumentsOf<P> = P extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : unknown
  : P extends { readonly _A: infer A; decode(value: never): unknown }
    ? A
    : P extends { readonly type: TextFormat['type'] }
      ? string
      : JsonSchemaType<P>;

/** How a tool's parameters go on the wire and are checked. */
export interface Schema {
  readonly inputSchema: JsonSchema;
  readonly format?: TextFormat;
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
      `${where}: parameters must be an io-ts codec, a Standard Schema (zod, valibot, arktype …), a JSON Schema object, or { type: 'text' }.`,
    );
  }
  if (isTextFormat(parameters)) return textSchema(parameters, given, where);
  checkJsonSchema(parameters, `${where}: parameters`);
  return { inputSchema: onWire(given ?? parameters, where), validate: jsonSchemaValidator(onWire(parameters, where)) };
}

/** A call's arguments are an object, and providers want to read that at the top. `$schema` is noise to a model, and an error to some. */
function onWire({ $schema: _, ...schema }: JsonSchema, where: string): JsonSchema {
  const { type = 'object', ...rest } = schema;
  if (type !== 'object') {
    const text = type === 'string' ? " For plain text in place of JSON: { type: 'text' }." : '';
    throw new TypeError(
      `${where}: parameters describe ${JSON.stringify(type)}, but arguments are an object. Wrap them: { value: … }.${text}`,
    );
  }
  return { type, ...rest };
}

function isTextFormat(value: object): value is TextFormat {
  const { type } = value as Partial<TextFormat>;
  return type === 'text' || type === 'grammar';
}

function textSchema(format: TextFormat, given: JsonSchema | undefined, where: string): Schema {
  if (given !== undefined) throw new TypeError(`${where}: a tool of plain text has no inputSchema of its own. Leave it out.`);
  if (format.type === 'grammar') {
    const { syntax, definition } = format;
    if ((syntax !== 'lark' && syntax !== 'regex') || typeof definition !== 'string' || definition === '') {
      throw new TypeError(`${where}: a grammar is { type: 'grammar', syntax: 'lark' or 'regex', definition: its text }.`);
    }
  }
  return { inputSchema: textInputSchema(format), format, validate: validateText };
}

/** Takes the text of either form: alone, or as the field of an object where the wire has functions alone. */
function validateText(value: unknown): Validated<string> {
  const text = textOf(value as Json);
  if (text !== undefined) return E.right(text);
  const came = kindOf(typeof value === 'object' && value !== null ? (value as { readonly [key: string]: unknown })[TEXT_FIELD] : value);
  return E.left([{ path: TEXT_FIELD, message: `expected string, got ${came}` }]);
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
