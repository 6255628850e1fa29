/**
 * Everything one can put into a `pipe`.
 *
 * @module toolstream/operators
 */
export * from './accumulateToolCalls.ts';
export * from './answerState.ts';
export * from './collectAnswer.ts';
export * from './converse.ts';
export * from './decode.ts';
export * from './executeTools.ts';
export * from './extractReasoning.ts';
export * from './extractTextToolCalls.ts';
export * from './fromSse.ts';
export * from './measureLatency.ts';
export * from './parseJsonArray.ts';
export * from './parseNdjson.ts';
export * from './parseSse.ts';
export * from './partialArguments.ts';
export * from './resumeAfterTools.ts';
export * from './selectArgument.ts';
export * from './textOnly.ts';
export * from './throttleText.ts';
export * from './toSse.ts';
