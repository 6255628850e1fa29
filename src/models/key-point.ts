/**
 * Where a key lies between 0 and 100: the same place always and everywhere, evenly spread over many keys.
 *
 * FNV-1a over the key's UTF-8 bytes, then the finaliser of MurmurHash3: FNV alone leaves the upper bits of short keys that differ in their
 * last character nearly equal, and it is the upper bits that decide here.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9923.html (FNV)
 */
export function keyPoint(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 100;
}
