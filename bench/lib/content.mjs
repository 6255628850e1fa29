// What the models of the benchmark say: drawn once from a seed, the same in every run and for every contestant.

const WORDS =
  'the weather in Hanoi stays warm while trains leave for the coast every morning and nobody asks which “window” costs more than naïve estimates 天気 晴れ phở 🙂 a b of to is was model function return value'.split(
    ' ',
  );

/** Numbers from 0 to below `most`, the same for the same seed (mulberry32). */
export function drawing(seed) {
  let state = seed >>> 0;
  return (most) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) % 1_000_003) % most;
  };
}

/** `count` pieces of text as a model streams them: a word with its space, now and then a line break or a quotation mark. */
export function textPieces(count, seed = 1) {
  const draw = drawing(seed);
  return Array.from({ length: count }, () => {
    const word = ` ${WORDS[draw(WORDS.length)]}`;
    const odd = draw(20);
    return odd === 0 ? `${word}.\n\n` : odd === 1 ? `${word} "${WORDS[draw(WORDS.length)]}"` : word;
  });
}

/** A call whose arguments are about `length` characters of JSON, in fragments of `shortest` to `longest` characters. */
export function toolCall({ index = 0, length, shortest, longest, seed = 1 }) {
  const draw = drawing(seed * 7919 + index);
  const text = argumentsText(length, draw);
  const fragments = [];
  for (let at = 0; at < text.length; ) {
    const size = shortest + draw(longest - shortest + 1);
    fragments.push(text.slice(at, at + size));
    at += size;
  }
  return { id: `call_${seed}_${index}`, name: ['search_flights', 'get_weather', 'write_file'][index % 3], text, fragments };
}

/** One object: members of several kinds, and items until it is long enough. No fragment cuts a surrogate pair: there are none in it. */
function argumentsText(length, draw) {
  const words = (count) => Array.from({ length: count }, () => WORDS[draw(WORDS.length)].replace('🙂', 'ok')).join(' ');
  const value = { query: words(6), limit: draw(100), exact: true, items: [] };
  let size = JSON.stringify(value).length;
  while (size < length) {
    const item = {
      id: draw(1_000_000),
      name: words(3),
      price: draw(100_000) / 100,
      note: draw(3) === 0 ? null : `${words(8)}\n“${words(2)}”`,
    };
    size += JSON.stringify(item).length + 1;
    value.items.push(item);
  }
  return JSON.stringify(value);
}

/** An answer: text first, then calls one after the other, as models write them. */
export function answerOf({ text = 0, calls = [], seed = 1 }) {
  return { text: textPieces(text, seed), calls: calls.map((call, index) => toolCall({ ...call, index, seed })) };
}
