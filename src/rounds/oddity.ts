import { excerptOf } from '../errors.ts';

/** Something odd about an event; the record leaves the event out and goes on. */
export interface Oddity {
  readonly code: 'duplicate-call' | 'duplicate-result' | 'result-without-call';
  readonly message: string;
  readonly callId: string;
}

export function duplicateCall(callId: string): Oddity {
  return { code: 'duplicate-call', message: `The call ${quote(callId)} was assembled twice. The first counts.`, callId };
}

export function duplicateResult(callId: string): Oddity {
  return { code: 'duplicate-result', message: `A second result came for the call ${quote(callId)}. The first counts.`, callId };
}

export function resultWithoutCall(callId: string): Oddity {
  return { code: 'result-without-call', message: `A result came for ${quote(callId)}, a call nobody made. It was left out.`, callId };
}

/** An id comes off the wire: it may be long. */
function quote(callId: string): string {
  return JSON.stringify(excerptOf(callId, 64));
}
