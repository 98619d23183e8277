import type pg from "pg";

/** Calls are spread evenly over this many days up to now, with the daily wave left out: only the number of rows matters here. */
export const FILLED_DAYS = 7;

const MODELS = [
  ["openai", "gpt-5.2"],
  ["openai", "gpt-5-mini"],
  ["openai", "text-embedding-3-large"],
  ["anthropic", "claude-opus-4-5"],
  ["anthropic", "claude-haiku-4-5"],
  ["gcp.gemini", "gemini-3-pro"],
  ["gcp.gemini", "gemini-2.5-flash"],
  ["mistral_ai", "mistral-large"],
] as const;
const SERVICES = ["checkout", "support-bot", "search"] as const;

const sqlArray = (values: readonly string[]): string => `array[${values.map((value) => `'${value}'`).join(", ")}]`;

/**
 * Adds rows of model calls day by day, written by the server itself: millions in minutes. 24 series, 5 % failures of six
 * categories, retries, caching, 5 % unpriced, 20 % with one of 2,000 users, each of one service.
 */
export async function addRows(client: pg.Client, rows: number): Promise<void> {
  await client.query(
    "select genai.create_day_partitions(today - 8, today + 3) from (select (now() at time zone 'UTC')::date as today) clock",
  );
  const perDay = Math.ceil(rows / FILLED_DAYS);
  for (let day = 0; day < FILLED_DAYS; day += 1) await client.query(daySql(perDay, day));
  await client.query(HTTP_SPANS_SQL);
}

const daySql = (rows: number, day: number): string => `
insert into genai.llm_traces (trace_id, span_id, parent_span_id, name, created_at, duration_ms, service_name, environment, scope_name, operation, llm_call,
  model_provider, model, response_model, status, error_message, error_type, error_category, error_retryable, error_retry_after_ms, http_status,
  retry_count, retry_reason, retry_wait_ms, retry_of, input_tokens, output_tokens, total_tokens, cache_read_input_tokens, cache_creation_input_tokens,
  cost_usd, cost_input_usd, cost_cache_read_usd, cost_cache_write_usd, cost_output_usd, cost_without_cache_usd, cache_savings_usd, cache_hit_ratio,
  cost_status, price_date, ttft_ms, output_tokens_per_second, user_id, attributes)
select md5(random()::text || n), substr(md5(n || 'span' || random()), 1, 16), null, 'chat ' || model, at, ms, service, 'production', 'genai-otel',
  case when model like 'text-embedding%' then 'embeddings' else 'chat' end, true, provider, model, case when not failed then model end,
  case when failed then 'failed' else 'completed' end, case when failed then 'Rate limit reached for requests' end, case when failed then '429' end,
  category, case when failed then true end, case when failed then 2000 end, case when failed then 429 end,
  case when retried then 1 + n % 5 % 3 end, case when retried then 'rate_limit' end, case when retried then 800 end, case when retried and n % 3 = 0 then substr(md5(n::text), 1, 16) end,
  case when not failed then input end, case when not failed then output end, case when not failed then input + output end,
  case when not failed then cached end, case when not failed then 0 end,
  cost, cost * 0.4, cost * 0.05, 0, cost * 0.55, cost * 1.2, cost * 0.2, case when not failed then cached / input::float8 end,
  case when failed then 'no_usage' when n % 20 = 7 then 'unknown_model' else 'priced' end, case when cost is not null then '2026-11-01' end,
  case when not failed then ms / 4 end, case when not failed then output / (ms / 1000) end,
  case when n % 5 = 0 then service || '-user-' || (700 * random() * random())::integer end,
  jsonb_build_object('gen_ai.request.temperature', 0.7, 'gen_ai.request.max_tokens', 1024, 'gen_ai.response.id', md5(n::text), 'server.address', provider)
from (
  select n, at, failed, retried, service, provider, model, input, output, cached, ms,
    case when failed then (array['rate_limit', 'rate_limit', 'timeout', 'model_overloaded', 'api_error', 'validation'])[1 + n % 6] end as category,
    case when not failed and n % 20 <> 7 then (input * 2 + output * 10) / 1e6 end as cost
  from (
    select n, now() - interval '${day + 1} days' + n * (interval '1 day' / ${rows}) as at, n % 20 = 3 as failed, n % 33 = 1 as retried,
      (${sqlArray(SERVICES)})[1 + (random() * 2.999)::integer % 3] as service,
      (${sqlArray(MODELS.map(([provider]) => provider))})[m] as provider, (${sqlArray(MODELS.map(([, model]) => model))})[m] as model,
      (200 + 4000 * r)::integer as input, (20 + 600 * r)::integer as output, case when n % 5 < 2 then (200 * r)::integer else 0 end as cached,
      200 * exp(3 * r * r) as ms
    from (select n, random() as r, 1 + (n::bigint * 7919) % 8 as m from generate_series(1, ${rows}) n) numbered
  ) drawn
) priced`;

