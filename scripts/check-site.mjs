// Fails when a page of the built site links to a page or an anchor of the site that is not there, or when it has no search index.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = resolve(dirname(fileURLToPath(import.meta.url)), '../site');
const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));
const contents = new Map(pages.map((page) => [join(site, page), readFileSync(join(site, page), 'utf8')]));
const anchors = new Map(
  [...contents].map(([page, html]) => [page, new Set([...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]))]),
);

const problems = [];
for (const [page, html] of contents) {
  for (const [, raw] of html.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
    const link = raw.replaceAll('&amp;', '&');
    if (/^[a-z][a-z+.-]*:/i.test(link) || link === '') continue;
    const [path = '', anchor = ''] = link.split('#');
    let target = path === '' ? page : resolve(dirname(page), decodeURIComponent(path));
    if (existsSync(target) && statSync(target).isDirectory()) target = join(target, 'index.html');
    const where = `${relative(site, page)}: ${link}`;
    if (!existsSync(target)) problems.push(`${where} (no such file)`);
    else if (anchor !== '' && anchors.has(target) && !anchors.get(target)?.has(decodeURIComponent(anchor)))
      problems.push(`${where} (no such anchor)`);
  }
}
if (!existsSync(join(site, 'assets/search.js'))) problems.push('assets/search.js is missing: search would not work');

if (problems.length > 0) {
  console.error(`${problems.length} broken links:\n${[...new Set(problems)].join('\n')}`);
  process.exit(1);
}
console.log(`${pages.length} pages, no broken links.`);
