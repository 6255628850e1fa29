// Parsers of JSON that is not whole yet. Each is `(onView) => { push(fragment, textSoFar), end() }` and shows a view on every fragment;
// `end` gives a Promise where views come later than the fragments; `takesWhole` says that the text so far is used.
import { parser as clarinetParser } from './clarinet-view.mjs';

/** Those that begin anew each time: they take the whole text so far. */
const anew = (parse) => (onView) => ({ push: (_fragment, text) => onView(parse(text)), end() {}, takesWhole: true });

const loaders = {
  'partial-json': async () => anew((await import('partial-json')).parse),
  'best-effort-json-parser': async () => {
    const { disableErrorLogging, parse } = await import('best-effort-json-parser');
    disableErrorLogging();
    return anew(parse);
  },
  'AI SDK parsePartialJson': async () => {
    const { parsePartialJson } = await import('ai');
    return (onView) => {
      // One after the other: a whole document takes fewer turns than one that has to be repaired, and would overtake it.
      let last = Promise.resolve();
      return {
        push(_fragment, text) {
          last = last.then(() => parsePartialJson(text)).then(({ value }) => onView(value));
        },
        end: () => last,
        takesWhole: true,
      };
    };
  },
  jsonriver: async () => {
    const { parse } = await import('jsonriver');
    return (onView) => {
      const fragments = queue();
      const read = async () => {
        for await (const view of parse(fragments)) onView(view);
      };
      const reading = read();
      return {
        push: fragments.push,
        end() {
          fragments.close();
          return reading;
        },
      };
    };
  },
  '@streamparser/json': async () => {
    const { JSONParser } = await import('@streamparser/json');
    return (onView) => {
      const parser = new JSONParser({ emitPartialTokens: true, emitPartialValues: true });
      let view;
      parser.onValue = ({ value, parent, stack }) => {
        view = stack[1]?.value ?? parent ?? value;
      };
      return {
        push(fragment) {
          parser.write(fragment);
          onView(view);
        },
        end() {},
      };
    };
  },
  clarinet: async () => clarinetParser((await import('clarinet')).default),
};

export const parserNames = Object.keys(loaders);

/** The parser of that name. */
export function parserOf(name) {
  return loaders[name]();
}

/** An async iterable that is written from outside. */
function queue() {
  const waiting = [];
  let wake;
  let closed = false;
  const stir = () => wake?.();
  return {
    push(fragment) {
      waiting.push(fragment);
      stir();
    },
    close() {
      closed = true;
      stir();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const batch = waiting.splice(0);
        yield* batch;
        if (waiting.length > 0) continue;
        if (closed) return;
        await new Promise((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
