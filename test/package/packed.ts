import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
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

/** Builds if need be, packs, and unpacks into a project with `links` beside it. */
export function packedProject(links: readonly string[]): PackedProject {
  buildIfStale();
  const folder = mkdtempSync(join(tmpdir(), 'toolstream-packed-'));
  const modules = join(folder, 'node_modules');
  const home = join(modules, 'toolstream');
  mkdirSync(home, { recursive: true });
  const [{ filename }] = JSON.parse(npm('pack', '--json', '--ignore-scripts', '--pack-destination', folder)) as [{ filename: string }];
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components=1']);
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

/** Runs the build where `dist/` is missing or older than the newest source. */
function buildIfStale(): void {
  const sources = ['src', 'operators', 'tsdown.config.ts', 'package.json'].map((path) => newest(join(root, path)));
  const built = oldest(join(root, 'dist'));
  if (built === undefined || Math.max(...sources) > built) npm('run', 'build');
}

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(...readdirSync(path).map((name) => newest(join(path, name))));
}

function oldest(folder: string): number | undefined {
  try {
    return Math.min(...readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs));
  } catch {
    return undefined;
  }
}

function npm(...args: string[]): string {
  return execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
