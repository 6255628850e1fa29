import type { AssembledCall } from '../calls/call.ts';
import type { ModelEvent } from '../events.ts';
import type { Output } from '../stage.ts';
import type { Json } from '../values.ts';
import type { DecoderOptions } from './dialect.ts';
import { GeminiMessageBuilder } from './gemini-message.ts';
import { PartialArgs } from './gemini-partial-args.ts';
import type { GeminiCandidate, GeminiFunctionCall, GeminiPart, GeminiResponse } from './gemini-wire.ts';
import { geminiFinish, geminiUsage } from './gemini-words.ts';
import { Round } from './round.ts';
import type { WireReader } from './wire.ts';

const RESPONSE_FIELDS = new Set(['candidates', 'usageMetadata', 'modelVersion', 'responseId', 'createTime', 'error']);
const CANDIDATE_FIELDS = new Set(['index', 'content', 'finishReason']);
const PART_FIELDS = new Set(['text', 'thought', 'thoughtSignature', 'functionCall']);

interface StreamedCall {
  readonly call: AssembledCall;
  readonly wireIndex: number;
  readonly id: string | undefined;
  readonly args: PartialArgs;
  broken: boolean;
}

interface Candidate {
  calls: number;
  streamed: StreamedCall | undefined;
  /** Its newest word: some models say one with every piece, and only the last counts. */
  finish: string | undefined;
}

/** Reads what `GenerateContentResponse`s say, and tells it to the round and to the message that goes back. */
export class GeminiReader implements WireReader {
  readonly round: Round;
  private readonly message = new GeminiMessageBuilder();
  private readonly maxArgumentLength: number;
  private readonly candidates = new Map<number, Candidate>();
  private readonly repeated = new Map<string, string>();
  private blocked = false;

  constructor(options: DecoderOptions = {}) {
    this.round = new Round('gemini', options, () => this.message.build());
    this.maxArgumentLength = options.maxArgumentLength ?? 16 * 1024 * 1024;
  }

  /** Reads one response of the stream. */
  read(response: GeminiResponse, out: Output<ModelEvent>, plain: boolean): void {
    this.round.start(response.responseId || undefined, response.modelVersion || undefined, out);
    if (response.candidates) for (const candidate of response.candidates) this.readCandidate(candidate, out);
    // A prompt that was refused has no candidates.
    if (response.promptFeedback?.blockReason) {
      this.candidate(0).finish = response.promptFeedback.blockReason;
      this.blocked = true;
    }
    const counts = response.usageMetadata;
    const usage = counts ? geminiUsage(counts) : undefined;
    if (usage) this.round.usageSoFar(usage, counts as Json, out);
    if (!plain) this.passOn(0, response, RESPONSE_FIELDS, out);
  }

  /** No more comes: the last finish reason of each candidate is the one. After an error none is. */
  settle(how: 'end-mark' | 'end-of-body' | 'error', out: Output<ModelEvent>): void {
    if (how === 'error') return;
    for (const [index, candidate] of this.candidates) {
      const { finish, calls, streamed } = candidate;
      if (finish === undefined) continue;
      const reason = this.blocked && index === 0 ? 'content-filter' : geminiFinish(finish, calls);
      if (streamed && reason === 'tool-calls') this.endCall(index, candidate, streamed, out);
      this.round.finish(index, reason, finish, out);
    }
  }

  private readCandidate(candidate: GeminiCandidate, out: Output<ModelEvent>): void {
    const index = candidate.index ?? 0;
    const state = this.candidate(index);
    if (candidate.content?.parts) for (const part of candidate.content.parts) this.readPart(index, part, out);
    const word = candidate.finishReason;
    if (word && word !== 'FINISH_REASON_UNSPECIFIED') state.finish = word;
    this.passOn(index, candidate, CANDIDATE_FIELDS, out);
  }

  private readPart(index: number, part: GeminiPart, out: Output<ModelEvent>): void {
    const signature = (part as { readonly thoughtSignature?: unknown }).thoughtSignature;
    if (typeof signature === 'string' && signature !== '' && !part.functionCall) {
      // Before what it signs, so that whoever writes it again has both at once.
      this.round.provider(index, 'thoughtSignature', { thoughtSignature: signature, on: signedKind(part) }, out);
    }
    if (part.text) {
      if (part.thought) this.round.reasoning(index, part.text, out);
      else this.round.text(index, part.text, out);
    }
    if (part.functionCall) {
      const call = this.readCall(index, part.functionCall, signature, out);
      if (call && index === 0) this.message.addCall(part, call);
    } else if (index === 0) {
      this.message.addPart(part);
    }
    const extra = part as { readonly [key: string]: unknown };
    for (const key in extra) {
      if (!PART_FIELDS.has(key) && saysSomething(extra[key])) this.round.provider(index, key, extra[key] as Json, out);
    }
  }

