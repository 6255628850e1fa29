import type { ResumeRequest } from '../dialects/resumption.ts';
import type { Frame } from '../frame.ts';

/**
 * The same request once more with the header `Last-Event-ID`, as a browser's `EventSource` does, where the stream's events had ids. For
 * servers that keep their responses: one that does not would answer anew, which is noticed where its chunks have another id, and costs the tokens.
 * Not where the newest event has no id of its own: what came behind the newest id would come again.
 *
 * @example
 * ```ts
 * import { httpModel, openAiChat, resumeByLastEventId } from 'toolstream';
 *
 * const model = httpModel({ dialect: openAiChat, url: 'https://gateway.example/v1', model: 'm', resumeRequest: resumeByLastEventId });
 * console.log(typeof model); // function
 * ```
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
 */
export const resumeByLastEventId: ResumeRequest = ({ first, last, lastEventId }) => {
  if (lastEventId === undefined || lastEventId === '' || last.id !== lastEventId) return undefined;
  let fromTheStart: boolean | undefined;
  return {
    headers: { 'last-event-id': lastEventId },
    compare(frame) {
      if (fromTheStart === undefined && responseIdOf(frame) !== undefined && responseIdOf(frame) !== responseIdOf(last)) return 'other';
      fromTheStart ??= frame.id !== undefined && frame.id === first.id && frame.data === first.data;
      // The newest one comes again where a server takes the header for "from here on".
      if (frame.id === lastEventId && frame.data === last.data) {
        fromTheStart = false;
        return 'known';
      }
      return fromTheStart ? 'known' : 'new';
    },
  };
};

/** The id of the response that a chunk belongs to, in the places where dialects have it. */
function responseIdOf({ data }: Frame): unknown {
  try {
    const chunk = JSON.parse(data) as { readonly id?: unknown; readonly responseId?: unknown } | null;
    return chunk?.id ?? chunk?.responseId;
  } catch {
    return undefined;
  }
}
