/**
 * The same JSON, with numbers a double cannot hold as strings of the same digits: integers beyond 2^53 - 1, and what would be infinite. Takes
 * valid JSON alone.
 */
export function quoteBigNumbers(json: string): string {
  let quoted = '';
  let copied = 0;
  for (let at = 0; at < json.length; ) {
    const code = json.charCodeAt(at);
    if (code === 0x22 /* " */) at = endOfString(json, at);
    else if (code === 0x2d /* - */ || isDigit(code)) {
      const end = endOfNumber(json, at);
      const digits = json.slice(at, end);
      if (isBig(digits)) {
        quoted += `${json.slice(copied, at)}"${digits}"`;
        copied = end;
      }
      at = end;
    } else at++;
  }
  return quoted + json.slice(copied);
}

function isBig(digits: string): boolean {
  if (digits.length < 4) return false;
  const value = Number(digits);
  return !Number.isFinite(value) || (Math.abs(value) > Number.MAX_SAFE_INTEGER && /^-?\d+$/.test(digits));
}

/** The index after a string's closing quote. */
function endOfString(json: string, from: number): number {
  let at = from + 1;
  for (let code = json.charCodeAt(at); at < json.length && code !== 0x22; code = json.charCodeAt(at)) at += code === 0x5c /* \ */ ? 2 : 1;
  return at + 1;
}

function endOfNumber(json: string, from: number): number {
  let at = from + 1;
  while (at < json.length && isOfNumber(json.charCodeAt(at))) at++;
  return at;
}

/** `.`, `+`, `-`, `e`, `E` or a digit. */
function isOfNumber(code: number): boolean {
  return isDigit(code) || code === 0x2e || code === 0x2b || code === 0x2d || code === 0x65 || code === 0x45;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
