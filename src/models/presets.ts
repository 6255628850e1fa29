import { openAiChat } from '../dialects/openai-chat.ts';
import type { Endpoint } from './endpoint.ts';
import type { HttpModelOptions } from './http-model.ts';

/** What a preset leaves open: the model, mostly the key, and anything of an {@link Endpoint} that shall differ. */
export type PresetOptions = Pick<Endpoint, 'model'> & Partial<Endpoint>;

/**
 * Endpoints of known providers: `httpModel(presets.deepSeek({ model: 'deepseek-chat', apiKey }))`. Everything a preset sets can be
 * overridden; what speaks the OpenAI dialect and is not listed is reached with `presets.compatible`.
 *
 * @example
 * ```ts
 * import { httpRequest, presets } from 'toolstream';
 *
 * const endpoint = presets.groq({ model: 'llama-3.3-70b-versatile', apiKey: () => 'gsk_…' });
 * console.log(httpRequest(endpoint, { messages: [] }).url); // https://api.groq.com/openai/v1/chat/completions
 * ```
 */
export const presets = {
  /**
   * OpenAI. Its reasoning models refuse `max_tokens`; all of its models take the newer name. Tools of plain text are custom tools.
   *
   * @see https://platform.openai.com/docs/api-reference/chat/create
   */
  openAi: (options: PresetOptions): Endpoint => ({
    ...at('https://api.openai.com/v1'),
    maxTokensField: 'max_completion_tokens',
    customTools: true,
    ...options,
  }),

  /**
   * HolySheep, many models behind one key.
   *
   * @see https://www.holysheep.ai
   */
  holySheep: (options: PresetOptions): Endpoint => ({ ...at('https://api.holysheep.ai/v1'), ...options }),

  /**
   * DeepSeek.
   *
   * @see https://api-docs.deepseek.com
   */
  deepSeek: (options: PresetOptions): Endpoint => ({ ...at('https://api.deepseek.com'), ...options }),

  /**
   * OpenRouter, many providers behind one key. `headers: { 'http-referer': …, 'x-title': … }` names your application there.
   *
   * @see https://openrouter.ai/docs/api-reference/overview
   */
  openRouter: (options: PresetOptions): Endpoint => ({ ...at('https://openrouter.ai/api/v1'), ...options }),

  /**
   * Groq.
   *
   * @see https://console.groq.com/docs/openai
   */
  groq: (options: PresetOptions): Endpoint => ({ ...at('https://api.groq.com/openai/v1'), ...options }),

  /**
   * Mistral. It refuses fields it does not know, counts tokens unasked, and calls the seed `random_seed`.
   *
   * @see https://docs.mistral.ai/api/endpoint/chat
   */
  mistral: (options: PresetOptions): Endpoint => ({
    ...at('https://api.mistral.ai/v1'),
    streamUsage: false,
    adaptBody: ({ seed, ...body }) => (seed === undefined ? body : { ...body, random_seed: seed }),
    ...options,
  }),

  /**
   * Ollama's OpenAI-compatible endpoint on this machine; no key. The response's head comes when the model is loaded, which for a large one
   * takes minutes.
   *
   * @see https://docs.ollama.com/api/openai-compatibility
   */
  ollama: (options: PresetOptions): Endpoint & Pick<HttpModelOptions, 'timeouts'> => ({
    ...at('http://localhost:11434/v1'),
    timeouts: { connectMs: 300_000, firstEventMs: 300_000 },
    ...options,
  }),

  /** Anything else that speaks the OpenAI dialect: vLLM, LM Studio, llama.cpp, LiteLLM, a gateway of your own. */
  compatible: (options: PresetOptions & Pick<Endpoint, 'url'>): Endpoint => ({ ...at(options.url), ...options }),
} as const;

function at(url: string) {
  return { dialect: openAiChat, url };
}
