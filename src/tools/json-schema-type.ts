import type { Json } from '../values.ts';

/**
 * The type of the values a literal JSON Schema describes: `type`, `properties`, `required`, `items`, `enum`, `const`, `anyOf`, `oneOf`,
 * `additionalProperties`. Whatever else a schema says is checked when it runs, not in the type. A schema whose type was widened
 * (`{ type: string }`) gives `Json`.
 *
 * @example
 * ```ts
 * import type { JsonSchemaType } from 'toolstream';
 *
 * type Place = JsonSchemaType<{ type: 'object'; properties: { city: { type: 'string' }; days: { type: 'integer' } }; required: ['city'] }>;
 * const place: Place = { city: 'Hanoi' };
 * console.log(place.city); // Hanoi
 * ```
 */
export type JsonSchemaType<S> = S extends { readonly const: infer Value }
  ? Value
  : S extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : S extends { readonly anyOf: readonly (infer Member)[] } | { readonly oneOf: readonly (infer Member)[] }
      ? MemberType<Member>
      : S extends { readonly type: infer Type }
        ? string extends Type
          ? Json
          : TypeOf<Type extends readonly (infer Name)[] ? Name : Type, S>
        : S extends { readonly properties: object }
          ? ObjectType<S>
          : Json;

type MemberType<Member> = Member extends unknown ? JsonSchemaType<Member> : never;

type TypeOf<Name, S> = Name extends 'string'
  ? string
  : Name extends 'number' | 'integer'
    ? number
    : Name extends 'boolean'
      ? boolean
      : Name extends 'null'
        ? null
        : Name extends 'array'
          ? S extends { readonly items: infer Item }
            ? JsonSchemaType<Item>[]
            : Json[]
          : Name extends 'object'
            ? ObjectType<S>
            : Json;

type ObjectType<S> = S extends { readonly properties: infer Properties }
  ? Flat<
      { -readonly [K in keyof Properties as K extends RequiredKeys<S> ? K : never]-?: JsonSchemaType<Properties[K]> } & {
        -readonly [K in keyof Properties as K extends RequiredKeys<S> ? never : K]?: JsonSchemaType<Properties[K]>;
      }
    >
  : { [key: string]: S extends { readonly additionalProperties: infer Value extends object } ? JsonSchemaType<Value> : Json };

type RequiredKeys<S> = S extends { readonly required: readonly (infer Key)[] } ? Key : never;

/** One object type instead of an intersection: what the editor shows. */
type Flat<T> = { [K in keyof T]: T[K] };
