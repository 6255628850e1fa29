import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A code block of the documentation that runs as a test. */
export interface Example {
  /** Where it stands: `operators/decode.ts:24`. */
  readonly name: string;
  readonly code: string;
  /** What each line with a `console.log` says it prints, by the line's number in `code`, from 0. */
  readonly expected: ReadonlyMap<number, string>;
}

/** The `@example` blocks of a TypeScript source. */
export function examplesOfSource(file: string): Example[] {
  const lines = readLines(file);
  const examples: Example[] = [];
  let tagged = false;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (/^\s*\* @\w/.test(line)) tagged = line.includes('@example');
    if (/\*\//.test(line)) tagged = false;
    if (!tagged || !/^\s*\* ```ts$/.test(line)) continue;
    const block = blockFrom(lines, i + 1, (text) => text.replace(/^\s*\* ?/, ''));
    examples.push(exampleOf(file, i + 1, block));
    i += block.length;
  }
  return examples;
}

/** The blocks of a Markdown page that stand under `<!-- runs -->`. */
export function examplesOfPage(file: string): Example[] {
  const lines = readLines(file);
  return lines.flatMap((line, i) => {
    if (line.trim() !== '<!-- runs -->') return [];
    const fence = lines.findIndex((later, j) => j > i && later.trim() !== '');
    if (lines[fence]?.trim() !== '```ts') throw new Error(`${relative(root, file)}:${i + 1}: no \`\`\`ts block after <!-- runs -->`);
    return [
      exampleOf(
        file,
        fence + 1,
        blockFrom(lines, fence + 1, (text) => text),
      ),
    ];
  });
}

/** Every example there is. */
export function allExamples(): Example[] {
  const sources = ['src', 'operators'].flatMap((folder) => filesOf(folder, '.ts'));
  const pages = ['README.md', ...filesOf('docs', '.md')].filter((file) => existsSync(join(root, file)));
  return [...sources.flatMap((file) => examplesOfSource(join(root, file))), ...pages.flatMap((file) => examplesOfPage(join(root, file)))];
}

function exampleOf(file: string, line: number, block: string[]): Example {
  return { name: `${relative(root, file)}:${line}`, code: block.join('\n'), expected: expectedOf(block) };
}

/** What is printed stands behind `// ` on the line of the `console.log`, at the statement's end, or on the lines below. */
function expectedOf(block: readonly string[]): Map<number, string> {
  const expected = new Map<number, string>();
  for (const [i, line] of block.entries()) {
    if (!line.includes('console.log')) continue;
    let comment: string | undefined;
    for (let j = i; j < block.length && (j === i || !block[j]?.includes('console.log')); j++) {
      const found = /(?:^|\s)\/\/ (.*)$/.exec(block[j] ?? '');
      if (found) comment = comment === undefined ? found[1] : `${comment}\n${found[1]}`;
      if (comment !== undefined && !/^\s*\/\/ /.test(block[j + 1] ?? '')) break;
    }
    if (comment !== undefined) expected.set(i, comment);
  }
  return expected;
}

function blockFrom(lines: readonly string[], from: number, strip: (line: string) => string): string[] {
  const block: string[] = [];
  for (let i = from; i < lines.length; i++) {
    const line = strip(lines[i] ?? '');
    if (line.trim() === '```') return block;
    block.push(line);
  }
  return block;
}

function readLines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n');
}

function filesOf(folder: string, ending: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file))
    .sort();
}
