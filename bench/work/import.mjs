// A cold import: each sample is a fresh process that imports a package and does no more.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const packages = {
  openai: 'openai',
  'AI SDK': 'ai',
  LangChain: '@langchain/openai',
  xsAI: '@xsai/stream-text',
  'TanStack AI': '@tanstack/ai',
};
const script = `
const start = performance.now();
const cpu = process.cpuUsage();
await import(process.argv[1]);
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, wallMs: performance.now() - start }));`;

export async function prepare(_work, name, dist) {
  const own = join(dist, 'index.js');
  const file = name === 'rxjs' ? createRequire(own).resolve('rxjs') : name.startsWith('toolstream') ? own : undefined;
  const url = file ? pathToFileURL(file).href : import.meta.resolve(packages[name]);
  return async () =>
    JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', script, url], {
        encoding: 'utf8',
        cwd: fileURLToPath(new URL('..', import.meta.url)),
      }),
    );
}
