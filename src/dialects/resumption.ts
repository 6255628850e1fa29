import type { Frame } from '../frame.ts';

/** How far a response had come when its connection broke. */
export interface ResumePoint {
  /** What was sent; without the headers, and with them the key. */
  readonly request: { readonly url: string; readonly body: string };
  /** The first whole frame of the response and the newest. */
  readonly first: Frame;
  readonly last: Frame;
  /** The newest id that an SSE event of the response had. */
  readonly lastEventId: string | undefined;
}

/** How to ask for the rest of a response. */
export interface Resumption {
  /** The whole URL. Default: that of the request. The request's headers go along only to the same origin. */
  readonly url?: string;
  /** `GET` goes without a body. Default: `POST` with the body of the request. */
  readonly method?: 'GET' | 'POST';
  /** Sent besides the headers of the request. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Asked about each frame of the new connection up to the first that it does not know: `known` is left out, `new` is where the response goes
   * on, `other` says that this is another response, so that the rest cannot be had. Default: every frame is new.
   */
  readonly compare?: (frame: Frame) => 'known' | 'new' | 'other';
}

/** Says how the rest of a response can be had, or that it cannot. */
export type ResumeRequest = (point: ResumePoint) => Resumption | undefined;

/**
 * The same request once more with the header `Last-Event-ID`, as a browser's `EventSource` does, where the stream's events had ids. For
 * servers that keep their responses: one that does not would answer anew, which is noticed where its chunks have another id, and costs the tokens.
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
  if (lastEventId === undefined || lastEventId === '') return undefined;
  let fromTheStart: boolean | undefined;
  return {
    headers: { 'last-event-id': lastEventId },
    compare(frame) {
      if (fromTheStart === undefined && responseIdOf(frame) !== undefined && responseIdOf(frame) !== responseIdOf(last)) return 'other';
      fromTheStart ??= frame.id !== undefined && frame.id === first.id && frame.data === first.data && frame.id !== lastEventId;
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
