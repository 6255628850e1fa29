/** The code unit behind a backslash and this character, or -1. */
export function unitOfEscape(code: number): number {
  switch (code) {
    case 0x22 /* " */:
    case 0x5c /* \ */:
    case 0x2f /* / */:
      return code;
    case 0x62 /* b */:
      return 0x08;
    case 0x66 /* f */:
      return 0x0c;
    case 0x6e /* n */:
      return 0x0a;
    case 0x72 /* r */:
      return 0x0d;
    case 0x74 /* t */:
      return 0x09;
  }
  return -1;
}

/** What a hexadecimal digit is worth, or -1. */
export function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** A code unit as an error message shows it. */
export function nameOf(code: number): string {
  if (code > 0x20 && code < 0x7f) return `'${String.fromCharCode(code)}'`;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
