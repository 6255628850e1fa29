import type { ModelEvent } from '../events.ts';

/** A call with all of its arguments. */
export interface WholeCall {
  readonly callId: string;
  readonly index: number;
  readonly name: string;
  readonly argumentsText: string;
}

interface OpenCall {
  readonly callId: string;
  readonly index: number;
  readonly name: string;
  readonly pieces: string[];
  ended: boolean;
}

/**
 * Gathers the calls of choice 0, for encoders whose wire has whole calls only. A call is whole when its end is marked or the round is over;
 * calls come out in the order in which they began.
 */
export class WholeCalls {
  private readonly open = new Map<string, OpenCall>();

  /** Takes an event of a call. @returns the calls that are whole now and may be written. */
  take(event: ModelEvent): WholeCall[] {
    if (event.type === 'tool-call-start') {
      const { callId, index, name } = event;
      this.open.set(callId, { callId, index, name, pieces: [], ended: false });
    } else if (event.type === 'tool-call-delta') {
      this.open.get(event.callId)?.pieces.push(event.text);
    } else if (event.type === 'tool-call-end') {
      const call = this.open.get(event.callId);
      if (call) call.ended = true;
      return this.leave((first) => first.ended);
    }
    return [];
  }

  /** The round is over. @returns the calls that are left. */
  rest(): WholeCall[] {
    return this.leave(() => true);
  }

  private leave(isWhole: (call: OpenCall) => boolean): WholeCall[] {
    const whole: WholeCall[] = [];
    for (const call of this.open.values()) {
      if (!isWhole(call)) break;
      this.open.delete(call.callId);
      whole.push({ callId: call.callId, index: call.index, name: call.name, argumentsText: call.pieces.join('') });
    }
    return whole;
  }
}
