// The parser of partial JSON alone: one document in fragments of eight characters, a view after each. The floor is one `JSON.parse` of the whole.
import { parserOf } from '../contestants/parsers.mjs';
import { libraryOf } from '../contestants/toolstream.mjs';
import { toolCall } from '../lib/content.mjs';
import { timed } from '../lib/cpu.mjs';

/** @param times how often the document is read between two looks at the clock, so that a short one can be measured; less often by who takes a second for it. */
export async function prepare({ length, times }, name, dist) {
  const { text, fragments } = toolCall({ length, shortest: 8, longest: 8 });
  const read = await readerOf(name, dist);
  return async () => {
    const seen = { count: 0, view: undefined };
    const onView = (view) => {
      seen.count++;
      seen.view = view;
    };
    let done = 0;
    const { cpuMs, wallMs } = await timed(async () => {
      for (const start = performance.now(); done < times && performance.now() - start < 1_000; done++) await read(text, fragments, onView);
    });
    const wrong = JSON.stringify(seen.view) !== text ? 'the last view is not the whole of the document' : undefined;
    const few =
      name !== 'floor' && seen.count < fragments.length * done * 0.8
        ? `${seen.count} views of ${fragments.length * done} fragments`
        : undefined;
    return { cpuMs: cpuMs / done, wallMs: wallMs / done, ...((wrong ?? few) && { wrong: wrong ?? few }) };
  };
}

async function readerOf(name, dist) {
  if (name === 'floor') return (text, _fragments, onView) => onView(JSON.parse(text));
  const parser = name.startsWith('toolstream') ? own(await libraryOf(dist)) : await parserOf(name);
  return (_text, fragments, onView) => {
    const { push, end, takesWhole } = parser(onView);
    let soFar = '';
    for (const fragment of fragments) {
      // Joined for those alone who want it: it is a tenth of the time of those who do not.
      if (takesWhole) soFar += fragment;
      push(fragment, soFar);
    }
    return end();
  };
}

const own =
  ({ PartialJson }) =>
  (onView) => {
    const json = new PartialJson();
    return {
      push(fragment) {
        json.push(fragment);
        onView(json.value);
      },
      end() {},
    };
  };
