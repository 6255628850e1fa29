import { asFunctionArguments } from '../calls/text-input.ts';
import { excerptOf } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import type { AssistantMessage, ContentPart, Message, ModelRequest, ToolMessage } from '../messages.ts';
import { isRecord, type Json } from '../values.ts';
import { dataUrlOf } from './data-url.ts';
import type { EncodedRequest, EncodeOptions } from './dialect.ts';
import { argumentsObject } from './gemini-message.ts';

type Fields = { [key: string]: unknown };

/** Models that refuse a call without a thought signature in the turn at hand. */
const WANTS_SIGNATURES = /(^|\/)gemini-([3-9]|\d\d)/;
/** What stands for one in a call that another model made. */
const FOREIGN_SIGNATURE = 'skip_thought_signature_validator';

/** Writes a neutral request as the body of `POST /models/{model}:streamGenerateContent?alt=sse`. */
export function encodeGeminiRequest(request: ModelRequest, options: EncodeOptions): EncodedRequest {
  const { model } = options;
  const body: Fields = { contents: encodeContents(request.messages, WANTS_SIGNATURES.test(model)) };
  const system = request.messages.flatMap((message) =>
    message.role === 'system' && message.content !== '' ? [{ text: message.content }] : [],
  );
  if (system.length > 0) body.systemInstruction = { parts: system };
  addTools(body, request);
  const generationConfig = generationConfigOf(request);
  if (Object.keys(generationConfig).length > 0) body.generationConfig = generationConfig;
  // A name with a slash has its folder already: `tunedModels/…`, `publishers/google/models/…`.
  const name = pathOf(model.includes('/') ? model : `models/${model}`);
  return { path: `/${name}:streamGenerateContent?alt=sse`, headers: {}, body: withExtra(body, request.extra) };
}

/** A model's name is often what a user picked: it must not reach another path, nor add a query. */
function pathOf(name: string): string {
  const folders = name.split('/');
  if (folders.some((folder) => folder === '' || folder === '.' || folder === '..')) {
    throw new TypeError(`The model ${JSON.stringify(excerptOf(name, 80))} is no name of a model: give one like "gemini-2.5-flash".`);
  }
  return folders.map((folder) => encodeURIComponent(folder).replaceAll('%3A', ':').replaceAll('%40', '@')).join('/');
}

function addTools(body: Fields, { tools, toolChoice }: ModelRequest): void {
  if (!tools || tools.length === 0) return;
  const functionDeclarations = tools.map(({ name, description, inputSchema }) => ({
    name,
    ...(description && { description }),
    parametersJsonSchema: inputSchema,
  }));
  body.tools = [{ functionDeclarations }];
  if (toolChoice === undefined) return;
  const functionCallingConfig =
    typeof toolChoice === 'object' ? { mode: 'ANY', allowedFunctionNames: [toolChoice.name] } : { mode: MODES[toolChoice] };
  body.toolConfig = { functionCallingConfig };
}

const MODES = { auto: 'AUTO', none: 'NONE', required: 'ANY' } as const;

function generationConfigOf(request: ModelRequest): Fields {
  const config: Fields = {};
  const set = (key: string, value: unknown) => {
    if (value !== undefined) config[key] = value;
  };
  set('maxOutputTokens', request.maxOutputTokens);
  set('temperature', request.temperature);
  set('topP', request.topP);
  set('stopSequences', request.stop);
  set('seed', request.seed);
  set('candidateCount', request.choices);
  return config;
}

/** `generationConfig` and `toolConfig` are joined with what is there, and `tools` added to it; the rest replaces. */
function withExtra(body: Fields, extra: ModelRequest['extra'] = {}): Fields {
  const merged: Fields = { ...body, ...extra };
  for (const key of ['generationConfig', 'toolConfig']) {
    if (isRecord(body[key]) && isRecord(extra[key])) merged[key] = { ...body[key], ...extra[key] };
  }
  if (Array.isArray(body.tools) && Array.isArray(extra.tools)) merged.tools = [...body.tools, ...extra.tools];
  return merged;
}

