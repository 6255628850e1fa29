/** The middle of some numbers. */
export function median(numbers) {
  return quantile(numbers, 0.5);
}

/** The value below which `part` of the numbers lie. */
export function quantile(numbers, part) {
  if (numbers.length === 0) return undefined;
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const low = sorted[Math.floor(at)];
  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}

/** So many digits count, no more. */
export function rounded(number, digits = 3) {
  return number === undefined ? undefined : Number(number.toPrecision(digits));
}
