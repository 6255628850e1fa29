// Who takes part, by name. Loaded on first need: each process measures one of them and should hold no other.

const table = {
  floor: ['./floor.mjs', 'floor'],
  toolstream: ['./toolstream.mjs', 'toolstream'],
  'toolstream + map': ['./toolstream.mjs', 'withMap'],
  'toolstream + stage': ['./toolstream.mjs', 'withStage'],
};

export const names = Object.keys(table);

/** `toolstream@other` is the build that `--dist other=folder` named. */
export async function contestant(name) {
  const [file, key] = table[name.replace(/@[^ ]*/, '')];
  return (await import(file))[key];
}
