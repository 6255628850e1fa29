// The subscriber that each contestant feeds, and what it must have got in the end.

/** Collects an answer. Where `onView` is wanted a contestant also shows the arguments so far, on each fragment. */
export class Sink {
  text = '';
  pieces = 0;
  calls = [];
  views = 0;
  view = undefined;

  /** A piece of text. */
  onText(piece) {
    this.pieces++;
    this.text += piece;
  }

  /** A whole call: its name and its parsed arguments. */
  onCall(name, value) {
    this.calls.push({ name, value });
  }

  /** The arguments as far as they are written. */
  onView(view) {
    this.views++;
    this.view = view;
  }
}

/** What is wrong with what a contestant made of an answer; `undefined` if nothing is. */
export function wrongIn(sink, { text, calls }, views) {
  if (sink.text !== text.join('')) return `text: ${sink.text.length} characters instead of ${text.join('').length}, or other ones`;
  if (sink.calls.length !== calls.length) return `${sink.calls.length} calls instead of ${calls.length}`;
  for (const [i, { name, text: written }] of calls.entries()) {
    const got = sink.calls[i];
    if (got.name !== name) return `call ${i} is ${got.name} instead of ${name}`;
    if (JSON.stringify(got.value) !== written) return `the arguments of call ${i} differ`;
  }
  return views ? wrongViews(sink, calls) : undefined;
}

/** A fragment may show nothing new: within a key, a number or an escape. */
function wrongViews(sink, calls) {
  const fragments = calls.reduce((sum, call) => sum + call.fragments.length, 0);
  if (sink.views < fragments * 0.8) return `${sink.views} views of ${fragments} fragments`;
  if (JSON.stringify(sink.view) !== calls.at(-1).text) return 'the last view is not the whole of the arguments';
  return undefined;
}