function encodeContents(messages: readonly Message[], signed: boolean): unknown[] {
  const contents: Fields[] = [];
  /** The calls of the last assistant's message, in order: the position of a result, and the id the server knows. */
  let calls: ReadonlyMap<string, { readonly position: number; readonly id: string | undefined }> = new Map();
  let results: ToolMessage[] = [];
  const answer = () => {
    if (results.length === 0) return;
    const place = ({ toolCallId }: ToolMessage) => calls.get(toolCallId)?.position ?? results.length;
    const parts = [...results].sort((a, b) => place(a) - place(b)).map((result) => encodeResult(result, calls.get(result.toolCallId)));
    contents.push({ role: 'user', parts });
    results = [];
  };
  for (const message of messages) {
    if (message.role === 'tool') {
      results.push(message);
      continue;
    }
    answer();
    // Contents without parts are refused, and so is an empty text.
    const said = message.role === 'user' ? encodeParts(message.content) : [];
    if (said.length > 0) contents.push({ role: 'user', parts: said });
    if (message.role !== 'assistant') continue;
    const native = nativeParts(message);
    const parts = native ?? encodeAssistant(message);
    if (parts.length > 0) contents.push({ role: 'model', parts: signed ? withSignature(parts) : parts });
    const sent = native?.filter(isCall).map((part) => (isRecord(part.functionCall) ? part.functionCall.id : undefined));
    const idOf = (id: string, i: number) => (sent ? (typeof sent[i] === 'string' ? sent[i] : undefined) : id);
    calls = new Map(message.toolCalls?.map(({ id }, i) => [id, { position: i, id: idOf(id, i) }]));
  }
  answer();
  return contents;
}

function encodeParts(content: string | readonly ContentPart[]): unknown[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }];
  const parts = content.filter((part) => part.type !== 'text' || part.text !== '');
  return parts.map((part) => (part.type === 'text' ? { text: part.text } : encodeImage(part.url)));
}

function encodeImage(url: string): unknown {
  const given = dataUrlOf(url);
  if (given === undefined) {
    const type = IMAGE_TYPES[/\.(\w+)(?:[?#]|$)/.exec(url)?.[1]?.toLowerCase() ?? ''];
    return { fileData: { ...(type && { mimeType: type }), fileUri: url } };
  }
  const { mediaType, isBase64, data } = given;
  return { inlineData: { mimeType: mediaType || 'text/plain', data: isBase64 ? data : base64Of(decodeURIComponent(data)) } };
}

const IMAGE_TYPES: { readonly [extension: string]: string } = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
};

function base64Of(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}

function encodeAssistant({ content, refusal = '', toolCalls = [] }: AssistantMessage): Fields[] {
  const calls = toolCalls.map(({ id, name, argumentsText }) => ({
    functionCall: { id, name, args: argumentsObject(asFunctionArguments(argumentsText)) },
  }));
  const text = content || refusal;
  return [...(text === '' ? [] : [{ text }]), ...calls];
}

/** The first call of a turn carries the signature. */
function withSignature(parts: readonly Fields[]): Fields[] {
  const first = parts.findIndex(isCall);
  return parts.map((part, i) => (i === first && !part.thoughtSignature ? { ...part, thoughtSignature: FOREIGN_SIGNATURE } : part));
}

function encodeResult({ name, content, isError }: ToolMessage, call: { readonly id: string | undefined } | undefined): unknown {
  const response = { [isError ? 'error' : 'output']: structured(content) };
  return { functionResponse: { ...(call?.id !== undefined && { id: call.id }), name, response } };
}

/** Objects and lists go as such. */
function structured(content: string): Json {
  if (!/^\s*[{[]/.test(content)) return content;
  try {
    return parseJson(content) as Json;
  } catch {
    return content;
  }
}

/** The server's own parts, if there are any, with as many calls as the message has. */
function nativeParts({ native, toolCalls = [] }: AssistantMessage): Fields[] | undefined {
  if (native?.dialect !== 'gemini' || !isRecord(native.message) || !Array.isArray(native.message.parts)) return undefined;
  const parts = (native.message.parts as unknown[]).filter(isRecord) as Fields[];
  return parts.length > 0 && parts.filter(isCall).length === toolCalls.length ? parts : undefined;
}

function isCall(part: Fields): boolean {
  return isRecord(part.functionCall);
}
