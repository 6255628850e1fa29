import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './extract.ts';

const sources = ['src', 'operators'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('testing/'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8')),
);

/** `16 Mi` → 16777216 */
function numberOf(text: string): number {
  const [, digits = '', unit = ''] = /([\d,\s_]+)(Mi|Ki)?/.exec(text) ?? [];
  return Number(digits.replace(/[,\s_]/g, '')) * (unit === 'Mi' ? 2 ** 20 : unit === 'Ki' ? 2 ** 10 : 1);
}

const rows = readFileSync(join(root, 'docs/limits.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, option = '', value = '']) => ({ option: option.replaceAll('`', ''), value: numberOf(value) }));

/** Examples in docstrings set options, too. */
const withoutComments = (source: string) => source.replace(/\/\*\*[\s\S]*?\*\//g, '');

/** What an option is where it is not given: of every `option = 1024`, `option ?? 16 * 1024` and `option: 3` of a table of defaults. */
function defaultsOf(option: string): number[] {
  const found = new Set<number>();
  for (const source of sources.map(withoutComments)) {
    const [, table = ''] = new RegExp(`const DEFAULT\\w* = \\{[^}]*\\b${option}: (\\d[\\d_]*)`).exec(source) ?? [];
    if (table !== '') found.add(Number(table.replaceAll('_', '')));
    for (const [, given = ''] of source.matchAll(
      new RegExp(`\\b${option}(?: =|: \\w+ =|\\?: number =| \\?\\?) ([A-Z_]{4,}|\\d[\\d_ *]*)`, 'g'),
    )) {
      const expression = /^\d/.test(given) ? given : (new RegExp(`const ${given} = (\\d[\\d_ *]*);`).exec(source)?.[1] ?? '');
      if (expression !== '') found.add(expression.split('*').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1));
    }
  }
  // The checks of options fill in 0 for what is not given.
  found.delete(0);
  return [...found].sort((a, b) => a - b);
}

/** What the docstrings say. */
function documentedOf(option: string): number[] {
  const found = sources.flatMap((source) =>
    [...source.matchAll(new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*?)\\*/\\s*readonly ${option}\\?:`, 'g'))].map(([, comment = '']) =>
      numberOf(/Defaults?:? ([\d,\u00a0 ]+(?:[MK]iB|[MK]i)?)/.exec(comment.replace(/\n\s*\*/g, ' '))?.[1] ?? ''),
    ),
  );
  return [...new Set(found.filter((value) => value > 0))].sort((a, b) => a - b);
}

/** Options named like a bound that bound nothing here: words of a request, times, thresholds, measures. */
const OTHERS = [
  'maxTokensField',
  'maxOutputTokens',
  'maxDelayMs',
  'maxRetryAfterMs',
  'maxMs',
  'maxErrorRate',
  'maxFirstTokenP99Ms',
  'maxTotalP99Ms',
];

describe('the table of limits', () => {
  const options = [...new Set(rows.map(({ option }) => option))];

  it.each(options)('has the default of %s as the code has it, and the docstring', (option) => {
    const listed = rows.filter((row) => row.option === option).map(({ value }) => value);
    expect(defaultsOf(option)).toEqual(listed.sort((a, b) => a - b));
    expect(documentedOf(option)).toEqual(listed);
  });

  it('has every option that is a bound, and every bound an error names', () => {
    const found = sources.flatMap((source) => [...source.matchAll(/readonly (max[A-Z]\w*)\?: number/g)].map(([, name = '']) => name));
    expect([...new Set(found)].filter((name) => !OTHERS.includes(name) && !options.includes(name))).toEqual([]);
    const named = sources.flatMap((source) => [...source.matchAll(/new LimitError\('(\w+)'/g)].map(([, name = '']) => name));
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !options.includes(name))).toEqual([]);
  });
});
