import type { CountedRow, Money } from "../sinks/postgres-row.ts";

/**
 * What one call adds to the sums of its minute: a number for each column of rollup_minute, by its place. As a list, so that a
 * batch adds calls up without an object for any.
 */
export const CALL_SUM = {
  calls: 0,
  retried: 1,
  retries: 2,
  repeats: 3,
  first_failed: 4,
  retryable: 5,
  error_retry_after_ms: 6,
  retry_wait_ms: 7,
  duration_ms: 8,
  ttft_ms: 9,
  ttft_calls: 10,
  output_tokens_per_second: 11,
  output_rate_calls: 12,
  cached_calls: 13,
  input_tokens: 14,
  output_tokens: 15,
  cache_read_input_tokens: 16,
  cache_creation_input_tokens: 17,
  reasoning_tokens: 18,
  cost_usd: 19,
  cost_input_usd: 20,
  cost_cache_read_usd: 21,
  cost_cache_write_usd: 22,
  cost_output_usd: 23,
  cost_without_cache_usd: 24,
  cache_savings_usd: 25,
  /** Of the retried: calls with one retry, two, and more. */
  retried_once: 26,
  retried_twice: 27,
  retried_more: 28,
} as const;

export const CALL_SUM_COLUMNS: readonly string[] = Object.keys(CALL_SUM);
export const CALL_SUMS = CALL_SUM_COLUMNS.length;
/** Behind the sums: 1 for a call that failed. */
export const CALL_FAILED = CALL_SUMS;
/** Numbers of a call. */
export const CALL_STRIDE = CALL_SUMS + 1;

/** Writes a call's numbers into `out`, from `at` on. */
export function writeCallSums(row: CountedRow, out: Float64Array, at: number): void {
  out.fill(0, at, at + CALL_STRIDE);
  const retries = row.retryCount ?? 0;
  out[at + CALL_SUM.calls] = 1;
  if (retries > 0) writeRetries(retries, out, at);
  if (row.retryOf !== null) out[at + CALL_SUM.repeats] = 1;
  else if (row.failed || retries > 0) out[at + CALL_SUM.first_failed] = 1;
  if (row.errorRetryable === true) out[at + CALL_SUM.retryable] = 1;
  out[at + CALL_SUM.error_retry_after_ms] = row.errorRetryAfterMs ?? 0;
  out[at + CALL_SUM.retry_wait_ms] = row.retryWaitMs ?? 0;
  out[at + CALL_SUM.duration_ms] = row.durationMs;
  writeSpeed(row, out, at);
  writeTokens(row, out, at);
  if (row.money !== null) writeMoney(row.money, out, at);
  out[at + CALL_FAILED] = row.failed ? 1 : 0;
}

function writeRetries(retries: number, out: Float64Array, at: number): void {
  out[at + CALL_SUM.retried] = 1;
  out[at + CALL_SUM.retries] = retries;
  const times = retries === 1 ? CALL_SUM.retried_once : retries === 2 ? CALL_SUM.retried_twice : CALL_SUM.retried_more;
  out[at + times] = 1;
}

function writeSpeed({ ttftMs, outputTokensPerSecond }: CountedRow, out: Float64Array, at: number): void {
  if (ttftMs !== null) {
    out[at + CALL_SUM.ttft_calls] = 1;
    out[at + CALL_SUM.ttft_ms] = ttftMs;
  }
  if (outputTokensPerSecond !== null) {
    out[at + CALL_SUM.output_rate_calls] = 1;
    out[at + CALL_SUM.output_tokens_per_second] = outputTokensPerSecond;
  }
}

function writeTokens(row: CountedRow, out: Float64Array, at: number): void {
  const cacheRead = row.cacheReadTokens ?? 0;
  if (cacheRead > 0) out[at + CALL_SUM.cached_calls] = 1;
  out[at + CALL_SUM.input_tokens] = row.inputTokens ?? 0;
  out[at + CALL_SUM.output_tokens] = row.outputTokens ?? 0;
  out[at + CALL_SUM.cache_read_input_tokens] = cacheRead;
  out[at + CALL_SUM.cache_creation_input_tokens] = row.cacheWriteTokens ?? 0;
  out[at + CALL_SUM.reasoning_tokens] = row.reasoningTokens ?? 0;
}

function writeMoney(money: Money, out: Float64Array, at: number): void {
  out[at + CALL_SUM.cost_usd] = money.cost ?? 0;
  out[at + CALL_SUM.cost_input_usd] = money.input ?? 0;
  out[at + CALL_SUM.cost_cache_read_usd] = money.cacheRead ?? 0;
  out[at + CALL_SUM.cost_cache_write_usd] = money.cacheWrite ?? 0;
  out[at + CALL_SUM.cost_output_usd] = money.output ?? 0;
  out[at + CALL_SUM.cost_without_cache_usd] = money.withoutCache ?? 0;
  out[at + CALL_SUM.cache_savings_usd] = money.savings ?? 0;
}
