import { seriesQuery, tableQuery } from "../panel-query.ts";
import { CALLS, CALLS_OVER_TIME, SELECTED, STEP_SECONDS, WHOLE_BUCKET, comparedToBefore } from "./selection.ts";

export const retryRate = tableQuery(["time", "value"], comparedToBefore("sum(c.retried)::double precision / nullif(sum(c.calls), 0)"));

/** Of the operations whose first attempt failed, those that completed in the end. */
export const recovered = tableQuery(
  ["time", "value"],
  comparedToBefore(
    "least(1, coalesce(sum(c.retried) filter (where c.status = 'completed'), 0)::double precision / nullif(sum(c.first_failed), 0))",
  ),
);

export const moreAttempts = tableQuery(["time", "value"], comparedToBefore("coalesce(sum(c.retries), 0)::double precision"));

export const averageWait = tableQuery(["time", "value"], comparedToBefore("sum(c.retry_wait_ms) / nullif(sum(c.retried), 0) / 1000"));

/** What failed calls consumed before they failed: streams that broke off, answers that nobody got. */
export const wastedTokens = tableQuery(
  ["time", "value"],
  comparedToBefore("coalesce(sum(c.input_tokens + c.output_tokens) filter (where c.status = 'failed'), 0)::double precision"),
);

export const wastedSpend = tableQuery(["time", "value"], comparedToBefore("sum(c.wasted_usd) filter (where c.priced_calls > 0)"));

export const rateByProvider = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, sum(retried)::double precision / nullif(sum(calls), 0) as value
from ${CALLS_OVER_TIME} where ${SELECTED}
group by 1, 2 order by 1`,
);

export const retriesByReason = seriesQuery(
  ["retry_reason"],
  `
select bucket as time, retry_reason, sum(retried) / (${STEP_SECONDS} / 3600.0) as value
from ${CALLS_OVER_TIME} where ${SELECTED} and retry_reason is not null and ${WHOLE_BUCKET}
group by 1, 2 order by 1`,
);

export const byReason = tableQuery(
  ["retry_reason", "retried", "share", "attempts", "recovered", "average_wait", "providers"],
  `
with reasons as (
  select retry_reason, model_provider, sum(retried) as retried, sum(retries) as retries, sum(retried) filter (where status = 'completed') as completed, sum(retry_wait_ms) as wait_ms
  from ${CALLS} where ${SELECTED} and retry_reason is not null
  group by 1, 2
)
select retry_reason, sum(retried)::double precision as retried, sum(retried)::double precision / sum(sum(retried)) over () as share,
  1 + sum(retries)::double precision / nullif(sum(retried), 0) as attempts, coalesce(sum(completed), 0)::double precision / nullif(sum(retried), 0) as recovered, sum(wait_ms) / nullif(sum(retried), 0) / 1000 as average_wait,
  string_agg(model_provider || ' ' || retried, ', ' order by retried desc) as providers
from reasons group by 1 order by 2 desc`,
);

/** The first attempt counts. More than one by nobody knows how many: calls that a gateway before 0006_attempts.sql counted. */
export const attempts = tableQuery(
  ["attempts", "calls", "share", "completed_share"],
  `
with sums as (
  select status, sum(calls) as calls, sum(retried) as retried, sum(retried_once) as once, sum(retried_twice) as twice, sum(retried_more) as more
  from ${CALLS} where ${SELECTED}
  group by 1
),
counted as (
  select n, attempts, sum(a.calls) as calls, sum(a.calls) filter (where status = 'completed') as completed
  from sums cross join lateral (values
    (1, '1', sums.calls - retried), (2, '2', once), (3, '3', twice), (4, '4 or more', more), (5, 'more than 1', retried - once - twice - more)
  ) a (n, attempts, calls)
  group by 1, 2
)
select attempts, calls::double precision as calls, calls::double precision / nullif(sum(calls) over (), 0) as share,
  coalesce(completed, 0)::double precision / nullif(calls, 0) as completed_share
from counted where n < 5 or calls > 0
order by n`,
);

export const byModel = tableQuery(
  [
    "model_provider",
    "model",
    "calls",
    "retry_rate",
    "more_attempts",
    "first_failed",
    "recovered",
    "success_rate",
    "final_success_rate",
    "average_wait",
    "wasted_tokens",
    "wasted_spend",
  ],
  `
select model_provider, model, sum(calls)::double precision as calls, sum(retried)::double precision / sum(calls) as retry_rate,
  sum(retries)::double precision as more_attempts, sum(first_failed)::double precision as first_failed,
  least(1, coalesce(sum(retried) filter (where status = 'completed'), 0)::double precision / nullif(sum(first_failed), 0)) as recovered,
  1 - sum(first_failed)::double precision / nullif(sum(calls) - sum(repeats), 0) as success_rate,
  1 - greatest(0, sum(failed) - sum(repeats))::double precision / nullif(sum(calls) - sum(repeats), 0) as final_success_rate,
  sum(retry_wait_ms) / nullif(sum(retried), 0) / 1000 as average_wait,
  coalesce(sum(input_tokens + output_tokens) filter (where status = 'failed'), 0)::double precision as wasted_tokens,
  coalesce(sum(wasted_usd) filter (where priced_calls > 0), case when sum(priced_calls) > 0 then 0 end) as wasted_spend
from ${CALLS} where ${SELECTED}
group by 1, 2 order by retry_rate desc, calls desc`,
);

export const latestRetried = tableQuery(
  ["time", "model_provider", "model", "operation", "service_name", "retry_reason", "retry_count", "wait", "duration", "status", "trace_id"],
  `
select created_at as time, model_provider, model, operation, service_name, retry_reason, retry_count, retry_wait_ms / 1000 as wait, duration_ms / 1000 as duration, status, trace_id
from (
  select created_at, coalesce(environment, 'unknown') as environment, coalesce(service_name, 'unknown') as service_name,
    coalesce(model_provider, 'unknown') as model_provider, coalesce(model, 'unknown') as model, coalesce(operation, 'unknown') as operation,
    retry_reason, retry_count, retry_wait_ms, duration_ms, status, trace_id
  from genai.llm_traces
  where $__timeFilter(created_at) and retry_count > 0 and llm_call
) retried
where ${SELECTED}
order by created_at desc limit 100`,
);
