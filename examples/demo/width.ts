/** Two columns in a terminal: East Asian wide forms and emoji. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
/** No column of their own: combining marks, joiners, variation selectors. */
const ZERO = /\p{M}|\u200b|\u200c|\u200d/u;

/** How many terminal columns a text takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += ZERO.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}

/** Cuts a text to so many columns; an ellipsis says that there was more. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = '';
  let taken = 0;
  for (const character of text) {
    taken += columnsOf(character);
    if (taken > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Fills a text with spaces up to so many columns. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/**
 * Takes whole lines off the front of a text that is still being written: up to a line break, or to the last space
 * that fits. What may still grow stays in `rest`.
 */
export function wholeLines(text: string, columns: number): { lines: string[]; rest: string } {
  const lines: string[] = [];
  let rest = text;
  for (;;) {
    const line = rest.indexOf('\n');
    const head = line < 0 ? rest : rest.slice(0, line);
    if (columnsOf(head) > columns) {
      const end = breakBefore(head, columns);
      lines.push(head.slice(0, end).trimEnd());
      rest = rest.slice(end).replace(/^ +/, '');
    } else if (line >= 0) {
      lines.push(head.trimEnd());
      rest = rest.slice(line + 1);
    } else return { lines, rest };
  }
}

/** Where to break a line that is too long: at its last space that fits, else where the columns end. */
function breakBefore(text: string, columns: number): number {
  let taken = 0;
  let end = 0;
  let space = 0;
  for (const character of text) {
    taken += columnsOf(character);
    if (character === ' ' && taken <= columns + 1) space = end;
    if (taken > columns) break;
    end += character.length;
  }
  return space > 0 ? space : Math.max(end, 1);
}