/** A client span beside every fifth call that has none yet, for the waterfall. */
const HTTP_SPANS_SQL = `
insert into genai.spans (trace_id, span_id, parent_span_id, name, created_at, duration_ms, kind, service_name, environment, scope_name, status, http_status, attributes)
select trace_id, substr(md5(span_id), 1, 16), span_id, 'POST', created_at, duration_ms, 'client', service_name, environment, 'undici', status,
  coalesce(http_status, 200), '{"http.request.method": "POST"}'
from genai.llm_traces where substr(span_id, 1, 1) in ('0', '1', '2') on conflict do nothing`;

/** Processes of gateways, each with a row a minute over the days that are filled. */
const GATEWAYS = 4;
const COUNTED = `'received_spans', 9000, 'refused_spans', 3, 'refused_requests', 2, 'refused_by_reason', '{"no_id": 3, "unauthenticated": 2}'::jsonb, 'lost_spans', 0,
  'genai_spans', 3500, 'llm_calls', 2500, 'stored_spans', 8900, 'duplicate_spans', 97, 'store_writes', 60, 'store_failures', 0, 'forwarded_spans', 8997,
  'forward_writes', 60, 'forward_failures', 0, 'requests', 90, 'cpu_ms', 9000`;
const MEASURED = `'store_p50_ms', 20 * random(), 'store_p99_ms', 100 * random(), 'forward_p50_ms', 5, 'forward_p99_ms', 20, 'request_p50_ms', 80, 'request_p99_ms', 150,
  'sinks_away', 0, 'spool_bytes', 0, 'spool_age_ms', 0, 'admitted_bytes', 0, 'event_loop_p99_ms', 5 * random(), 'rss_bytes', 2e8::bigint`;

export async function addSamples(client: pg.Client): Promise<void> {
  await client.query(`
insert into genai.gateway_samples
select (jsonb_populate_record(null::genai.gateway_samples, jsonb_build_object('sampled_at', at + process * interval '1 second', 'instance', 'gateway-' || process || ':1',
  'seconds', 60, ${COUNTED}, ${MEASURED}))).*
from generate_series(now() - interval '${FILLED_DAYS} days', now(), interval '1 minute') at, generate_series(1, ${GATEWAYS}) process`);
}

/** The rollups anew from the rows: sums by SQL, as the gateway's own sums come out (the tests compare the two). */
export async function rebuildRollups(client: pg.Client): Promise<void> {
  await client.query(
    "truncate genai.series, genai.outcomes, genai.rollup_minute, genai.rollup_hour, genai.rollup_day, genai.histogram_minute, genai.histogram_hour, genai.histogram_day, genai.user_hour, genai.user_day",
  );
  await client.query(`insert into genai.series (service_name, environment, model_provider, model, operation)
    select distinct service_name, environment, model_provider, model, operation from genai.llm_traces`);
  await client.query(`insert into genai.outcomes (error_category, retry_reason, cost_status)
    select distinct error_category, retry_reason, cost_status from genai.llm_traces`);
  await client.query(MINUTES_SQL);
  for (const [tier, width] of [
    ["hour", "1 hour"],
    ["day", "1 day"],
  ] as const) {
    const sums = SUMS.map((name) => `sum(${name})`).join(", ");
    await client.query(`insert into genai.rollup_${tier} (bucket, series_id, outcome_id, ${SUMS.join(", ")})
      select genai.utc_floor('${width}', bucket), series_id, outcome_id, ${sums} from genai.rollup_minute group by 1, 2, 3 order by 1, 2, 3`);
  }
  await client.query(HISTOGRAMS_SQL);
  for (const [tier, from, width] of [
    ["hour", "minute", "1 hour"],
    ["day", "hour", "1 day"],
  ] as const) {
    await client.query(`insert into genai.histogram_${tier} select genai.utc_floor('${width}', bucket), series_id, measure, genai.histogram_sum(counts)
      from genai.histogram_${from} group by 1, 2, 3 order by 1, 2, 3`);
  }
  await client.query(`insert into genai.user_hour select date_trunc('hour', created_at, 'UTC'), s.id, user_id, count(*), count(*) filter (where status = 'failed'),
    coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), coalesce(sum(cost_usd), 0), coalesce(sum(cache_savings_usd), 0)
    from genai.llm_traces t join genai.series s using (service_name, environment, model_provider, model, operation) where user_id is not null group by 1, 2, 3 order by 1, 2, 3`);
  await client.query(`insert into genai.user_day select genai.utc_floor('1 day', bucket), series_id, user_id, sum(calls), sum(failed), sum(input_tokens),
    sum(output_tokens), sum(cost_usd), sum(cache_savings_usd) from genai.user_hour group by 1, 2, 3 order by 1, 2, 3`);
}

