import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './extract.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const pages = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'));

describe.each(pages)('docs/%s', (page) => {
  it('is a page of the site', () => {
    expect(JSON.parse(read('typedoc.json')).projectDocuments).toContain(`docs/${page}`);
  });

  it('is linked from the README', () => {
    expect(read('README.md')).toContain(`(docs/${page})`);
  });
});
