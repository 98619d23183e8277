import { tableQuery } from "../panel-query.ts";

/** The trace that was asked for; without one the latest that shows most: a call that a retry saved, else a retried, a failed, or any call's. */
const CHOSEN = `chosen as (
  select coalesce(
    nullif('$trace_id', ''),
    (select trace_id from genai.llm_traces where $__timeFilter(created_at) and llm_call and retry_count > 0 and status = 'completed' order by created_at desc limit 1),
    (select trace_id from genai.llm_traces where $__timeFilter(created_at) and llm_call and retry_count > 0 order by created_at desc limit 1),
    (select trace_id from genai.llm_traces where $__timeFilter(created_at) and llm_call and status = 'failed' order by created_at desc limit 1),
    (select trace_id from genai.llm_traces where $__timeFilter(created_at) order by created_at desc limit 1)
  ) as trace_id
)`;

/** A waterfall beyond this many spans helps nobody and costs the browser. */
const SPANS_MAX = 2000;

export const summary = tableQuery(
  ["trace_id", "started", "duration", "spans", "calls", "attempts", "failed", "cost", "cache_savings", "cache_hit_rate", "tokens"],
  `
with ${CHOSEN}
select t.trace_id, min(t.created_at) as started,
  extract(epoch from max(t.created_at + make_interval(secs => t.duration_ms / 1000)) - min(t.created_at))::double precision as duration,
  count(*) as spans, count(*) filter (where t.llm_call) as calls, count(*) filter (where t.llm_call) + coalesce(sum(t.retry_count) filter (where t.llm_call and t.retry_of is null), 0) as attempts,
  count(*) filter (where t.llm_call and t.status = 'failed') as failed,
  sum(t.cost_usd) filter (where t.llm_call) as cost, sum(t.cache_savings_usd) filter (where t.llm_call) as cache_savings,
  (sum(t.cache_read_input_tokens) filter (where t.llm_call))::double precision / nullif(sum(t.input_tokens) filter (where t.llm_call), 0) as cache_hit_rate,
  coalesce(sum(t.input_tokens + t.output_tokens) filter (where t.llm_call), 0)::double precision as tokens
from chosen c join genai.trace_spans t on t.trace_id = c.trace_id
group by 1`,
);

export const modelCalls = tableQuery(
  [
    "time",
    "name",
    "model_provider",
    "model",
    "status",
    "error_category",
    "error_message",
    "retry_count",
    "retry_reason",
    "wait",
    "duration",
    "ttft",
    "input_tokens",
    "cache_read",
    "cache_write",
    "output_tokens",
    "cache_hit_ratio",
    "cost",
    "cache_savings",
    "cost_status",
    "retry_of",
    "span_id",
  ],
  `
with ${CHOSEN}
select created_at as time, name, model_provider, model, status, error_category, error_message, retry_count, retry_reason, retry_wait_ms / 1000 as wait, duration_ms / 1000 as duration,
  ttft_ms / 1000 as ttft, input_tokens, cache_read_input_tokens as cache_read, cache_creation_input_tokens as cache_write, output_tokens, cache_hit_ratio,
  cost_usd as cost, cache_savings_usd as cache_savings, cost_status, retry_of, span_id
from chosen c join genai.llm_traces t on t.trace_id = c.trace_id
where t.llm_call
order by t.created_at limit ${SPANS_MAX}`,
);

/** HTTP requests under or beside the calls: each is an attempt with its own status. */
export const httpAttempts = tableQuery(
  ["time", "name", "http_status", "status", "duration", "since_previous", "parent_span_id"],
  `
with ${CHOSEN}
select created_at as time, name, http_status, status, duration_ms / 1000 as duration,
  extract(epoch from created_at - lag(created_at + make_interval(secs => duration_ms / 1000)) over (partition by parent_span_id order by created_at))::double precision as since_previous,
  parent_span_id
from chosen c join genai.spans s on s.trace_id = c.trace_id
where s.kind = 'client'
order by created_at limit ${SPANS_MAX}`,
);

/** The columns of Grafana's trace view. Tags are JSON text, which the panel's transformation reads. */
export const waterfall = tableQuery(
  [
    "traceID",
    "spanID",
    "parentSpanID",
    "operationName",
    "serviceName",
    "serviceTags",
    "startTime",
    "duration",
    "tags",
    "statusCode",
    "statusMessage",
  ],
  `
with ${CHOSEN}
select t.trace_id as "traceID", t.span_id as "spanID", coalesce(t.parent_span_id, '') as "parentSpanID", t.name as "operationName",
  coalesce(t.service_name, 'unknown') as "serviceName",
  json_build_array(json_build_object('key', 'deployment.environment.name', 'value', coalesce(t.environment, 'unknown')), json_build_object('key', 'otel.scope.name', 'value', coalesce(t.scope_name, '')))::text as "serviceTags",
  extract(epoch from t.created_at)::double precision * 1000 as "startTime", t.duration_ms as duration,
  coalesce((select json_agg(json_build_object('key', key, 'value', value) order by key) from jsonb_each_text(
    t.attributes || jsonb_strip_nulls(jsonb_build_object('error_category', t.error_category, 'retry_count', t.retry_count, 'retry_reason', t.retry_reason, 'retry_of', t.retry_of,
      'cost_usd', t.cost_usd, 'cache_savings_usd', t.cache_savings_usd, 'error', case when t.status = 'failed' then true end))
  ))::text, '[]') as tags,
  case when t.status = 'failed' then 2 else 0 end as "statusCode", coalesce(t.error_message, '') as "statusMessage"
from chosen c join genai.trace_spans t on t.trace_id = c.trace_id
order by t.created_at, t.duration_ms desc limit ${SPANS_MAX}`,
);
