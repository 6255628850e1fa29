import type { JsonSchema } from '../values.ts';

/**
 * A codec of io-ts, by its looks. Any copy and version of io-ts will do, and so will a codec written by hand that comes with a
 * JSON Schema of its own.
 */
export interface Codec<A = unknown> {
  readonly _A: A;
  readonly name: string;
  /** Checks a value. */
  decode(value: unknown): { readonly _tag: 'Left'; readonly left: unknown } | { readonly _tag: 'Right'; readonly right: A };
}

/** What the converter looks at, by the tags of io-ts. */
type Node = { readonly name: string } & (
  | { readonly _tag: 'StringType' | 'NumberType' | 'BooleanType' | 'NullType' | 'UndefinedType' | 'UnknownType' | 'AnyType' }
  | { readonly _tag: 'AnyArrayType' | 'AnyDictionaryType' | 'ObjectType' }
  | { readonly _tag: 'LiteralType'; readonly value: string | number | boolean }
  | { readonly _tag: 'KeyofType'; readonly keys: Readonly<Record<string, unknown>> }
  | WrappingNode
  | { readonly _tag: 'InterfaceType' | 'StrictType' | 'PartialType'; readonly props: Readonly<Record<string, Node>> }
  | { readonly _tag: 'IntersectionType' | 'UnionType' | 'TupleType'; readonly types: readonly Node[] }
  | DictionaryNode
);
interface WrappingNode {
  readonly _tag: 'ArrayType' | 'ReadonlyArrayType' | 'ReadonlyType' | 'RefinementType' | 'ExactType' | 'RecursiveType';
  readonly name: string;
  readonly type: Node;
}
interface DictionaryNode {
  readonly _tag: 'DictionaryType';
  readonly name: string;
  readonly domain: Node;
  readonly codomain: Node;
}

/**
 * The JSON Schema (draft 2020-12) of an io-ts codec, read off its structure.
 *
 * Throws a `TypeError` that names the place where a codec has no JSON Schema (one written by hand, `t.bigint`, `t.undefined` …).
 *
 * @see https://github.com/gcanti/io-ts/blob/master/index.md#implemented-types--combinators
 */
export function ioTsSchema(codec: Codec): JsonSchema {
  const converter = new Converter();
  const root = converter.convert(codec as unknown as Node, '');
  const defs = converter.defs;
  if (defs.size === 0) return root;
  // A recursive codec at the top is written out there: providers want an object, not a reference.
  const top = typeof root.$ref === 'string' ? defs.get(root.$ref.slice(DEFS.length)) : undefined;
  return { ...(top ?? root), $defs: Object.fromEntries(defs) };
}

const DEFS = '#/$defs/';

class Converter {
  /** The bodies of recursive codecs, by name. */
  readonly defs = new Map<string, JsonSchema>();
  private readonly names = new Map<Node, string>();

  convert(node: Node, path: string): JsonSchema {
    switch (node._tag) {
      case 'StringType':
        return { type: 'string' };
      case 'NumberType':
        return { type: 'number' };
      case 'BooleanType':
        return { type: 'boolean' };
      case 'NullType':
        return { type: 'null' };
      case 'UnknownType':
      case 'AnyType':
        return {};
      case 'AnyArrayType':
        return { type: 'array' };
      case 'AnyDictionaryType':
      case 'ObjectType':
        return { type: 'object' };
      case 'LiteralType':
        return enumOf([node.value]);
      case 'KeyofType':
        return enumOf(Object.keys(node.keys));
      case 'ArrayType':
      case 'ReadonlyArrayType':
        return { type: 'array', items: this.convert(node.type, `${path}[]`) };
      case 'ReadonlyType':
        return this.convert(node.type, path);
      case 'RefinementType':
        return this.refinement(node, path);
      case 'ExactType':
        return closed(this.convert(node.type, path));
      case 'StrictType':
        return closed(this.object(node.props, path, true));
      case 'InterfaceType':
        return this.object(node.props, path, true);
      case 'PartialType':
        return this.object(node.props, path, false);
      case 'IntersectionType':
        return intersection(node.types.map((type) => this.convert(type, path)));
      case 'UnionType':
        return this.union(node.types, path);
      case 'TupleType':
        return this.tuple(node.types, path);
      case 'DictionaryType':
        return this.dictionary(node, path);
      case 'RecursiveType':
        return this.recursive(node, path);
      default:
        throw noSchema(node, path);
    }
  }

  private object(props: Readonly<Record<string, Node>>, path: string, required: boolean): JsonSchema {
    const properties: Array<[string, JsonSchema]> = [];
    const needed: string[] = [];
    for (const [key, prop] of Object.entries(props)) {
      const at = path === '' ? key : `${path}.${key}`;
      const { node: present, optional } = withoutUndefined(prop);
      properties.push([key, this.convert(present, at)]);
      if (required && !optional) needed.push(key);
    }
    // `fromEntries` defines its keys, so that one named `__proto__` is a key like any other.
    return { type: 'object', properties: Object.fromEntries(properties), ...(needed.length > 0 ? { required: needed } : {}) };
  }

