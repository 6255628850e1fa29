// Why a goal is missed and what was tried, in words: shown on the page for as long as the figure misses it.

const reasons = [
  [
    'W2 Anthropic',
    'The envelopes are shorter than OpenAI’s, so not parsing them saves less: the hand loop takes little more than half of what it takes for OpenAI’s, ours as long as there. Of our time, reading and splitting is a quarter, the decoder nearly half, the calls a seventh, the clock an eighth; in the decoder, a third goes to finding what differs: fragments of JSON within JSON, full of escapes. Tried: unescaping short fragments by hand instead of by `JSON.parse` (as slow). The message that goes back has the arguments as objects, parsed once more at its end: a fortieth. Theirs could be those of `tool-call`, but a tool that changes its arguments would then change the history.',
  ],
  [
    'W2 Ollama',
    'A stream is 24 lines, and the floor is done with one in the time of a `JSON.parse`. Each of the three calls comes whole: parsed, checked, written as text once more, and parsed for `tool-call`. That is a third of our time. A quarter is what any stream costs, however short: headers, redirects, abort signals, stages, the end of the round, the report. A line of text costs us a third more than the floor, which has nothing but a short envelope to parse. Tried: reading plain lines without a look for unknown fields, and their dates without keeping them (a twelfth less, with three calls; a fifth, with text alone).',
  ],
  [
    'W1 16 KiB',
    'Some letter of a long chunk lies beyond Latin-1, and then all its text takes two bytes a letter: to compare it with what is kept in one byte takes five times as long as where both have one. The run before had 0.70.',
  ],
  [
    'W2',
    'Of our time in network chunks of one event, the body takes a tenth, the SSE parser a sixth, the decoder nearly half, the calls and the clock a sixth each. In chunks of seven bytes nine tenths are the body’s and its decoding, the same for both.',
  ],
  [
    'W3',
    'An answer of 100 kB is too short to be measured well on a shared machine: between runs it varied from 0.94 to 1.57. At 1 MB and at 10 MB the goal is met with room to spare.',
  ],
  [
    'W3, cost of a byte',
    'The hand loop, which shows no views, pays more for a byte at 10 MB than at 10 kB as well: 1.4 times as much in the run of this table. Memory of that size is read past the caches and collected. In an earlier run ours was 0.80.',
  ],
  [
    'W4',
    'A stream’s state has left the caches when its next event comes, so an event costs what it touches. One subscriber for all stages, no look-ups of the call that is being written, lengths counted apart from their strings and arguments joined when they are over took a fifth away. Making a call and its arguments one object instead of two took a fiftieth more. What is left is spread over some thirty objects that an event passes. The delay follows from that: a call is over with the name of the next one, in the stream’s next event, which waits for those of all other streams. Half of the calls wait 1.8 times as long as in the hand loop (97 ms beside 55 in a run by hand); the last hundredth waits for the tick in which V8 marks the whole heap, 264 ms in such a run and 170 in one where no call met it. The hand loop’s heap is small enough to get by without.',
  ],
  [
    'W4 heap',
    'Of what a stream has beyond the hand loop, a third is the arguments: their text is in the decoder (for the message that goes back) and in the `tool-call` events (for the answer’s `partial`), and the hand loop keeps the parsed values alone. One text for both would tie `accumulateToolCalls` to the decoder: it joins what reaches it, whatever operators stand between. The rest are the stages: decoder and assembler 4 kB, the meter with its histogram 2, and rxjs’s lists of what ends with a subscriber, which have room for seventeen, 150 bytes each. By kind, in a snapshot: strings 6.4 kB (hand loop 2.3), plain objects and events 2 (1.1), lists 3.1 (1.5), tables of maps 2 (0.8), functions and their scopes 1.5 (0.8). Tried: lists that are copied for as long as they are short, and no scanner of a call that is over (1.1 kB less).',
  ],
  [
    'parser',
    'The floor is one `JSON.parse`, which Node 26 does in three quarters of the time of Node 20. Ours takes as long on both: half is the scan, character by character, the rest joins fragments of eight characters and puts the string into the view after each. Reading every character with `charCodeAt` and comparing it with the three that matter takes as long as the whole `JSON.parse`, and so a third of the goal is gone before anything is built. In a process with nothing else the figure is 3.2. Tried: the scan in two and in three functions (a tenth and a fifth slower on records); no look for halves of surrogate pairs (as fast); no second reading of numbers (a twentieth less).',
  ],
  [
    'cold import',
    'Of what we take beyond rxjs, three quarters are V8’s look over 520 kB of source. Minified it takes a twentieth less in all; without comments, in one file or as plain ASCII as long: what counts is the number of functions. With `NODE_COMPILE_CACHE` for both it is 1.24.',
  ],
  [
    'browser bundle',
    'A fifth of it is packages: rxjs, tslib, io-ts, fp-ts and eventsource-parser alone nearly fill the goal. Bundled are not only the stages but all that `httpModel` and `streamAnswer` promise: retries, resuming, redirects, redaction, bounds, errors that say what to do, codecs. Their parts are below. Shorter names for private fields save nothing after compression. To load what handles failures only when one happens would ask a network that has just failed. Who composes the operators and a `fetch` of their own loads less.',
  ],
  [
    'an operator more',
    'One `map` of rxjs for each event, its subscriber included; a stage of ours costs less, since it shares its subscriber with its neighbours. The figure is a difference of two runs and moves by two points either way.',
  ],
  [
    'fast path, gemini',
    'Its ten longest recordings have 1 to 31 deltas, 94 in all, of ten servers and several kinds each; two of a kind are read in full before the third is recognised, and eight pieces of streamed arguments always. In the two recordings with thirty deltas it is 87 %. Kinds outlive a response: when the same answers come again it is 86.2 %. Tried: taking every string and number of a first payload for one that may differ, so that the second of its kind is recognised (77.7 %, for one more parse of each kind).',
  ],
];

/** The reason given for a row: the longest name that its id begins with. */
export function reasonOf(id) {
  const known = reasons.filter(([name]) => id.startsWith(name)).sort(([a], [b]) => b.length - a.length);
  return known[0]?.[1];
}
