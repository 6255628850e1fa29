import type { Frame } from '../frame.ts';
import type { ResumeRequest } from './resumption.ts';

/**
 * The rest of a background response: `GET /responses/{id}?stream=true&starting_after={sequence_number}`. Only what was asked with
 * `background: true` goes on without its connection; anything else ends with it.
 *
 * @see https://platform.openai.com/docs/guides/background#streaming-a-background-response
 */
export const resumeResponse: ResumeRequest = ({ request, first, last }) => {
  if (fieldsOf(request.body).background !== true) return undefined;
  const { response } = fieldsOf(first.data);
  const id = (response as { readonly id?: unknown } | undefined)?.id;
  const newest = sequenceOf(last);
  if (typeof id !== 'string' || id === '' || newest === undefined) return undefined;
  const url = new URL(request.url);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${encodeURIComponent(id)}`;
  url.searchParams.set('stream', 'true');
  url.searchParams.set('starting_after', String(newest));
  return {
    url: url.href,
    method: 'GET',
    compare: (frame) => ((sequenceOf(frame) ?? Infinity) <= newest ? 'known' : 'new'),
  };
};

function sequenceOf({ data }: Frame): number | undefined {
  const { sequence_number: sequence } = fieldsOf(data);
  return typeof sequence === 'number' ? sequence : undefined;
}

function fieldsOf(json: string): { readonly [key: string]: unknown } {
  try {
    return (JSON.parse(json) ?? {}) as { readonly [key: string]: unknown };
  } catch {
    return {};
  }
}
