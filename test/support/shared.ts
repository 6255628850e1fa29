import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../src/values.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The folder of recorded streams and conformance cases: `TOOLSTREAM_SHARED`, by default beside the project. */
export const sharedFolder = resolve(root, process.env.TOOLSTREAM_SHARED ?? '../shared');

/** Whether the test data is here. Tests that need it are skipped without it, and say so; CI fails instead. */
export const hasShared = existsSync(join(sharedFolder, 'streams/manifest.json'));

if (!hasShared) {
  const message = `No test data in ${sharedFolder}: tests over recorded streams and conformance cases need it. Set TOOLSTREAM_SHARED.`;
  if (process.env.CI) throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
}

export interface Recording {
  readonly file: string;
  readonly dialect: string;
  readonly provider: string;
  readonly features: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: test data, described in FIELDS.md, differs by dialect.
  readonly expect: any;
  readonly notes: string | null;
}

/** The recordings of one dialect, as the manifest lists them; empty where the test data is absent. */
export function recordings(dialect: string): Recording[] {
  if (!hasShared) return [];
  const all = JSON.parse(readFileSync(join(sharedFolder, 'streams/manifest.json'), 'utf8')) as Recording[];
  return all.filter((recording) => recording.dialect === dialect);
}

/** The bytes of a recording. */
export function recordedBytes(recording: Recording): Uint8Array {
  return new Uint8Array(readFileSync(join(sharedFolder, 'streams', recording.file)));
}

/** A conformance file, parsed. */
export function conformance(name: string): Json {
  return JSON.parse(readFileSync(join(sharedFolder, 'conformance', name), 'utf8')) as Json;
}
