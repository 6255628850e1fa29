import { bareText, textOfArguments } from '../calls/text-input.ts';
import type { MessageToolCall, ToolDeclaration } from '../messages.ts';

/** Which tools of a request are OpenAI's custom tools, and which calls of its history are theirs. */
export class CustomTools {
  /** The server has custom tools. */
  readonly offered: boolean;
  private readonly names: ReadonlySet<string>;
  private readonly functions: ReadonlySet<string>;

  constructor(offered: boolean, tools: readonly ToolDeclaration[] = []) {
    this.offered = offered;
    const isCustom = ({ format }: ToolDeclaration) => offered && format !== undefined;
    this.names = new Set(tools.filter(isCustom).map(({ name }) => name));
    this.functions = new Set(tools.filter((tool) => !isCustom(tool)).map(({ name }) => name));
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  /** The plain text of a call that goes out as a custom tool's: its tool is one, or, where that is not declared any more, it was. */
  inputOf({ name, argumentsText }: MessageToolCall): string | undefined {
    if (!this.offered || this.functions.has(name)) return undefined;
    return this.names.has(name) ? textOfArguments(argumentsText) : bareText(argumentsText);
  }
}
