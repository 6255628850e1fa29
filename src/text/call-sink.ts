/** Where a reader of calls puts them. */
export interface CallSink {
  /** A call began: what was read so far is no text. */
  begin(name: string): void;
  /** A piece of the arguments of the call that began last. */
  delta(text: string): void;
  /** The call that began last is whole. */
  end(): void;
}

/** Collects whole calls, for formats that are no call until the message is over. */
export class CollectedCalls implements CallSink {
  private readonly calls: { readonly name: string; text: string }[] = [];

  begin(name: string): void {
    this.calls.push({ name, text: '' });
  }

  delta(text: string): void {
    const call = this.calls.at(-1);
    if (call) call.text += text;
  }

  end(): void {}

  /** Hands them all on. */
  replay(sink: CallSink): void {
    for (const { name, text } of this.calls) {
      sink.begin(name);
      if (text !== '') sink.delta(text);
      sink.end();
    }
  }
}
