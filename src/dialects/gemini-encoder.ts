import { asFunctionArguments } from '../calls/text-input.ts';
import type { FinishReason, ModelEvent, Usage, UsageEvent } from '../events.ts';
import type { Frame } from '../frame.ts';
import type { Output, Stage } from '../stage.ts';
import { isRecord, type Json } from '../values.ts';
import type { EncoderOptions } from './dialect.ts';
import { parsedArguments } from './gemini-message.ts';
import { finishWord, statusWord, writtenUsage } from './gemini-words.ts';
import type { Fields } from './join-json.ts';
import { type WholeCall, WholeCalls } from './whole-calls.ts';
import { writtenError } from './written-error.ts';

/** Provider events that the decoder makes of a part of the content, and of a field of the candidate or of the response. */
const PARTS = new Set(['executableCode', 'codeExecutionResult', 'inlineData', 'fileData', 'toolCall', 'toolResponse']);
const OF_CANDIDATE = new Set(['groundingMetadata', 'citationMetadata', 'urlContextMetadata', 'safetyRatings']);

/** A part that says nothing, and may be signed. */
const EMPTY = { text: '' };

interface Candidate {
  readonly calls: WholeCalls;
  finish: { readonly reason: FinishReason; readonly raw: string } | undefined;
  /** Signatures by the calls that they sign. */
  readonly signatures: Map<string, Json>;
  /** The signature of the next part. */
  signature: Json | undefined;
  /** The name of a call whose arguments are no JSON object. */
  malformed: string | undefined;
}

/**
 * Writes model events as `GenerateContentResponse`s: text and thoughts as they come, each call when it is whole, finish reasons and token
 * counts together in the last one. A refusal goes as text. A call whose arguments are no JSON object cannot be written: its candidate
 * ends with `MALFORMED_FUNCTION_CALL` instead. What comes after `round-end` is ignored; a source that ends without one gets no finish
 * reason, so that the client can tell.
 *
 * @see https://ai.google.dev/api/generate-content#generatecontentresponse
 */
export class GeminiEncoder implements Stage<ModelEvent, Frame> {
  private readonly candidates = new Map<number, Candidate>();
  private readonly options: EncoderOptions;
  private head: Fields;
  private usage: UsageEvent | undefined;
  private ended = false;

  constructor(options: EncoderOptions = {}) {
    this.options = options;
    this.head = this.headOf({});
  }

  transform(event: ModelEvent, out: Output<Frame>): void {
    if (this.ended) return;
    const choice = event.choice ?? 0;
    switch (event.type) {
      case 'round-start':
        this.head = this.headOf(event);
        return;
      case 'text-delta':
      case 'refusal-delta':
        if (event.text !== '') this.part(choice, { text: event.text }, out);
        return;
      case 'reasoning-delta':
        if (event.text !== '') this.part(choice, { text: event.text, thought: true }, out);
        return;
      case 'tool-call-start':
      case 'tool-call-delta':
      case 'tool-call-end':
        for (const call of this.candidate(choice).calls.take(event)) this.call(choice, call, out);
        return;
      case 'finish-reason':
        this.candidate(choice).finish ??= event;
        return;
      case 'usage':
        this.usage = event;
        return;
      case 'provider-event':
        this.provider(choice, event.name, event.data, out);
        return;
      case 'round-end':
        this.end(event.reason, event.usage, out);
        return;
      default:
    }
  }

  /** The head is long gone with status 200, so the error goes into the stream, in Google's form, and the stream ends. */
  fail(error: unknown, out: Output<Frame>): unknown {
    const { message, code: word, status, retryable } = writtenError(error);
    const code = status ?? (retryable ? 503 : 400);
    const written = { code, message, status: word && /^[A-Z_]+$/.test(word) ? word : statusWord(code) };
    if (!this.ended) out.enqueue({ data: JSON.stringify({ error: written }) });
    this.ended = true;
    out.terminate();
    return error;
  }

