import type pg from "pg";
import { expect } from "vitest";

/** Sums of the rows as the rollups must have them, written anew here: SQL over llm_traces against what the gateway added up. */
const RECOUNT_SUMS = `
  count(*)::float8 as calls,
  count(*) filter (where retry_count > 0)::float8 as retried,
  coalesce(sum(retry_count), 0)::float8 as retries,
  count(*) filter (where retry_count = 1)::float8 as retried_once,
  count(*) filter (where retry_count = 2)::float8 as retried_twice,
  count(*) filter (where retry_count > 2)::float8 as retried_more,
  count(retry_of)::float8 as repeats,
  count(*) filter (where retry_of is null and (status = 'failed' or retry_count > 0))::float8 as first_failed,
  count(*) filter (where error_retryable)::float8 as retryable,
  coalesce(sum(error_retry_after_ms), 0) as error_retry_after_ms,
  coalesce(sum(retry_wait_ms), 0) as retry_wait_ms,
  sum(duration_ms) as duration_ms,
  coalesce(sum(ttft_ms), 0) as ttft_ms,
  count(ttft_ms)::float8 as ttft_calls,
  coalesce(sum(output_tokens_per_second), 0) as output_tokens_per_second,
  count(output_tokens_per_second)::float8 as output_rate_calls,
  count(*) filter (where cache_read_input_tokens > 0)::float8 as cached_calls,
  coalesce(sum(input_tokens), 0)::float8 as input_tokens,
  coalesce(sum(output_tokens), 0)::float8 as output_tokens,
  coalesce(sum(cache_read_input_tokens), 0)::float8 as cache_read_input_tokens,
  coalesce(sum(cache_creation_input_tokens), 0)::float8 as cache_creation_input_tokens,
  coalesce(sum(reasoning_tokens), 0)::float8 as reasoning_tokens,
  coalesce(sum(cost_usd), 0) as cost_usd,
  coalesce(sum(cost_input_usd), 0) as cost_input_usd,
  coalesce(sum(cost_cache_read_usd), 0) as cost_cache_read_usd,
  coalesce(sum(cost_cache_write_usd), 0) as cost_cache_write_usd,
  coalesce(sum(cost_output_usd), 0) as cost_output_usd,
  coalesce(sum(cost_without_cache_usd), 0) as cost_without_cache_usd,
  coalesce(sum(cache_savings_usd), 0) as cache_savings_usd`;

const SERIES = `coalesce(service_name, 'unknown') || '|' || coalesce(environment, 'unknown') || '|' || coalesce(model_provider, 'unknown') || '|' ||
  coalesce(model, 'unknown') || '|' || coalesce(operation, 'unknown')`;
const SERIES_OF_ROLLUP = `s.service_name || '|' || s.environment || '|' || s.model_provider || '|' || s.model || '|' || s.operation`;

const SUM_NAMES = [...RECOUNT_SUMS.matchAll(/ as (\w+)/g)].map(([, name]) => String(name));

const TIERS = ["minute", "hour", "day"] as const;

interface Counted {
  readonly key: string;
  readonly [name: string]: string | number;
}

/** Fails unless the rollups of every width, the histograms and the users are a recount of the rows. */
export async function assertRollupsMatchRows(pool: pg.Pool, schema = "genai"): Promise<void> {
  for (const tier of TIERS) {
    const bucket = `date_trunc('${tier}', created_at, 'UTC')`;
    expectSame(
      `rollup_${tier}`,
      await query(
        pool,
        `select ${bucket}::text || '|' || ${SERIES} || '|' || coalesce(error_category, '') || '|' || coalesce(retry_reason, '') || '|' ||
        coalesce(cost_status, '') as key, ${RECOUNT_SUMS} from ${schema}.llm_traces where llm_call group by 1`,
      ),
      await query(
        pool,
        `select bucket::text || '|' || ${SERIES_OF_ROLLUP} || '|' || coalesce(error_category, '') || '|' || coalesce(retry_reason, '') || '|' ||
        coalesce(cost_status, '') as key, ${SUM_NAMES.map((name) => `r.${name}::float8 as ${name}`).join(", ")}
        from ${schema}.rollup_${tier} r left join ${schema}.series s on s.id = series_id left join ${schema}.outcomes o on o.id = outcome_id where calls <> 0`,
      ),
    );
    expectSame(
      `histogram_${tier}`,
      await query(
        pool,
        `select ${bucket}::text || '|' || ${SERIES} || '|' || measure || '|' || ${schema}.histogram_bin(ms) as key, count(*)::float8 as calls
        from ${schema}.llm_traces, lateral (values (case status when 'failed' then 2 else 1 end, duration_ms), (3, ttft_ms)) m (measure, ms)
        where llm_call and ms is not null group by 1`,
      ),
      await query(
        pool,
        `select bucket::text || '|' || ${SERIES_OF_ROLLUP} || '|' || measure || '|' || bin as key, calls::float8 as calls
        from (select bucket, series_id, measure, generate_subscripts(counts, 1) as bin, unnest(counts) as calls from ${schema}.histogram_${tier}) h
        left join ${schema}.series s on s.id = series_id where calls <> 0`,
      ),
    );
  }
  for (const tier of ["hour", "day"]) {
    expectSame(
      `user_${tier}`,
      await query(
        pool,
        `select date_trunc('${tier}', created_at, 'UTC')::text || '|' || ${SERIES} || '|' || user_id as key, count(*)::float8 as calls,
        count(*) filter (where status = 'failed')::float8 as failed, coalesce(sum(input_tokens), 0)::float8 as input_tokens,
        coalesce(sum(output_tokens), 0)::float8 as output_tokens, coalesce(sum(cost_usd), 0) as cost_usd,
        coalesce(sum(cache_savings_usd), 0) as cache_savings_usd
        from ${schema}.llm_traces where llm_call and user_id is not null group by 1`,
      ),
      await query(
        pool,
        `select bucket::text || '|' || ${SERIES_OF_ROLLUP} || '|' || user_id as key, calls::float8 as calls, failed::float8 as failed,
        input_tokens::float8 as input_tokens, output_tokens::float8 as output_tokens, cost_usd, cache_savings_usd
        from ${schema}.user_${tier} left join ${schema}.series s on s.id = series_id where calls <> 0`,
      ),
    );
  }
}

async function query(pool: pg.Pool, sql: string): Promise<Counted[]> {
  return (await pool.query<Counted>(sql)).rows;
}

/** Sums of doubles depend on their order in the last digits. */
const RELATIVE_ERROR_MAX = 1e-9;

function expectSame(table: string, recount: readonly Counted[], stored: readonly Counted[]): void {
  const byKey = new Map(stored.map((row) => [row.key, row]));
  const differences: string[] = [];
  for (const row of recount) {
    const other = byKey.get(row.key);
    byKey.delete(row.key);
    for (const name of Object.keys(row)) {
      if (name !== "key" && !(other !== undefined && isClose(Number(row[name]), Number(other[name])))) {
        differences.push(`${table} ${row.key} ${name}: rows ${row[name]}, rollup ${other?.[name] ?? "missing"}`);
      }
    }
  }
  for (const key of byKey.keys()) differences.push(`${table} ${key}: no such rows`);
  expect(differences.slice(0, 10)).toEqual([]);
}

const isClose = (a: number, b: number): boolean => Math.abs(a - b) <= RELATIVE_ERROR_MAX * Math.max(1, Math.abs(a), Math.abs(b));
