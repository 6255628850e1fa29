import * as E from 'fp-ts/Either';
import type { JsonSchema } from '../values.ts';
import { pathText } from './issues.ts';
import type { Validated } from './tool.ts';

const TYPES = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
const KEYWORDS =
  'type properties required additionalProperties patternProperties propertyNames minProperties maxProperties dependentRequired ' +
  'dependentSchemas unevaluatedProperties anyOf oneOf allOf not if then else enum const $ref $defs definitions $schema $id $comment title ' +
  'description default examples';

/** Throws a `TypeError` where something is no JSON Schema; `where` names it in the message. */
export function checkJsonSchema(schema: unknown, where: string): asserts schema is JsonSchema {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new TypeError(`${where} must be a JSON Schema object, e.g. { type: 'object', properties: { … } }.`);
  }
  const keys = Object.keys(schema);
  const known = KEYWORDS.split(' ');
  if (keys.length > 0 && !keys.some((key) => known.includes(key))) {
    throw new TypeError(
      `${where} is no JSON Schema: none of its keys (${keys.slice(0, 5).join(', ')}) is a keyword of it. ` +
        `For an object with these properties write { type: 'object', properties: { ${keys[0]}: … } }.`,
    );
  }
  checkNode(schema as JsonSchema, where);
}

function checkNode(schema: JsonSchema, where: string): void {
  const { type, properties, required } = schema;
  for (const name of Array.isArray(type) ? type : [type]) {
    if (name !== undefined && !TYPES.has(name as string)) {
      throw new TypeError(`${where} has the type ${JSON.stringify(name)}. JSON Schema knows ${[...TYPES].join(', ')}.`);
    }
  }
  if (required !== undefined && !Array.isArray(required)) {
    throw new TypeError(`${where} has \`required\` of the wrong form: list the names of properties, e.g. required: ['a'].`);
  }
  if (properties === undefined) return;
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) {
    throw new TypeError(`${where} has \`properties\` of the wrong form: write an object with a schema for each property.`);
  }
  for (const [key, property] of Object.entries(properties)) {
    if (typeof property === 'boolean') continue;
    if (typeof property !== 'object' || property === null || Array.isArray(property)) {
      throw new TypeError(`${where}.${key} is no JSON Schema: write an object, e.g. { type: 'string' }.`);
    }
    checkNode(property as JsonSchema, `${where}.${key}`);
  }
}

/**
 * A validator of a plain JSON Schema (draft 2020-12) that works without `new Function`, so that it runs on edge workers too.
 * Its code is loaded when the first arguments are checked: who uses no plain schema does not load it.
 */
export function jsonSchemaValidator(schema: JsonSchema): (value: unknown) => Validated<unknown> | Promise<Validated<unknown>> {
  let check: ((value: unknown) => Validated<unknown>) | undefined;
  return (value) => {
    if (check) return check(value);
    return import('./json-schema-check.ts').then(({ jsonSchemaCheck }) => {
      const problemsOf = jsonSchemaCheck(schema);
      check = (candidate) => {
        const problems = problemsOf(candidate);
        return problems ? E.left(problems.map(({ path, message }) => ({ path: pathText(path), message }))) : E.right(candidate);
      };
      return check(value);
    });
  };
}
