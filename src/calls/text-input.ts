import { parseJson } from '../json/parse.ts';
import { TEXT_FIELD } from '../json/text-field-reader.ts';
import type { TextFormat } from '../messages.ts';
import type { Json, JsonSchema } from '../values.ts';

/**
 * The function's parameters where a wire has no tools of plain text. A grammar can only be asked for in words there.
 *
 * A tool whose input is plain text has two forms on the wire. Where the wire has such tools, its input is the text, and to the events a call's
 * arguments are one JSON string. Everywhere else it is a function with one field, and a call's arguments are an object with it.
 */
export function textInputSchema(format: TextFormat): JsonSchema {
  const description =
    format.type === 'text'
      ? 'The input, as plain text.'
      : `The input, as plain text. All of it has to match this ${format.syntax === 'lark' ? 'Lark grammar' : 'regular expression'}:\n${format.definition}`;
  return { type: 'object', properties: { [TEXT_FIELD]: { type: 'string', description } }, required: [TEXT_FIELD] };
}

/** The text that arguments of either form hold. */
export function textOf(args: Json): string | undefined {
  if (typeof args === 'string') return args;
  const text = isObject(args) ? args[TEXT_FIELD] : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** The text that arguments hold, from their JSON. */
export function textOfArguments(argumentsText: string): string | undefined {
  const args = parsed(argumentsText);
  return args === undefined ? undefined : textOf(args);
}

/** The text of arguments that are a JSON string. */
export function bareText(argumentsText: string): string | undefined {
  if (!argumentsText.trimStart().startsWith('"')) return undefined;
  const args = parsed(argumentsText);
  return typeof args === 'string' ? args : undefined;
}

/** Arguments for a wire that wants an object: plain text goes into its field, anything else stays as it is. */
export function asFunctionArguments(argumentsText: string): string {
  const text = bareText(argumentsText);
  return text === undefined ? argumentsText : JSON.stringify({ [TEXT_FIELD]: text });
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): Json | undefined {
  try {
    return parseJson(text) as Json;
  } catch {
    return undefined;
  }
}