  private readCall(index: number, entry: GeminiFunctionCall, signature: unknown, out: Output<ModelEvent>): AssembledCall | undefined {
    const sign = (call: AssembledCall) => {
      if (typeof signature !== 'string' || signature === '') return;
      this.round.provider(index, 'thoughtSignature', { thoughtSignature: signature, callId: call.callId }, out);
    };
    const candidate = this.candidate(index);
    const id = entry.id || undefined;
    let { streamed } = candidate;
    if (!streamed || (entry.name && (id === undefined || id !== streamed.id))) {
      const isStreamed = entry.willContinue === true || (!entry.args && (entry.partialArgs?.length ?? 0) > 0);
      if (!isStreamed && !entry.name && id === undefined && !entry.args) return undefined;
      candidate.streamed = undefined;
      const wireIndex = candidate.calls++;
      const text = isStreamed ? PartialArgs.start : JSON.stringify(entry.args ?? {});
      const call = this.round.call(index, { index: wireIndex, id, name: entry.name, text, nameIsWhole: true }, out);
      if (!call || !isStreamed) {
        if (call) {
          sign(call);
          this.round.endCall(index, call, out);
        }
        return call;
      }
      streamed = { call, wireIndex, id, args: new PartialArgs(this.maxArgumentLength), broken: false };
      candidate.streamed = streamed;
    }
    sign(streamed.call);
    for (const arg of entry.partialArgs ?? []) {
      if (streamed.broken) break;
      const text = streamed.args.add(arg);
      if (text === undefined) this.breakCall(streamed, arg.jsonPath, out);
      else if (text !== '') this.round.call(index, { index: streamed.wireIndex, text }, out);
    }
    if (entry.willContinue !== true) this.endCall(index, candidate, streamed, out);
    return streamed.call;
  }

  /** A call whose arguments could not be put together stays incomplete, so that it never runs. */
  private endCall(index: number, candidate: Candidate, { call, wireIndex, args, broken }: StreamedCall, out: Output<ModelEvent>): void {
    candidate.streamed = undefined;
    if (broken) return;
    this.round.call(index, { index: wireIndex, text: args.end() }, out);
    this.round.endCall(index, call, out);
  }

  private breakCall(streamed: StreamedCall, path: string, out: Output<ModelEvent>): void {
    streamed.broken = true;
    const message = `An argument at ${JSON.stringify(path.slice(0, 80))} does not fit those before it. The call stays incomplete.`;
    out.enqueue({ type: 'diagnostic', code: 'partial-argument-unplaced', message, callId: streamed.call.callId });
  }

  private passOn(index: number, fields: object, known: ReadonlySet<string>, out: Output<ModelEvent>): void {
    const extra = fields as { readonly [key: string]: unknown };
    for (const key in extra) {
      const data = extra[key];
      if (known.has(key) || !saysSomething(data)) continue;
      const text = JSON.stringify(data);
      const repeated = this.repeated.get(`${index} ${key}`) === text;
      if (repeated) continue;
      this.repeated.set(`${index} ${key}`, text);
      this.round.provider(index, key, data as Json, out);
    }
  }

  private candidate(index: number): Candidate {
    let known = this.candidates.get(index);
    if (!known) {
      known = { calls: 0, streamed: undefined, finish: undefined };
      this.candidates.set(index, known);
    }
    return known;
  }
}

/** What follows the signature: text, a thought, a part named by its field, or nothing, since Google signs empty parts, too. */
function signedKind(part: GeminiPart): string {
  if (part.text) return part.thought ? 'thought' : 'text';
  return Object.keys(part).find((key) => !PART_FIELDS.has(key)) ?? 'nothing';
}

function saysSomething(data: unknown): boolean {
  if (data === null || data === undefined || data === '') return false;
  return typeof data !== 'object' || Object.keys(data).length > 0;
}
