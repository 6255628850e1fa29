import type { AnswerEvent, AnyEvent, ArgumentsError, ToolCallDelta, ToolCallStart } from '../events.ts';
import type { Output, Stage } from '../stage.ts';
import type { ArgumentEvent } from './argument-events.ts';
import type { ArgumentsBounds } from './bounds.ts';
import type { FieldSink, JsonPath } from './field-reader.ts';
import { OpenCalls } from './open-calls.ts';
import { TextFieldReader } from './text-field-reader.ts';

interface OpenCall {
  readonly reader: TextFieldReader;
  length: number;
  /** Ends the field, if it is open, without a value. */
  cut(error: ArgumentsError): void;
}

/** The stage of `selectArgument`: one `TextFieldReader` for each call of the tool. */
export function argumentSelector(toolName: string, path: JsonPath, bounds: Required<ArgumentsBounds>): Stage<AnyEvent, ArgumentEvent> {
  return new ArgumentSelector(toolName, path, bounds) as Stage<AnyEvent, ArgumentEvent>;
}

class ArgumentSelector implements Stage<AnswerEvent, ArgumentEvent> {
  private readonly calls = new OpenCalls<OpenCall>();
  private readonly toolName: string;
  private readonly path: JsonPath;
  private readonly bounds: Required<ArgumentsBounds>;

  constructor(toolName: string, path: JsonPath, bounds: Required<ArgumentsBounds>) {
    this.toolName = toolName;
    this.path = path;
    this.bounds = bounds;
  }

  transform(event: AnswerEvent, out: Output<ArgumentEvent>): void {
    switch (event.type) {
      case 'tool-call-start':
        if (event.name === this.toolName && !this.calls.get(event)) this.calls.set(event, this.begin(event, out));
        return;
      case 'tool-call-delta':
        this.read(event);
        return;
      case 'tool-call-end':
      case 'tool-call': {
        const call = this.calls.get(event);
        if (call === undefined) return;
        this.calls.delete(event);
        call.reader.end();
        call.cut(event.type === 'tool-call' && event.arguments._tag === 'Left' ? event.arguments.left : incomplete);
        return;
      }
      case 'round-end':
        for (const call of this.calls.takeRound(event)) call.cut(event.cut ? interrupted : incomplete);
        return;
      case 'round-start':
      case 'round-restarted':
        for (const call of this.calls.takeRound(event)) call.cut(interrupted);
    }
  }

  flush(): void {
    for (const call of this.calls.takeAll()) call.cut(interrupted);
  }

  fail(error: unknown): unknown {
    this.flush();
    return error;
  }

  private begin(event: ToolCallStart, out: Output<ArgumentEvent>): OpenCall {
    const { callId, name, round, choice } = event;
    const of = {
      callId,
      name,
      path: this.path,
      ...(round === undefined ? undefined : { round }),
      ...(choice === undefined ? undefined : { choice }),
    };
    const sink: FieldSink = {
      start: () => out.enqueue({ type: 'argument-start', ...of }),
      text: (text) => out.enqueue({ type: 'argument-delta', ...of, text }),
      item: (value, index) => out.enqueue({ type: 'argument-item', ...of, index, value }),
      end: (value) => out.enqueue({ type: 'argument-end', ...of, value: { _tag: 'Right', right: value } }),
    };
    const reader = new TextFieldReader(this.path, sink, this.bounds);
    return {
      reader,
      length: 0,
      cut: (error) => {
        if (reader.isInField) out.enqueue({ type: 'argument-end', ...of, value: { _tag: 'Left', left: error } });
      },
    };
  }

  private read(event: ToolCallDelta): void {
    const call = this.calls.get(event);
    if (call === undefined) return;
    const limit = this.bounds.maxArgumentLength;
    call.length += event.text.length;
    if (call.length > limit) {
      this.calls.delete(event);
      call.cut({ code: 'too-long', message: `The arguments are longer than ${limit} UTF-16 code units.`, position: limit });
      return;
    }
    call.reader.push(event.text);
    const { problem } = call.reader;
    if (problem === undefined) return;
    this.calls.delete(event);
    call.cut(problem);
  }
}

const incomplete: ArgumentsError = { code: 'incomplete', message: 'The call ended before this field did.' };
const interrupted: ArgumentsError = { code: 'interrupted', message: 'The stream was cut before this field was complete.' };