  private headOf(start: { readonly responseId?: string; readonly model?: string }): Fields {
    const { responseId = 'response-0', model = 'unknown' } = this.options;
    return { modelVersion: start.model ?? model, responseId: start.responseId ?? responseId };
  }

  private call(choice: number, { callId, name, argumentsText }: WholeCall, out: Output<Frame>): void {
    const args = parsedArguments(asFunctionArguments(argumentsText));
    const { signatures, signature } = this.candidate(choice);
    const signed = signatures.get(callId);
    if (args === undefined) this.candidate(choice).malformed ??= name;
    // What waits for its text is not the call's.
    else if (signature !== undefined) this.part(choice, EMPTY, out);
    if (args !== undefined)
      this.part(choice, { functionCall: { id: callId, name, args }, ...(signed && { thoughtSignature: signed }) }, out);
  }

  /** What came in these words goes out in them. */
  private provider(choice: number, name: string, data: Json, out: Output<Frame>): void {
    if (name === 'thoughtSignature') this.sign(choice, data, out);
    else if (PARTS.has(name)) this.part(choice, { [name]: data }, out);
    else if (OF_CANDIDATE.has(name)) this.write({ candidates: [{ index: choice, [name]: data }] }, out);
    else if (name === 'promptFeedback') this.write({ promptFeedback: data }, out);
  }

  private sign(choice: number, data: Json, out: Output<Frame>): void {
    if (!isRecord(data) || typeof data.thoughtSignature !== 'string') return;
    const candidate = this.candidate(choice);
    if (typeof data.callId === 'string') candidate.signatures.set(data.callId, data.thoughtSignature);
    else {
      if (candidate.signature !== undefined) this.part(choice, EMPTY, out);
      candidate.signature = data.thoughtSignature;
      if (data.on === 'nothing') this.part(choice, EMPTY, out);
    }
  }

  private end(reason: FinishReason, total: Usage | undefined, out: Output<Frame>): void {
    this.candidate(0).finish ??= { reason, raw: '' };
    const candidates: Json[] = [];
    for (const [index, { calls, finish }] of this.candidates) {
      for (const call of calls.rest()) this.call(index, call, out);
      if (this.candidate(index).signature !== undefined) this.part(index, EMPTY, out);
      // Some servers say no reason for a choice. Here it would be a cut.
      candidates.push(this.finished(index, finish ?? { reason: 'stop', raw: '' }));
    }
    const usage = total ?? this.usage?.usage;
    this.write({ candidates, ...(usage && { usageMetadata: writtenUsage(usage, this.usage?.raw) }) }, out);
    this.ended = true;
  }

  private finished(index: number, { reason, raw }: { readonly reason: FinishReason; readonly raw: string }): Json {
    const { malformed } = this.candidate(index);
    const content = { parts: [{ text: '' }], role: 'model' };
    if (malformed === undefined || (reason !== 'tool-calls' && reason !== 'stop')) {
      return { content, finishReason: finishWord(reason, raw), index };
    }
    const finishMessage = `The arguments of the call of ${JSON.stringify(malformed)} are no JSON object.`;
    return { content, finishReason: 'MALFORMED_FUNCTION_CALL', index, finishMessage };
  }

  private part(choice: number, part: Fields, out: Output<Frame>): void {
    const candidate = this.candidate(choice);
    const { signature } = candidate;
    candidate.signature = undefined;
    const signed = signature === undefined ? part : { ...part, thoughtSignature: signature };
    this.write({ candidates: [{ content: { parts: [signed], role: 'model' }, index: choice }] }, out);
  }

  private write(rest: Fields, out: Output<Frame>): void {
    out.enqueue({ data: JSON.stringify({ ...rest, ...this.head }) });
  }

  private candidate(index: number): Candidate {
    let known = this.candidates.get(index);
    if (!known) {
      known = { calls: new WholeCalls(), finish: undefined, signatures: new Map(), signature: undefined, malformed: undefined };
      this.candidates.set(index, known);
    }
    return known;
  }
}
