import { parseJson } from '../json/parse.ts';

/** `True` and the like too: models mix the two languages. */
const WORDS = new Map([
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
]);

/** Whether a schema admits strings and nothing else, so that an argument that is written without quotes can be handed on as it comes. */
export function isStringOnly(schema: unknown): boolean {
  const types = typesOf(schema);
  return types.length === 1 && types[0] === 'string';
}

/**
 * The JSON text of an argument that a model wrote without quotes: a string where the schema admits one, else what it is as JSON, and a string
 * where it is none. What does not fit the schema is for the schema to refuse.
 */
export function typedValue(text: string, schema: unknown): string {
  const types = typesOf(schema);
  const trimmed = text.trim();
  const json = WORDS.get(trimmed) ?? trimmed;
  if (types.includes('string') && !(types.includes('null') && json === 'null')) return JSON.stringify(text);
  try {
    parseJson(json);
    return json;
  } catch {
    return JSON.stringify(text);
  }
}

/** The types a schema names, here and in its alternatives; none where it names none. */
function typesOf(schema: unknown): readonly unknown[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { type, anyOf, oneOf, enum: values, const: only } = schema as { readonly [key: string]: unknown };
  if (type !== undefined) return Array.isArray(type) ? type : [type];
  if (Array.isArray(values)) return values.map((value) => typeof value);
  if (only !== undefined) return [typeof only];
  return [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list.flatMap((one) => typesOf(one)) : []));
}
