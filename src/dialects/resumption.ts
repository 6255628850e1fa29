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
