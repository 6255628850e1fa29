import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Runtime } from './runtimes.ts';

/**
 * Calls the program's `report` in a plain environment, as in a user's shell, and has it print what it returns. The process ends by
 * itself, or is killed after 18 s: no timer or connection is left behind.
 */
export async function run(
  { name, binary = '', flags }: Runtime,
  folder: string,
  program: string,
  given: readonly unknown[],
): Promise<{ stdout: string; stderr: string; status: number | null }> {
  const file = join(folder, `${name.replace(/\W+/g, '-')}-${program}`);
  const args = given.map((arg) => JSON.stringify(arg)).join();
  writeFileSync(file, `import { report } from './${program}';\nconsole.log(JSON.stringify(await report(${args})));\n`);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    DENO_DIR: join(folder, '.deno'),
    DENO_NO_UPDATE_CHECK: '1',
    NO_COLOR: '1',
  };
  const child = spawn(binary, [...flags, file], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 18_000 });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { ...output, status };
}

/** A page's script with the program's `report` as a global. As for production: minified, so that nothing may depend on the name of a class. */
export async function bundled(folder: string, program: string): Promise<string> {
  const page = `import { report } from './${program}'; globalThis.report = report;`;
  const { outputFiles } = await build({
    stdin: { contents: page, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    charset: 'utf8',
    write: false,
  });
  return outputFiles.map((file) => file.text).join('');
}
