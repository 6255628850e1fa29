/** What a `data:` URL holds. */
export interface DataUrl {
  /** `image/png`; empty where the URL has none. */
  readonly mediaType: string;
  readonly isBase64: boolean;
  /** Everything after the comma, as it is written. */
  readonly data: string;
}

/** Reads a `data:` URL; `undefined` for any other. Looks for each mark once: users give such URLs, and they are long. */
export function dataUrlOf(url: string): DataUrl | undefined {
  if (url.slice(0, 5).toLowerCase() !== 'data:') return undefined;
  const comma = url.indexOf(',');
  if (comma === -1) return undefined;
  const [mediaType = '', ...parameters] = url.slice(5, comma).split(';');
  return { mediaType, isBase64: parameters.at(-1)?.toLowerCase() === 'base64', data: url.slice(comma + 1) };
}
