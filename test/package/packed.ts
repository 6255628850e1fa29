import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** An empty project elsewhere, with the package as `npm pack` makes it, and links to packages that a user would install beside it. */
export interface PackedProject {
  readonly folder: string;
  /** The files of the package, relative to its folder. */
  readonly files: readonly string[];
  /** The text of one of them. */
  read(file: string): string;
  /** Puts a file into the project and runs it under plain Node. */
  runNode(name: string, code: string): { readonly stdout: string; readonly stderr: string; readonly status: number | null };
  /** Puts a file into the project and type-checks it, the package's declarations included. @returns what tsc says: nothing, if all is well. */
  typeCheck(name: string, code: string): string;
  remove(): void;
}

/** Builds and packs once: apart from `dist/`, which another build may be writing. @returns the tarball, in a folder of its own. */
export function packedTarball(): string {
  const stage = mkdtempSync(join(tmpdir(), 'toolstream-stage-'));
  for (const file of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) cpSync(join(root, file), join(stage, file));
  const tsdown = join(root, 'node_modules/tsdown/dist/run.mjs');
  execFileSync(process.execPath, [tsdown, '--out-dir', join(stage, 'dist'), '--logLevel', 'error'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const listed = execFileSync('npm', ['pack', '--json', '--ignore-scripts'], {
    cwd: stage,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [{ filename }] = JSON.parse(listed) as [{ filename: string }];
  return join(stage, filename);
}

/** Unpacks a tarball into an empty project with `links` beside it. */
export function packedProject(tarball: string, links: readonly string[]): PackedProject {
  const folder = mkdtempSync(join(tmpdir(), 'toolstream-packed-'));
  const modules = join(folder, 'node_modules');
  const home = join(modules, 'toolstream');
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);
  for (const name of links) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));

  const put = (name: string, code: string) => {
    writeFileSync(join(folder, name), code);
    return join(folder, name);
  };
  return {
    folder,
    files: readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(home, file)).isFile()),
    read: (file) => readFileSync(join(home, file), 'utf8'),
    runNode(name, code) {
      // Without the variables of the test runner: as in a user's shell.
      const env = { PATH: process.env.PATH, HOME: process.env.HOME };
      return spawnSync(process.execPath, [put(name, code)], { cwd: folder, encoding: 'utf8', timeout: 30_000, env });
    },
    typeCheck(name, code) {
      put(name, code);
      // The package's own declarations are checked too: no skipLibCheck.
      const compilerOptions = {
        noEmit: true,
        strict: true,
        target: 'es2022',
        module: 'nodenext',
        types: [],
        lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
      };
      put('tsconfig.json', JSON.stringify({ compilerOptions, files: [name] }));
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      return spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: folder, encoding: 'utf8', timeout: 120_000 }).stdout;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
