import { seriesQuery, tableQuery } from "../panel-query.ts";
import { CALLS_OVER_TIME, SELECTED, STEP_SECONDS, WHOLE_BUCKET } from "./selection.ts";

const CHOSEN = `${SELECTED} and status in ($status)`;
/** The text box is empty for all; then the planner drops the condition. */
const OF_USER = "('$user' = '' or user_id = '$user')";

export const callsByStatus = seriesQuery(
  ["status"],
  `
select bucket as time, status, sum(calls) / (${STEP_SECONDS} / 60.0) as value
from ${CALLS_OVER_TIME} where ${CHOSEN} and ${WHOLE_BUCKET}
group by 1, 2 order by 1`,
);

export const latestCalls = tableQuery(
  [
    "time",
    "status",
    "model_provider",
    "model",
    "operation",
    "service_name",
    "duration",
    "ttft",
    "input_tokens",
    "cache_hit_ratio",
    "output_tokens",
    "cost",
    "cache_savings",
    "retry_count",
    "error_category",
    "user_id",
    "trace_id",
  ],
  `
select created_at as time, status, model_provider, model, operation, service_name, duration_ms / 1000 as duration, ttft_ms / 1000 as ttft, input_tokens, cache_hit_ratio,
  output_tokens, cost_usd as cost, cache_savings_usd as cache_savings, retry_count, error_category, user_id, trace_id
from (
  select created_at, status, coalesce(environment, 'unknown') as environment, coalesce(service_name, 'unknown') as service_name,
    coalesce(model_provider, 'unknown') as model_provider, coalesce(model, 'unknown') as model, coalesce(operation, 'unknown') as operation,
    duration_ms, ttft_ms, input_tokens, cache_hit_ratio, output_tokens, cost_usd, cache_savings_usd, retry_count, error_category, user_id, trace_id
  from genai.llm_traces
  where $__timeFilter(created_at) and llm_call
) calls
where ${CHOSEN} and ${OF_USER}
order by created_at desc limit 200`,
);
