import { writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { PackedProject } from './packed.ts';

/** What a page has to load before a program runs: its first file, and what that imports statically. */
export interface Bundle {
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Files that are loaded when they are needed, and no sooner. */
  readonly later: readonly string[];
  /** Bytes by the source file they were made of, e.g. `src/stage.ts`, or by the package, e.g. `rxjs`. */
  readonly bySource: ReadonlyMap<string, number>;
}

/** Bundles a program of a packed project as one does for a browser. */
export async function bundled(project: PackedProject, code: string): Promise<Bundle> {
  const entry = join(project.folder, 'program.ts');
  writeFileSync(entry, code);
  const { metafile, outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir: join(project.folder, 'out'),
    sourcemap: 'external',
    metafile: true,
    write: false,
    logLevel: 'error',
  });
  const contents = new Map(outputFiles.map(({ path, contents }) => [path, contents]));
  const outputs = Object.entries(metafile.outputs).filter(([name]) => name.endsWith('.js'));
  const first = outputs.find(([, { entryPoint }]) => entryPoint?.endsWith('program.ts'))?.[0] ?? '';
  const needed = new Set([first]);
  for (const name of needed) {
    for (const { kind, path } of metafile.outputs[name]?.imports ?? []) if (kind === 'import-statement') needed.add(path);
  }

  let bytes = 0;
  let gzipBytes = 0;
  const bySource = new Map<string, number>();
  for (const name of needed) {
    const text = contents.get(resolve(name)) ?? new Uint8Array();
    bytes += text.length;
    gzipBytes += gzipSync(text, { level: 9 }).length;
    const map = JSON.parse(Buffer.from(contents.get(resolve(`${name}.map`)) ?? []).toString()) as SourceMap;
    for (const [source, size] of sizesOf(Buffer.from(text).toString(), map)) bySource.set(source, (bySource.get(source) ?? 0) + size);
  }
  const later = outputs.map(([name]) => name).filter((name) => !needed.has(name));
  return { bytes, gzipBytes, later: later.map((name) => basename(name)), bySource };
}

interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

/** Characters of a file by the source that they were made of. */
function* sizesOf(text: string, { sources, mappings }: SourceMap): Iterable<[string, number]> {
  const lines = text.split('\n');
  let source = 0;
  for (const [row, segments] of mappings.split(';').entries()) {
    let column = 0;
    let from: string | undefined;
    for (const segment of segments.split(',').filter(Boolean)) {
      const [forward = 0, sourceStep = 0] = numbersOf(segment);
      if (from !== undefined) yield [from, forward];
      column += forward;
      source += sourceStep;
      from = nameOf(sources[source] ?? '');
    }
    if (from !== undefined) yield [from, (lines[row]?.length ?? 0) - column];
  }
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The numbers of one segment: five bits a digit, the lowest first, the sign in the lowest bit. */
function numbersOf(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const sign of segment) {
    const digit = DIGITS.indexOf(sign);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}

/** A source of the library by its path in the project, any other by its package. */
function nameOf(path: string): string {
  const own = /(?:^|\/)((?:src|operators)\/(?!internal\/).*\.ts)$/.exec(path)?.[1];
  const inPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  return inPackage !== undefined && inPackage !== 'toolstream' ? inPackage : (own ?? path);
}
