/** The names that enrichment writes. They are public: dashboards, alerts and SQL rest on them. */
export const OWN = {
  llmCall: "llm_call",
  errorCategory: "error_category",
  errorRetryable: "error_retryable",
  errorRetryAfterMs: "error_retry_after_ms",
  retryCount: "retry_count",
  retryReason: "retry_reason",
  retryWaitMs: "retry_wait_ms",
  retryOf: "retry_of",
  costUsd: "cost_usd",
  costInputUsd: "cost_input_usd",
  costCacheReadUsd: "cost_cache_read_usd",
  costCacheWriteUsd: "cost_cache_write_usd",
  costOutputUsd: "cost_output_usd",
  costWithoutCacheUsd: "cost_without_cache_usd",
  cacheSavingsUsd: "cache_savings_usd",
  cacheHitRatio: "cache_hit_ratio",
  costStatus: "cost_status",
  priceDate: "price_date",
  outputTokensPerSecond: "output_tokens_per_second",
} as const;

/**
 * The convention's names that every GenAI span carries after enrichment, whatever dialect it came in. A copy, because
 * everything under gen_ai is still in development (semantic-conventions-genai, client-inference.md) and the npm package
 * of the conventions has no cache_write.
 */
export const NORMALIZED = {
  provider: "gen_ai.provider.name",
  operation: "gen_ai.operation.name",
  requestModel: "gen_ai.request.model",
  responseModel: "gen_ai.response.model",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cacheReadTokens: "gen_ai.usage.cache_read.input_tokens",
  cacheWriteTokens: "gen_ai.usage.cache_write.input_tokens",
  reasoningTokens: "gen_ai.usage.reasoning.output_tokens",
  timeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  errorType: "error.type",
} as const;

export const OWN_KEYS: readonly string[] = Object.values(OWN);

/** Keys whose number is a double even when it is whole: most backends cannot sum a column that is int on one span and double on the next. */
export const DOUBLE_KEYS: ReadonlySet<string> = new Set([
  OWN.costUsd,
  OWN.costInputUsd,
  OWN.costCacheReadUsd,
  OWN.costCacheWriteUsd,
  OWN.costOutputUsd,
  OWN.costWithoutCacheUsd,
  OWN.cacheSavingsUsd,
  OWN.cacheHitRatio,
  OWN.outputTokensPerSecond,
  NORMALIZED.timeToFirstChunk,
]);
export const NORMALIZED_KEYS: readonly string[] = Object.values(NORMALIZED);
