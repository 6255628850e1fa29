/** By the character after the backslash. A `switch` costs more: which escape comes next the processor cannot foresee. */
const UNITS = /* @__PURE__ */ unitsByCharacter('"\\/bfnrt', '"\\/\b\f\n\r\t');

/** The code unit behind a backslash and this character, or -1. */
export function unitOfEscape(code: number): number {
  return code < 128 ? (UNITS[code] ?? -1) : -1;
}

function unitsByCharacter(characters: string, units: string): Int8Array {
  const table = new Int8Array(128).fill(-1);
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = units.charCodeAt(i);
  return table;
}

/** What a hexadecimal digit is worth, or -1. */
export function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Whether a text is empty or white space as JSON has it: `trim` takes off more than that. */
export function isJsonSpace(text: string): boolean {
  return /^[ \t\n\r]*$/.test(text);
}

/** A code unit as an error message shows it. */
export function nameOf(code: number): string {
  if (code > 0x20 && code < 0x7f) return `'${String.fromCharCode(code)}'`;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
