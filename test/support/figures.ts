import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Says what a test counted, and writes it as `<name>.json` (words joined by `-`) into the folder that `TOOLSTREAM_FIGURES` names; nowhere without it. */
export function figure(name: string, counted: Readonly<Record<string, unknown>>): void {
  console.info(`${name}: ${JSON.stringify(counted)}`);
  const folder = process.env.TOOLSTREAM_FIGURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const file = name.replaceAll(/[^a-z0-9]+/gi, '-');
  writeFileSync(join(folder, `${file}.json`), `${JSON.stringify(counted, null, 2)}\n`);
}
