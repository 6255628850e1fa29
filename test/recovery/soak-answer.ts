import type { ScriptedRound } from '../../src/testing/script.ts';

/** What the model of the soak says: two equal calls and one that is slow, with text all round, and what it says when it has their results. */
export const asking: ScriptedRound = [
  'Ich schaue ',
  'nach. ',
  { call: 'look', arguments: { city: 'Köln' }, fragmentLength: 6 },
  'Und ',
  'noch ',
  'einmal. ',
  { call: 'look', arguments: { city: 'Köln' }, fragmentLength: 8 },
  { call: 'wait', arguments: { ms: 30 } },
];
export const answering: ScriptedRound = ['Alles ', 'da: ', '„gut“ ', '🌍.'];

export const TEXT = 'Ich schaue nach. Und noch einmal. Alles da: „gut“ 🌍.';

/** How large each of the 64 pieces of a `long` answer is, in UTF-16 code units: 1 MiB in all. */
export const LONG_PIECE = 16_384;

/** What a request asks the server to do, by the name of its model. */
export type Habit = 'whole' | 'cut' | 'busy' | 'refused' | 'broken' | 'failing' | 'silent' | 'long';

/** The dialects that the server speaks over HTTP, by the first part of the path. */
export type Spoken = 'chat' | 'anthropic' | 'ollama';
