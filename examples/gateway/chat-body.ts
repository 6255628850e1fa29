import { z } from 'zod';

export const texts = z.union([z.string(), z.array(z.object({ type: z.literal('text'), text: z.string() }))]);
export const parts = z.array(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }) }),
  ]),
);
const called = z.looseObject({ name: z.string(), arguments: z.string() });
export const declared = z.object({
  name: z.string(),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

/** A tool whose input is plain text. */
export const custom = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  description: z.string().optional(),
  format: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('text') }),
      z.object({ type: z.literal('grammar'), grammar: z.object({ syntax: z.enum(['lark', 'regex']), definition: z.string() }) }),
    ])
    .optional(),
});
const call = z.discriminatedUnion('type', [
  z.looseObject({ id: z.string(), type: z.literal('function'), function: called }),
  z.looseObject({ id: z.string(), type: z.literal('custom'), custom: z.looseObject({ name: z.string(), input: z.string() }) }),
]);
const tool = z.discriminatedUnion('type', [
  z.object({ type: z.literal('function'), function: declared }),
  z.object({ type: z.literal('custom'), custom }),
]);

/** Servers add fields to the assistant's messages, and want them back. */
export const assistantMessage = z.looseObject({
  role: z.literal('assistant'),
  content: texts.nullish(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  tool_calls: z.array(call).nullish(),
  function_call: called.nullish(),
});

export const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: texts }),
  z.object({ role: z.literal('user'), content: z.union([z.string(), parts]) }),
  assistantMessage,
  z.object({ role: z.literal('tool'), tool_call_id: z.string(), content: texts }),
  z.object({ role: z.literal('function'), name: z.string(), content: z.string().nullable() }),
]);

const choice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }).transform((of) => ({ name: of.function.name })),
  z.object({ type: z.literal('custom'), custom: z.object({ name: z.string() }) }).transform((of) => ({ name: of.custom.name })),
]);

/** The body of a chat request. */
export const body = z.looseObject({
  model: z.string(),
  messages: z.array(message),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: choice.nullish(),
  functions: z.array(declared).nullish(),
  function_call: z.union([z.enum(['auto', 'none']), z.object({ name: z.string() })]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  max_tokens: z.number().nullish(),
  max_completion_tokens: z.number().nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  seed: z.number().nullish(),
  n: z.number().nullish(),
});
