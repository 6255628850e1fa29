/**
 * How deep a frame, or what is written into a request, may be nested: what `JSON.parse` reads at any depth, `JSON.stringify`, `structuredClone` and
 * every walk over the value leave at some thousands, and less where the stack is used already.
 */
export const MAX_JSON_DEPTH = 1024;

/** `JSON.parse` for what others wrote: throws a `RangeError` where it is nested deeper than {@link MAX_JSON_DEPTH}. */
export function parseJson(text: string): unknown {
  if (isDeeperThan(text, MAX_JSON_DEPTH)) throw new RangeError(`nested deeper than ${MAX_JSON_DEPTH} levels`);
  return JSON.parse(text) as unknown;
}

/** Whether JSON opens more than `max` arrays and objects within each other. Of text that is no JSON nothing is promised. */
export function isDeeperThan(text: string, max: number): boolean {
  // What opens so many closes as many: most frames are too short to be looked at.
  if (text.length <= 2 * max) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c /* \ */) at++;
      else if (code === 0x22 /* " */) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b /* [ */ || code === 0x7b /* { */) {
      if (++depth > max) return true;
    } else if (code === 0x5d /* ] */ || code === 0x7d /* } */) depth--;
  }
  return false;
}
