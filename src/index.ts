/**
 * The package's face: everything of the core.
 *
 * @module toolstream
 */
export * from '../operators/index.ts';
export { type AgentToolOptions, agentTool } from './agent-tool.ts';
export { type StreamAnswerOptions, streamAnswer } from './answer.ts';
export { type AccumulateToolCallsOptions, toolCallAccumulator } from './calls/accumulator.ts';
export * from './dialects/index.ts';
export * from './errors.ts';
export * from './events.ts';
export type { Frame } from './frame.ts';
export type { PullOptions } from './interop/event-queue.ts';
export { SSE_HEADERS, type ToSseOptions } from './interop/sse-out.ts';
export * from './interop/sse-response.ts';
export { toAsyncIterable } from './interop/to-async-iterable.ts';
export { toReadableStream } from './interop/to-readable-stream.ts';
export type { ArgumentDelta, ArgumentEnd, ArgumentEvent, ArgumentItem, ArgumentStart } from './json/argument-events.ts';
export { jsonArrayParser, type ParseJsonArrayOptions } from './json/array-items.ts';
export type { ArgumentsBounds } from './json/bounds.ts';
export type { JsonPath } from './json/field-reader.ts';
export type { JsonListener, JsonProblem } from './json/listener.ts';
export type { WithPartialArguments } from './json/partial-arguments.ts';
export { PartialJson } from './json/partial-json.ts';
export { JsonScanner, type JsonScannerOptions } from './json/scanner.ts';
export { costOf, type ModelPrice, type PriceTable } from './latency/cost.ts';
export { Histogram, type HistogramData } from './latency/histogram.ts';
export { type LatencyMeter, type LatencyMeterOptions, latencyMeter } from './latency/meter.ts';
export * from './latency/monitor.ts';
export * from './latency/report.ts';
export * from './latency/summary.ts';
export * from './latency/table.ts';
export type {
  AssistantMessage,
  ContentPart,
  Message,
  MessageToolCall,
  ModelRequest,
  PlainMessage,
  RequestInput,
  SystemMessage,
  TextFormat,
  ToolDeclaration,
  ToolMessage,
  UserMessage,
} from './messages.ts';
export { type Canary, canary } from './models/canary.ts';
export type {
  AnswerFellBack,
  AnswerRouted,
  CanaryDecision,
  CanaryRolledBack,
  CanarySide,
  PercentSet,
} from './models/canary-decision.ts';
export type { CanaryKey, CanaryOptions } from './models/canary-options.ts';
export type { RollbackRules } from './models/canary-watch.ts';
export { type Endpoint, type HttpRequest, httpRequest } from './models/endpoint.ts';
export { type FallbackOptions, fallback, type NamedModel } from './models/fallback.ts';
export { type FetchBytesOptions, fetchBytes } from './models/fetch-bytes.ts';
export type { Gate } from './models/gate.ts';
export { type HttpModelOptions, httpModel } from './models/http-model.ts';
export type { KeepAliveTimes } from './models/keep-alive.ts';
export type { Model } from './models/model.ts';
export { type PresetOptions, presets } from './models/presets.ts';
export type { Fetch, FetchBody, FetchResponse } from './models/redirects.ts';
export { resumeByLastEventId } from './models/resume-by-last-event-id.ts';
export type { RetryOptions } from './models/retry.ts';
export type { SocketEndpoint } from './models/socket-endpoint.ts';
export type { SocketEvent, SocketLike, SocketOptions, WebSocketClass } from './models/socket-like.ts';
export { type SocketModelOptions, socketModel } from './models/socket-model.ts';
export type { Timeouts } from './models/try-clock.ts';
export { type RetryPolicy, withRetry } from './models/with-retry.ts';
export { type WithTextToolCallsOptions, withTextToolCalls } from './models/with-text-tool-calls.ts';
export { isWorthAskingElsewhere } from './models/worth-asking-elsewhere.ts';
export { ndjsonParser, type ParseNdjsonOptions } from './ndjson/parser.ts';
export type { AnswerState, CallState, CallStatus } from './rounds/answer-state.ts';
export type { WithAnswer } from './rounds/answer-view.ts';
export type { ChatEvent, ChatInput, MessageRefused, TurnEnd, TurnStart } from './rounds/chat-events.ts';
export type { CollectedAnswer } from './rounds/collected-answer.ts';
export type { ParseSseOptions } from './sse/parser.ts';
export { sseParser } from './sse/parser.ts';
export { type Output, runStage, type Stage, toTransformStream } from './stage.ts';
export type { TextCallFormat } from './text/call-formats.ts';
export type { ExtractReasoningOptions } from './text/reasoning.ts';
export type { Tag } from './text/tag-splitter.ts';
export type { ExtractTextToolCallsOptions } from './text/text-calls.ts';
export type { CallableTool } from './text/tool-names.ts';
export { through } from './through.ts';
export { defineTool, type ToolDefinition } from './tools/define-tool.ts';
export type { HookAnswer } from './tools/hook-answer.ts';
export type { Codec } from './tools/io-ts-schema.ts';
export type { ArgumentIssue } from './tools/issues.ts';
export type { JsonSchemaType } from './tools/json-schema-type.ts';
export type { ExecuteToolsOptions } from './tools/options.ts';
export type { Approve, Repair } from './tools/prepare-call.ts';
export type { ArgumentsOf, StandardPathSegment, StandardResult, StandardSchema, ToolParameters } from './tools/schema.ts';
export * from './tools/tool.ts';
export { type JournalEntry, type MemoryJournal, memoryJournal, scopedJournal, type ToolJournal } from './tools/tool-journal.ts';
export { type ResultBounds, toolMessage } from './tools/tool-message.ts';
export * from './values.ts';