  private union(types: readonly Node[], path: string): JsonSchema {
    const literals = types.flatMap((type) => (type._tag === 'LiteralType' ? [type.value] : []));
    if (literals.length > 0 && literals.length === types.length) return enumOf(literals);
    return { anyOf: types.map((type) => this.convert(type, path)) };
  }

  private tuple(types: readonly Node[], path: string): JsonSchema {
    const prefixItems = types.map((type, i) => this.convert(type, `${path}[${i}]`));
    return { type: 'array', prefixItems, items: false, minItems: types.length, maxItems: types.length };
  }

  private dictionary({ domain, codomain }: DictionaryNode, path: string): JsonSchema {
    const value = this.convert(codomain, `${path}[]`);
    const keys = this.convert(domain, `${path} (its keys)`);
    if (!Array.isArray(keys.enum)) {
      return { type: 'object', additionalProperties: value, ...(domain._tag === 'StringType' ? {} : { propertyNames: keys }) };
    }
    // io-ts wants each key of a finite domain.
    return { type: 'object', properties: Object.fromEntries(keys.enum.map((key) => [key, value])), required: keys.enum };
  }

  private refinement(node: WrappingNode, path: string): JsonSchema {
    const base = this.convert(node.type, path);
    const isInteger = base.type === 'number' && (node.name === 'Int' || node.name === 'Integer');
    return isInteger ? { ...base, type: 'integer' } : base;
  }

  private recursive(node: WrappingNode, path: string): JsonSchema {
    const known = this.names.get(node);
    if (known !== undefined) return { $ref: DEFS + known };
    const wanted = node.name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || 'Recursive';
    let name = wanted;
    for (let n = 2; this.defs.has(name); n++) name = `${wanted}${n}`;
    this.names.set(node, name);
    // Reserves the name while the body, which may refer to others of the same name, is converted.
    this.defs.set(name, {});
    this.defs.set(name, this.convert(node.type, path));
    return { $ref: DEFS + name };
  }
}

/** `{ type, enum }` instead of `const`, which not every provider knows. */
function enumOf(values: readonly unknown[]): JsonSchema {
  const types = [...new Set(values.map((value) => typeof value))];
  return { type: types.length === 1 ? types[0] : types, enum: [...values] };
}

/** A property that may be `undefined` is one that may be absent. */
function withoutUndefined(prop: Node): { node: Node; optional: boolean } {
  if (prop._tag !== 'UnionType' || !prop.types.some((type) => type._tag === 'UndefinedType')) {
    return { node: prop, optional: prop._tag === 'UnknownType' || prop._tag === 'AnyType' };
  }
  const types = prop.types.filter((type) => type._tag !== 'UndefinedType');
  const [only] = types;
  return { node: types.length === 1 && only ? only : { _tag: 'UnionType', name: prop.name, types }, optional: true };
}

/** Exact codecs drop other keys; saying so keeps the model from making any up. */
const closed = (schema: JsonSchema): JsonSchema => (isPlainObject(schema) ? { ...schema, additionalProperties: false } : schema);

const PLAIN = new Set(['type', 'properties', 'required', 'additionalProperties']);

type PlainObject = JsonSchema & { readonly properties: object; readonly required?: readonly string[] };

const isPlainObject = (schema: JsonSchema): schema is PlainObject =>
  schema.type === 'object' && schema.properties !== undefined && Object.keys(schema).every((key) => PLAIN.has(key));

/** Objects without a key in common become one object, which models read better than `allOf`. */
function intersection(schemas: readonly JsonSchema[]): JsonSchema {
  const properties = schemas.filter(isPlainObject).flatMap((schema) => Object.entries(schema.properties));
  const keys = new Set(properties.map(([key]) => key));
  if (!schemas.every(isPlainObject) || keys.size !== properties.length) return { allOf: schemas.map(opened) };
  const required = schemas.flatMap((schema) => schema.required ?? []);
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
    ...(schemas.every((schema) => schema.additionalProperties === false) ? { additionalProperties: false } : {}),
  };
}

/** Each part of an `allOf` sees the keys of the others. */
function opened(schema: JsonSchema): JsonSchema {
  const { additionalProperties, ...rest } = schema;
  return additionalProperties === false ? rest : schema;
}

const noSchema = (node: { readonly name: string }, path: string) =>
  new TypeError(
    `The codec ${node.name}${path === '' ? '' : ` at ${path}`} has no JSON Schema. ` +
      'Give the schema of all parameters beside it: `inputSchema: { type: "object", … }`.',
  );
