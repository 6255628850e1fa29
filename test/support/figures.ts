import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes measured numbers as `<name>.json` into the folder `TOOLSTREAM_FIGURES` names; nowhere without it. */
export function figure(name: string, values: Readonly<Record<string, unknown>>): void {
  const folder = process.env.TOOLSTREAM_FIGURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(values, null, 2)}\n`);
}
