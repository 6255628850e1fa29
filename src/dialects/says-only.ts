/** Whether an object says nothing beyond the fields that are named: what else it has is `null`. */
export function saysOnly(fields: object, known: ReadonlySet<string>): boolean {
  for (const key in fields) if (!known.has(key) && (fields as { readonly [key: string]: unknown })[key] !== null) return false;
  return true;
}
