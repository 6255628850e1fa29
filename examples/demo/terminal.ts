import { type Colour, type Paint, plain } from './colours.ts';
import { duration } from './spans.ts';
import { type DemoEvent, type Line, type LineKind, Transcript } from './transcript.ts';
import { pad } from './width.ts';

export interface TerminalOptions {
  /** Columns; 80 by default. */
  readonly columns?: number;
  /** Redraw what is still being written below the whole lines. Without it (a file, a pipe) only whole lines are written. */
  readonly live?: boolean;
  readonly paint?: Paint;
}

/** A view of one answer: give it each event and when it came, write what it returns. */
export type View = (event: DemoEvent, at: number) => string;

/** How wide the clock before each line is. */
const CLOCK = 9;

/** A view that knows nothing of the process it writes to: events in, text for the terminal out. */
export function view({ columns = 80, live = false, paint = plain }: TerminalOptions = {}): View {
  // One column stays free: a full line would wrap in some terminals.
  const transcript = new Transcript(columns - CLOCK - 3);
  let below = 0;
  return (event, at) => {
    const whole = transcript.take(event, at);
    const liveLines = live ? transcript.live(at) : [];
    const erase = below > 0 ? `\u001b[${below}A\u001b[J` : '';
    below = liveLines.length;
    return erase + [...whole, ...liveLines].map((line) => `${painted(line, paint)}\n`).join('');
  };
}

const COLOURS: Readonly<Record<LineKind, Colour | undefined>> = {
  round: 'magenta',
  text: undefined,
  reasoning: 'dim',
  call: 'yellow',
  run: 'blue',
  result: 'green',
  failure: 'red',
  note: 'dim',
};

function painted({ at, kind, text }: Line, paint: Paint): string {
  const colour = COLOURS[kind];
  const clock = pad('', CLOCK - duration(at).length - 1) + duration(at);
  return `${paint('dim', `${clock} │`)} ${colour ? paint(colour, text) : text}`;
}
