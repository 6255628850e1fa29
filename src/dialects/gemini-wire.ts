import * as t from 'io-ts';
import { isRecord } from '../values.ts';
import { saysOnly } from './says-only.ts';
import type { Wire } from './wire.ts';
import { describeProblem, once, optional } from './wire-problem.ts';

const codecs = /* @__PURE__ */ once(() => {
  /** One field of arguments that are streamed; exactly one of the values, or none where it only ends a string. */
  const PartialArg = t.type({
    jsonPath: t.string,
    stringValue: optional(t.string),
    numberValue: optional(t.number),
    boolValue: optional(t.boolean),
    willContinue: optional(t.boolean),
  });

  const FunctionCall = t.type({
    id: optional(t.string),
    name: optional(t.string),
    args: optional(t.UnknownRecord),
    partialArgs: optional(t.array(PartialArg)),
    willContinue: optional(t.boolean),
  });

  const Part = t.type({ text: optional(t.string), thought: optional(t.boolean), functionCall: optional(FunctionCall) });

  const Candidate = t.type({
    index: optional(t.number),
    content: optional(t.type({ parts: optional(t.array(Part)) })),
    finishReason: optional(t.string),
  });

  /** A `GenerateContentResponse`, as far as it is read. */
  const GenerateContentResponse = t.type({
    candidates: optional(t.array(Candidate)),
    promptFeedback: optional(t.type({ blockReason: optional(t.string) })),
    usageMetadata: optional(t.UnknownRecord),
    modelVersion: optional(t.string),
    responseId: optional(t.string),
  });

  return { PartialArg, FunctionCall, Part, Candidate, GenerateContentResponse };
});

type Codecs = ReturnType<typeof codecs>;
export type GeminiResponse = t.TypeOf<Codecs['GenerateContentResponse']>;
export type GeminiCandidate = t.TypeOf<Codecs['Candidate']>;
export type GeminiPart = t.TypeOf<Codecs['Part']>;
export type GeminiFunctionCall = t.TypeOf<Codecs['FunctionCall']>;
export type GeminiPartialArg = t.TypeOf<Codecs['PartialArg']>;

/** Whether a payload is a response, at a glance. */
function looksLikeResponse(payload: unknown): payload is GeminiResponse {
  if (!isRecord(payload) || !isText(payload.modelVersion) || !isText(payload.responseId)) return false;
  const { candidates, promptFeedback, usageMetadata } = payload;
  if (!isAbsent(usageMetadata) && !isRecord(usageMetadata)) return false;
  if (!isAbsent(promptFeedback) && !(isRecord(promptFeedback) && isText(promptFeedback.blockReason))) return false;
  return isAbsent(candidates) || (Array.isArray(candidates) && candidates.every(looksLikeCandidate));
}

function looksLikeCandidate(candidate: unknown): boolean {
  if (!isRecord(candidate) || !isText(candidate.finishReason)) return false;
  const { index, content } = candidate;
  if (!isAbsent(index) && typeof index !== 'number') return false;
  if (isAbsent(content)) return true;
  return isRecord(content) && (isAbsent(content.parts) || (Array.isArray(content.parts) && content.parts.every(looksLikePart)));
}

function looksLikePart(part: unknown): boolean {
  if (!isRecord(part) || !isText(part.text) || !isFlag(part.thought)) return false;
  const { functionCall } = part;
  if (isAbsent(functionCall)) return true;
  if (!isRecord(functionCall) || !isText(functionCall.id) || !isText(functionCall.name) || !isFlag(functionCall.willContinue)) return false;
  const { args, partialArgs } = functionCall;
  return (isAbsent(args) || isRecord(args)) && (isAbsent(partialArgs) || (Array.isArray(partialArgs) && partialArgs.every(looksLikeArg)));
}

function looksLikeArg(arg: unknown): boolean {
  if (!isRecord(arg) || typeof arg.jsonPath !== 'string' || !isFlag(arg.boolValue) || !isFlag(arg.willContinue)) return false;
  return isText(arg.stringValue) && (isAbsent(arg.numberValue) || typeof arg.numberValue === 'number');
}

const PLAIN_RESPONSE = new Set(['candidates', 'usageMetadata', 'modelVersion', 'responseId', 'createTime']);
const PLAIN_CANDIDATE = new Set(['index', 'content', 'finishReason']);
const PLAIN_CONTENT = new Set(['role', 'parts']);
const PLAIN_PART = new Set(['text', 'thought']);

/** Whether a response says pieces of the text or of thoughts, token counts, and nothing else. */
function isPlainResponse(response: GeminiResponse): boolean {
  return saysOnly(response, PLAIN_RESPONSE) && (response.candidates?.every(isPlainCandidate) ?? false);
}

function isPlainCandidate(candidate: GeminiCandidate): boolean {
  const { content } = candidate;
  if (!content?.parts || !saysOnly(candidate, PLAIN_CANDIDATE) || !saysOnly(content, PLAIN_CONTENT)) return false;
  return content.parts.every((part) => typeof part.text === 'string' && saysOnly(part, PLAIN_PART));
}

/** Whether a response says text of each candidate, whatever else it has: some servers rate each piece. */
function isDeltaResponse(response: GeminiResponse & { readonly error?: unknown }): boolean {
  const { candidates, error, promptFeedback } = response;
  if (!candidates || candidates.length === 0 || !isAbsent(error) || !isAbsent(promptFeedback)) return false;
  return candidates.every(saysText);
}

function saysText({ content }: GeminiCandidate): boolean {
  return content?.parts?.every((part) => typeof part.text === 'string' && saysOnly(part, PLAIN_PART)) ?? false;
}

export const geminiWire: Wire = {
  expected: 'GenerateContentResponse',
  isPlain: (payload) => isPlainResponse(payload as GeminiResponse),
  isDelta: (payload) => isDeltaResponse(payload as GeminiResponse),
  problem: (payload) => (looksLikeResponse(payload) ? undefined : describeProblem(codecs().GenerateContentResponse, payload)),
  // The stream is asked for in the URL: without `alt=sse` it is an array.
  describeDocument: (body) =>
    Array.isArray(body) ? 'a JSON document and no event stream: read it with `parseJsonArray()`' : 'one JSON document',
};

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isText(value: unknown): boolean {
  return isAbsent(value) || typeof value === 'string';
}

function isFlag(value: unknown): boolean {
  return isAbsent(value) || typeof value === 'boolean';
}
