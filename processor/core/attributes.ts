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
  httpStatus: "http.response.status_code",
} as const;

export type OwnKey = (typeof OWN)[keyof typeof OWN];
export type NormalizedKey = (typeof NORMALIZED)[keyof typeof NORMALIZED];

/** What a reader of a span needs to know of an attribute. */
export interface AttributeMeaning {
  readonly type: "bool" | "int" | "double" | "string";
  /** Spans that carry it, in words; it is absent elsewhere and where its value is unknown. */
  readonly on: string;
  readonly meaning: string;
}

const EVERY = "every GenAI span";
const FAILED = "failed GenAI spans";
const CALLS = "model calls";
const RETRIED = "model calls with `retry_count` above 0";
const PRICED = "priced model calls";

export const OWN_MEANINGS: Readonly<Record<OwnKey, AttributeMeaning>> = {
  llm_call: {
    type: "bool",
    on: EVERY,
    meaning:
      "true: one call to a model, counted in every total. false: an agent, tool or workflow, or a second span for a call that another span stands for",
  },
  error_category: {
    type: "string",
    on: FAILED,
    meaning: "rate_limit, quota_exceeded, model_overloaded, timeout, network_error, api_error, auth, validation, unknown",
  },
  error_retryable: { type: "bool", on: FAILED, meaning: "the same request has a fair chance within the stated wait, or within minutes" },
  error_retry_after_ms: { type: "int", on: FAILED, meaning: "the wait that the provider stated, else the suggestion for the category" },
  retry_count: {
    type: "int",
    on: "model calls with evidence of their attempts",
    meaning: "failed attempts of the same operation before this span's outcome; 0 is measured, absent is unknown",
  },
  retry_reason: { type: "string", on: RETRIED, meaning: "error category of the first failed attempt" },
  retry_wait_ms: { type: "int", on: RETRIED, meaning: "time between the attempts, which is not the provider's latency" },
  retry_of: {
    type: "string",
    on: "retries that are spans of their own",
    meaning: "span id of the failed call that it repeats. Operations = calls without `retry_of`",
  },
  cost_usd: { type: "double", on: PRICED, meaning: "what the call cost" },
  cost_input_usd: { type: "double", on: PRICED, meaning: "its part for input that was not cached" },
  cost_cache_read_usd: { type: "double", on: PRICED, meaning: "its part for input read from the cache" },
  cost_cache_write_usd: { type: "double", on: PRICED, meaning: "its part for input written to the cache" },
  cost_output_usd: { type: "double", on: PRICED, meaning: "its part for output, reasoning included" },
  cost_without_cache_usd: { type: "double", on: PRICED, meaning: "what the same tokens would have cost without prompt caching" },
  cache_savings_usd: {
    type: "double",
    on: PRICED,
    meaning: "`cost_without_cache_usd` - `cost_usd`: net of the price of writing, may be negative",
  },
  cache_hit_ratio: { type: "double", on: "model calls with input", meaning: "input tokens read from the cache / all input tokens" },
  cost_status: {
    type: "string",
    on: "model calls that went well or used tokens",
    meaning:
      "priced, ambiguous_usage (priced, the reading of the tokens is uncertain), unknown_model, unknown_provider, unknown_tier, invalid_usage, no_usage",
  },
  price_date: { type: "string", on: PRICED, meaning: "date of the price data" },
  output_tokens_per_second: {
    type: "double",
    on: "model calls that went well, with output",
    meaning: "output tokens / generation time: from the first token where it is known, else from the request that was answered",
  },
};

export const NORMALIZED_MEANINGS: Readonly<Record<NormalizedKey, AttributeMeaning>> = {
  "gen_ai.provider.name": { type: "string", on: EVERY, meaning: "who serves the model, by the convention's name" },
  "gen_ai.operation.name": {
    type: "string",
    on: EVERY,
    meaning: "chat, generate_content, text_completion, embeddings; invoke_agent, execute_tool, ...",
  },
  "gen_ai.request.model": { type: "string", on: CALLS, meaning: "the model that was asked for" },
  "gen_ai.response.model": { type: "string", on: CALLS, meaning: "the model that answered" },
  "gen_ai.usage.input_tokens": { type: "int", on: "spans with usage", meaning: "all input, cached tokens included" },
  "gen_ai.usage.output_tokens": { type: "int", on: "spans with usage", meaning: "all output, reasoning included" },
  "gen_ai.usage.cache_read.input_tokens": {
    type: "int",
    on: "spans with usage",
    meaning: "part of the input that was read from the cache",
  },
  "gen_ai.usage.cache_write.input_tokens": {
    type: "int",
    on: "spans with usage",
    meaning: "part of the input that was written to the cache",
  },
  "gen_ai.usage.reasoning.output_tokens": { type: "int", on: "spans that tell it", meaning: "part of the output that was reasoning" },
  "gen_ai.response.time_to_first_chunk": { type: "double", on: "streams", meaning: "seconds from the request to the first chunk" },
  "error.type": { type: "string", on: FAILED, meaning: "the emitter's own word, else the exception's class or the HTTP status" },
  "http.response.status_code": {
    type: "int",
    on: "model calls whose last request is known by a span of its own",
    meaning: "what the provider answered to it, also where the emitter rewrites the status",
  },
};

export const OWN_KEYS: readonly string[] = Object.values(OWN);
export const NORMALIZED_KEYS: readonly string[] = Object.values(NORMALIZED);

/** Keys whose number is a double even when it is whole: most backends cannot sum a column that is int on one span and double on the next. */
export const DOUBLE_KEYS: ReadonlySet<string> = new Set(
  Object.entries({ ...OWN_MEANINGS, ...NORMALIZED_MEANINGS }).flatMap(([key, { type }]) => (type === "double" ? [key] : [])),
);
