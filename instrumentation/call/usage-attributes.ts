import type { Attributes } from "@opentelemetry/api";
import { readProviderUsage } from "../../processor/core/usage-provider.ts";
import type { Answerer } from "../../processor/core/usage-provider.ts";
import type { Json } from "../wire/answer.ts";

/**
 * A provider's `usage` in the words of the convention: input with everything cached, output with reasoning. A part that the
 * provider does not speak of is left out, never made 0; counts that cannot be are left out altogether.
 */
export function usageAttributes(usage: Json | undefined, who: Answerer): Attributes {
  const billed = usage === undefined ? null : readProviderUsage(usage, who);
  if (billed === null) return {};
  const cacheWrite = billed.cacheWrite5m + billed.cacheWrite1h;
  const input = billed.uncachedInput + billed.cacheRead + cacheWrite;
  if (!Number.isFinite(input + billed.output)) return {};
  const stated = JSON.stringify(usage);
  const split = billed.cacheWrite1h > 0 || SPLIT.test(stated);
  return {
    "gen_ai.usage.input_tokens": input,
    "gen_ai.usage.output_tokens": billed.output,
    ...(billed.cacheRead > 0 || CACHE_READ.test(stated) ? { "gen_ai.usage.cache_read.input_tokens": billed.cacheRead } : {}),
    ...(cacheWrite > 0 || CACHE_WRITE.test(stated) ? { "gen_ai.usage.cache_write.input_tokens": cacheWrite } : {}),
    ...(billed.reasoning === null ? {} : { "gen_ai.usage.reasoning.output_tokens": billed.reasoning }),
    ...(split ? { "anthropic.usage.cache_creation.ephemeral_5m_input_tokens": billed.cacheWrite5m } : {}),
    ...(split ? { "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": billed.cacheWrite1h } : {}),
  };
}

/** Names by which providers speak of the cache. */
const CACHE_READ = /"[a-zA-Z_]*(?:cached|cache_read|cacheRead|cache_hit)[a-zA-Z_]*":\d/;
const CACHE_WRITE = /"[a-zA-Z_]*(?:cache_write|cacheWrite|cache_creation)[a-zA-Z_]*":\d/;
const SPLIT = /"ephemeral_1h_input_tokens":\d/;
