// Why a goal is missed and what was tried, in words: shown on the page for as long as the figure misses it.

const reasons = [
  [
    'W2 Anthropic',
    'The hand loop takes 290 µs a stream where it takes 430 for OpenAI’s: the envelopes are shorter, so not parsing them saves less. Ours takes as long for both: reading and splitting 120 µs, the decoder 230, the calls 65, the clock 75. Tried: unescaping short fragments by hand instead of by `JSON.parse` (as slow).',
  ],
  [
    'W2 Ollama',
    'A stream is 24 lines, which the floor reads in 58 µs. Each of its three calls comes whole: parsed, checked, written as text once more, scanned, parsed for `tool-call`; and a stream costs 45 µs before its first line (headers, redirects, abort signals, seven stages, the report). Alone in a process ours takes 185 µs; in the benchmark 250, since each sample is so short.',
  ],
  [
    'W2',
    'Of 480 µs a stream in network chunks of one event, the body takes 40, the SSE parser 80, the decoder 210, the calls 80, the clock 70, on a machine where the hand loop takes 430. In chunks of seven bytes the rest, three quarters of the time, is the body’s and the same for both.',
  ],
  [
    'W3',
    'One call of 100 kB is 45 ms of work, in which the moods of a shared machine count for more than anything we do: three runs on one day gave 1.16, 1.57 and 1.96. At 1 MB and at 10 MB, where a sample takes seconds, it is below 1.',
  ],
  [
    'W4',
    'A stream’s state has left the caches when its next event comes, so an event costs what it touches: 1.1 ms a stream at a thousand streams, 0.6 at ten, where the hand loop has 0.7 and 0.6. One subscriber for all stages, no look-ups of the call that is being written, lengths counted apart from their strings and arguments joined when they are over brought it from 1.4 ms. What is left is spread over some thirty objects that an event passes. The delay follows from that: while the process is saturated a call waits for all other streams of its tick.',
  ],
  [
    'W4 heap',
    'Of what a stream has beyond the hand loop, a third is the arguments: their text is in the decoder (for the message that goes back) and in the `tool-call` events (for the answer’s `partial`), and the hand loop keeps the parsed values alone. The rest are the stages: decoder and assembler 4 kB, the meter with its histogram 2, eventsource-parser 1, `_finalizers` of rxjs subscribers 150 bytes each.',
  ],
  [
    'parser',
    'The floor is one `JSON.parse`, which Node 26 does in three quarters of the time of Node 20. Ours takes 17 ns a character on both: a third is the scan, the rest joins fragments of eight characters and puts the string into the view after each.',
  ],
  [
    'cold import',
    'It was 1.23 on another day. Beyond rxjs: 6 ms for eventsource-parser and the first ES module, 20 ms in which V8 looks over 520 kB of functions. Minified (half as many bytes), in one file, or as plain ASCII it takes as long: what counts is the number of functions. With `NODE_COMPILE_CACHE` it is 75 ms beside rxjs’s 64.',
  ],
  [
    'browser bundle',
    'Bundled are not only the stages but all that `httpModel` and `streamAnswer` promise: retries, resuming, redirects, redaction, bounds, errors that say what to do, codecs. Their parts are below. Who composes the operators and a `fetch` of their own loads less.',
  ],
  [
    'an operator more',
    'One `map` of rxjs for each event, its subscriber included; a stage of ours costs less, since it shares its subscriber with its neighbours. The figure is a difference of two runs and moves by two points either way.',
  ],
  [
    'fast path, gemini',
    'Its ten longest recordings have 2 to 31 deltas, 94 in all, of ten servers and several kinds each; two of a kind are read in full before the third is recognised. In the two recordings with thirty deltas it is 87 %.',
  ],
];

/** The reason given for a row: the longest name that its id begins with. */
export function reasonOf(id) {
  const known = reasons.filter(([name]) => id.startsWith(name)).sort(([a], [b]) => b.length - a.length);
  return known[0]?.[1];
}
