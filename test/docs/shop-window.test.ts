import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './extract.ts';

const names = readdirSync(join(root, 'operators'))
  .filter((file) => file.endsWith('.ts') && file !== 'index.ts')
  .map((file) => file.slice(0, -3));

describe.each(names)('operators/%s.ts', (name) => {
  const code = readFileSync(join(root, 'operators', `${name}.ts`), 'utf8');
  const [, doc = ''] = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*export function ${name}\\b`).exec(code) ?? [];

  it('exports one function, named like the file, through operators/index.ts', () => {
    expect(
      [...code.matchAll(/^export (?:async )?function (\w+)/gm)]
        .map((match) => match[1])
        .filter((found, i, all) => all.indexOf(found) === i),
    ).toEqual([name]);
    expect(readFileSync(join(root, 'operators/index.ts'), 'utf8')).toContain(`'./${name}.ts'`);
  });

  it('has a docstring with a marble, an example and a link', () => {
    expect(doc, 'a docstring right before the function').not.toBe('');
    expect(doc, 'an ASCII marble in a code block').toMatch(/```(?:text)?\n(?: \*.*\n)*? \*.*-.*\n(?: \*.*\n)*? \* ```/);
    expect(doc).toContain('@example');
    expect(doc).toContain('@see ');
  });

  it('says when it errors, what it buffers and what unsubscribing does', () => {
    expect(doc).toMatch(/[Uu]nsubscrib/);
    expect(doc).toMatch(/error|raise|throw/i);
    expect(doc).toMatch(/buffer|hold|keep/i);
  });

  it('runs through the compliance suite', () => {
    const test = join(root, 'test/operators', `${name}.test.ts`);
    expect(existsSync(test), test).toBe(true);
    expect(readFileSync(test, 'utf8')).toContain('describeCompliance(');
  });

  it('stands in the table of the README', () => {
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`(operators/${name}.ts)`);
  });
});
