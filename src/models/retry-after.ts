/**
 * How long a response asks to wait, in milliseconds: `retry-after-ms`, or `Retry-After` in either of its forms. A date is counted from
 * the response's own `Date`, so that a wrong clock on either side does no harm. `undefined` where nothing usable was said.
 *
 * @see https://httpwg.org/specs/rfc9110.html#field.retry-after
 */
export function retryAfterMs(headers: Pick<Headers, 'get'>, nowMs: number): number | undefined {
  const exact = headers.get('retry-after-ms');
  if (exact !== null && isDecimal(exact)) return Number(exact);
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  if (isDecimal(value)) return Number(value) * 1000;
  const until = Date.parse(value);
  if (Number.isNaN(until)) return undefined;
  const sent = Date.parse(headers.get('date') ?? '');
  return Math.max(0, until - (Number.isNaN(sent) ? nowMs : sent));
}

/** `Date.parse` takes a bare number for a year. */
function isDecimal(value: string): boolean {
  return /^\s*\d+(\.\d+)?\s*$/.test(value);
}
