import type { ToolDeclaration } from '../messages.ts';
import type { Cursor, Reading } from './cursor.ts';
import { space } from './cursor.ts';

/** What may be called: where arguments are written without types, the schema tells them. */
export type CallableTool = Pick<ToolDeclaration, 'name'> & Partial<Pick<ToolDeclaration, 'inputSchema' | 'format'>>;

/** The names that may be called. */
export class ToolNames {
  private readonly tools: ReadonlyMap<string, CallableTool>;
  /** Every beginning of every name. */
  private readonly beginnings = new Set<string>();
  private readonly others = new Map<string, ToolNames>();

  constructor(tools: Iterable<CallableTool>) {
    this.tools = new Map(Array.from(tools, (tool) => [tool.name, tool]));
    for (const name of this.tools.keys()) for (let i = 1; i <= name.length; i++) this.beginnings.add(name.slice(0, i));
  }

  has(name: string): boolean {
    return this.tools.has(name);
  }

  /** Whether a tool's input is plain text. */
  takesText(name: string): boolean {
    return this.tools.get(name)?.format !== undefined;
  }

  /** What the schema says of an argument, if anything. */
  schemaOf(name: string, key: string): unknown {
    const schema: unknown = this.tools.get(name)?.inputSchema;
    const properties = member(schema, 'properties');
    return member(properties, key);
  }

  /** These names and one more. */
  with(name: string): ToolNames {
    return this.cached(`+${name}`, () => [...this.tools.values(), { name }]);
  }

  /** These names, and each with a prefix. */
  withPrefix(prefix: string): ToolNames {
    return this.cached(`^${prefix}`, () => [...this.tools.keys()].flatMap((name) => [{ name }, { name: prefix + name }]));
  }

  /** Reads the longest word that begins a name. @returns it where it is a name. */
  *read(cursor: Cursor): Reading<string | undefined> {
    yield* space(cursor);
    let word = '';
    for (;;) {
      while (cursor.dry) yield;
      const code = cursor.peek();
      if (code < 0 || !this.beginnings.has(word + String.fromCharCode(code))) return this.has(word) ? word : undefined;
      word += String.fromCharCode(code);
      cursor.take();
    }
  }

  private cached(key: string, tools: () => CallableTool[]): ToolNames {
    const names = this.others.get(key) ?? new ToolNames(tools());
    this.others.set(key, names);
    return names;
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as { [key: string]: unknown })[key] : undefined;
}