const SUMMED = {
  calls: "count(*)",
  retried: "count(*) filter (where retry_count > 0)",
  retries: "coalesce(sum(retry_count), 0)",
  retried_once: "count(*) filter (where retry_count = 1)",
  retried_twice: "count(*) filter (where retry_count = 2)",
  retried_more: "count(*) filter (where retry_count > 2)",
  repeats: "count(retry_of)",
  first_failed: "count(*) filter (where retry_of is null and (status = 'failed' or retry_count > 0))",
  retryable: "count(*) filter (where error_retryable)",
  error_retry_after_ms: "coalesce(sum(error_retry_after_ms), 0)",
  retry_wait_ms: "coalesce(sum(retry_wait_ms), 0)",
  duration_ms: "sum(duration_ms)",
  ttft_ms: "coalesce(sum(ttft_ms), 0)",
  ttft_calls: "count(ttft_ms)",
  output_tokens_per_second: "coalesce(sum(output_tokens_per_second), 0)",
  output_rate_calls: "count(output_tokens_per_second)",
  cached_calls: "count(*) filter (where cache_read_input_tokens > 0)",
  input_tokens: "coalesce(sum(input_tokens), 0)",
  output_tokens: "coalesce(sum(output_tokens), 0)",
  cache_read_input_tokens: "coalesce(sum(cache_read_input_tokens), 0)",
  cache_creation_input_tokens: "coalesce(sum(cache_creation_input_tokens), 0)",
  reasoning_tokens: "coalesce(sum(reasoning_tokens), 0)",
  cost_usd: "coalesce(sum(cost_usd), 0)",
  cost_input_usd: "coalesce(sum(cost_input_usd), 0)",
  cost_cache_read_usd: "coalesce(sum(cost_cache_read_usd), 0)",
  cost_cache_write_usd: "coalesce(sum(cost_cache_write_usd), 0)",
  cost_output_usd: "coalesce(sum(cost_output_usd), 0)",
  cost_without_cache_usd: "coalesce(sum(cost_without_cache_usd), 0)",
  cache_savings_usd: "coalesce(sum(cache_savings_usd), 0)",
} as const;
const SUMS = Object.keys(SUMMED);

const MINUTES_SQL = `
insert into genai.rollup_minute (bucket, series_id, outcome_id, ${SUMS.join(", ")})
select date_trunc('minute', created_at), s.id, o.id, ${Object.values(SUMMED).join(", ")}
from genai.llm_traces t
join genai.series s using (service_name, environment, model_provider, model, operation)
join genai.outcomes o on o.error_category is not distinct from t.error_category and o.retry_reason is not distinct from t.retry_reason and o.cost_status = t.cost_status
group by 1, 2, 3 order by 1, 2, 3`;

const HISTOGRAMS_SQL = `
insert into genai.histogram_minute
select bucket, id, measure, genai.histogram_sum(('[' || bin || ':' || bin || ']={' || calls || '}')::bigint[] order by bin)
from (
  select date_trunc('minute', created_at) as bucket, s.id, measure::smallint, genai.histogram_bin(ms) as bin, count(*) as calls
  from genai.llm_traces t join genai.series s using (service_name, environment, model_provider, model, operation),
    lateral (values (case status when 'failed' then 2 else 1 end, duration_ms), (3, ttft_ms)) m (measure, ms)
  where ms is not null
  group by 1, 2, 3, 4
) bins
group by 1, 2, 3 order by 1, 2, 3`;
