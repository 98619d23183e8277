import { quotedSchema, timesOf, type Queryable, type TimeRange } from "./time-range.ts";

/** Counts and sums of one provider's model. Ratios are the reader's: what it divides by decides what they mean. */
export interface ModelEconomics {
  readonly provider: string;
  readonly model: string;
  readonly calls: number;
  readonly failed: number;
  /** Calls with a price, and the completed ones among them. */
  readonly pricedCalls: number;
  readonly pricedSuccesses: number;
  /** Calls with usage whose price is not known. */
  readonly unpricedCalls: number;
  readonly costUsd: number;
  /** Of the priced calls. */
  readonly pricedOutputTokens: number;
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly savingsUsd: number;
  readonly costWithoutCacheUsd: number;
  readonly operations: number;
  /** Operations whose first attempt failed. */
  readonly firstFailed: number;
  readonly retried: number;
  readonly retries: number;
  readonly repeats: number;
  readonly retryWaitMs: number;
  /** Operations that met a rate limit: calls that failed by it, and calls that went on after it. */
  readonly rateLimited: number;
  /** Calls that failed by it. */
  readonly rateLimitFailed: number;
}

export const modelEconomicsSql = (schema: string): string => `
select model_provider as provider, model,
  sum(calls)::float8 as calls,
  sum(failed)::float8 as failed,
  sum(priced_calls)::float8 as "pricedCalls",
  coalesce(sum(priced_calls) filter (where status = 'completed'), 0)::float8 as "pricedSuccesses",
  coalesce(sum(calls) filter (where cost_status in ('unknown_model', 'unknown_provider', 'unknown_tier', 'invalid_usage')), 0)::float8 as "unpricedCalls",
  sum(cost_usd) as "costUsd",
  coalesce(sum(output_tokens) filter (where cost_status in ('priced', 'ambiguous_usage')), 0)::float8 as "pricedOutputTokens",
  sum(input_tokens)::float8 as "inputTokens",
  sum(cache_read_input_tokens)::float8 as "cacheReadTokens",
  sum(cache_creation_input_tokens)::float8 as "cacheWriteTokens",
  sum(cache_savings_usd) as "savingsUsd",
  sum(cost_without_cache_usd) as "costWithoutCacheUsd",
  sum(calls - repeats)::float8 as operations,
  sum(first_failed)::float8 as "firstFailed",
  sum(retried)::float8 as retried,
  sum(retries)::float8 as retries,
  sum(repeats)::float8 as repeats,
  sum(retry_wait_ms) as "retryWaitMs",
  -- A call with retry_of has its rate limit counted with the call that it repeats.
  coalesce(sum(case when error_category = 'rate_limit' then calls when retry_reason = 'rate_limit' then calls - repeats end), 0)::float8 as "rateLimited",
  coalesce(sum(failed) filter (where error_category = 'rate_limit'), 0)::float8 as "rateLimitFailed"
from ${schema}.calls($1, $2)
group by 1, 2
having sum(calls) > 0
order by sum(calls) desc, 1, 2`;

/** One row per provider and model that was called. */
export async function modelEconomics(db: Queryable, range: TimeRange): Promise<ModelEconomics[]> {
  return (await db.query<ModelEconomics>(modelEconomicsSql(quotedSchema(range)), timesOf(range))).rows;
}
