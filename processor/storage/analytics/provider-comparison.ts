import { percent, quotedSchema, timesOf, type Queryable, type TimeRange } from "./time-range.ts";

/** Rates in percent, latencies in ms, money in USD. null: nobody knows, which is not 0. */
export interface ProviderComparison {
  readonly provider: string;
  readonly totalCalls: number;
  readonly successRate: number;
  readonly errorRate: number;
  /** Of completed calls, as on the dashboards: how long an error takes is with the error patterns. null: none completed. */
  readonly avgLatencyMs: number | null;
  readonly p95LatencyMs: number | null;
  /** Of streamed calls. */
  readonly avgTTFTMs: number | null;
  /** Output tokens per second, mean of the calls. */
  readonly avgThroughput: number | null;
  /** Of the calls that have a price. */
  readonly avgCostPerCall: number | null;
  readonly totalCost: number | null;
  readonly totalTokens: number;
  /** Cached tokens of all input tokens; null without input. */
  readonly cacheHitRate: number | null;
  /** Net of what writing the cache cost: may be negative. */
  readonly cacheSavings: number | null;
  /** Calls that came after at least one failed attempt. */
  readonly retryRate: number;
  readonly topErrors: readonly { readonly category: string; readonly count: number }[];
}

interface Row {
  readonly provider: string;
  readonly calls: number;
  readonly failed: number;
  readonly retried: number;
  readonly duration_ms: number | null;
  readonly ttft_ms: number | null;
  readonly throughput: number | null;
  readonly priced_calls: number;
  readonly cost: number;
  readonly savings: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read: number;
  readonly p95: number | null;
  readonly errors: readonly { readonly category: string; readonly count: number }[] | null;
}

/** Parameters: beginning and end of the range. Rollups only: it costs the same for a thousand calls and for ten million. */
export const providerComparisonSql = (schema: string): string => `
with sums as (
  select model_provider, error_category, sum(calls)::float8 as calls, sum(failed)::float8 as failed, sum(retried)::float8 as retried,
    sum(duration_ms) filter (where status = 'completed') as duration_ms, sum(ttft_ms) as ttft_ms, sum(ttft_calls) as ttft_calls,
    sum(output_tokens_per_second) as rate, sum(output_rate_calls) as rate_calls,
    sum(priced_calls)::float8 as priced_calls, sum(cost_usd) as cost, sum(cache_savings_usd) as savings,
    sum(input_tokens)::float8 as input_tokens, sum(output_tokens)::float8 as output_tokens, sum(cache_read_input_tokens)::float8 as cache_read
  from ${schema}.calls($1, $2)
  group by 1, 2
), quantiles as (
  select model_provider, ${schema}.histogram_quantile(${schema}.histogram_sum(counts), 0.95) as p95
  from ${schema}.histograms($1, $2)
  where measure = 'duration' and status = 'completed'
  group by 1
)
select s.model_provider as provider, sum(calls) as calls, sum(failed) as failed, sum(retried) as retried, sum(duration_ms) / nullif(sum(calls) - sum(failed), 0) as duration_ms,
  sum(ttft_ms) / nullif(sum(ttft_calls), 0)::float8 as ttft_ms, sum(rate) / nullif(sum(rate_calls), 0)::float8 as throughput,
  sum(priced_calls) as priced_calls, sum(cost) as cost, sum(savings) as savings,
  sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens, sum(cache_read) as cache_read, min(q.p95) as p95,
  json_agg(json_build_object('category', error_category, 'count', failed) order by failed desc, error_category) filter (where failed > 0) as errors
from sums s left join quantiles q using (model_provider)
group by 1
having sum(calls) > 0
order by sum(calls) desc, 1`;

/** GET /api/analytics/provider-comparison. */
export async function providerComparison(db: Queryable, range: TimeRange): Promise<{ comparison: ProviderComparison[] }> {
  const { rows } = await db.query<Row>(providerComparisonSql(quotedSchema(range)), timesOf(range));
  return { comparison: rows.map(comparisonOf) };
}

function comparisonOf(row: Row): ProviderComparison {
  const priced = row.priced_calls > 0;
  return {
    provider: row.provider,
    totalCalls: row.calls,
    successRate: percent(row.calls - row.failed, row.calls),
    errorRate: percent(row.failed, row.calls),
    avgLatencyMs: row.duration_ms,
    p95LatencyMs: row.p95,
    avgTTFTMs: row.ttft_ms,
    avgThroughput: row.throughput,
    avgCostPerCall: priced ? row.cost / row.priced_calls : null,
    totalCost: priced ? row.cost : null,
    totalTokens: row.input_tokens + row.output_tokens,
    cacheHitRate: row.input_tokens > 0 ? percent(row.cache_read, row.input_tokens) : null,
    cacheSavings: priced ? row.savings : null,
    retryRate: percent(row.retried, row.calls),
    topErrors: row.errors ?? [],
  };
}
