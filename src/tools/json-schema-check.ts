import { Validator } from '@cfworker/json-schema';
import type { JsonSchema } from '../values.ts';

/** What is wrong with a value, and where in it. */
export interface SchemaProblem {
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * What checks values against a JSON Schema: `undefined` for those that fit. Imported when it is first needed, with the validator, and itself imports
 * nothing that the rest does: bundlers would cut that off into a chunk of its own, which costs more than is won.
 */
export function jsonSchemaCheck(schema: JsonSchema): (value: unknown) => readonly SchemaProblem[] | undefined {
  const validator = new Validator(schema, '2020-12', false);
  return (value) => {
    const { valid, errors } = validator.validate(value);
    return valid ? undefined : problemsOf(errors);
  };
}

interface OutputUnit {
  readonly keyword: string;
  readonly instanceLocation: string;
  readonly error: string;
}

/** Keywords that only say that something below them is wrong; that something is listed itself. */
const CONTAINERS = new Set(['properties', 'patternProperties', 'additionalProperties', 'items', 'prefixItems', 'allOf', '$ref', 'if']);

function problemsOf(errors: readonly OutputUnit[]): SchemaProblem[] {
  const leaves = errors.filter((error) => !CONTAINERS.has(error.keyword));
  return (leaves.length > 0 ? leaves : errors).map(({ keyword, instanceLocation, error }) => ({
    path: instanceLocation.split('/').slice(1).map(unescapePointer),
    message: keyword === 'false' ? 'not allowed here' : error.replace(/\.$/, ''),
  }));
}

/** A segment of a JSON pointer in its URI fragment form (RFC 6901, section 6). */
function unescapePointer(segment: string): string {
  return decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~');
}
