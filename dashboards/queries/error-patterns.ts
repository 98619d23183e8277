import { ERROR_CATEGORIES } from "../../processor/core/categorization.ts";
import { SUGGESTED_ACTIONS } from "../../processor/core/suggested-action.ts";
import { seriesQuery, tableQuery } from "../panel-query.ts";
import { CALLS, CALLS_OVER_TIME, SELECTED, comparedToBefore } from "./selection.ts";

/** This dashboard filters by category too; the rows of successes stay for the rates. */
const SELECTED_FAILURES = `${SELECTED} and error_category in ($category)`;

export const failedCalls = tableQuery(
  ["time", "value"],
  comparedToBefore("coalesce(sum(c.failed) filter (where c.error_category in ($category)), 0)::double precision"),
);

export const errorRate = tableQuery(
  ["time", "value"],
  comparedToBefore("coalesce(sum(c.failed) filter (where c.error_category in ($category)), 0)::double precision / nullif(sum(c.calls), 0)"),
);

/** After retries: failed calls that no later call repeated, over operations. */
export const finalErrorRate = tableQuery(
  ["time", "value"],
  comparedToBefore("greatest(0, sum(c.failed) - sum(c.repeats))::double precision / nullif(sum(c.calls) - sum(c.repeats), 0)"),
);

export const mostCommon = tableQuery(
  ["answer"],
  `
select coalesce(string_agg(error_category, ' and ' order by error_category) || ' · ' || round(min(share)) || ' %' || case when count(*) > 1 then ' each' else '' end,
  'no failed call') as answer
from (
  select error_category, 100.0 * sum(failed) / sum(sum(failed)) over () as share
  from ${CALLS} where ${SELECTED_FAILURES}
  group by 1 order by sum(failed) desc fetch first row with ties
) most_common`,
);

export const retryableShare = tableQuery(
  ["time", "value"],
  comparedToBefore(
    "sum(c.retryable) filter (where c.error_category in ($category))::double precision / nullif(sum(c.failed) filter (where c.error_category in ($category)), 0)",
  ),
);

export const rateLimitedShare = tableQuery(
  ["time", "value"],
  comparedToBefore("coalesce(sum(c.failed) filter (where c.error_category = 'rate_limit'), 0)::double precision / nullif(sum(c.calls), 0)"),
);

const ACTIONS = ERROR_CATEGORIES.map((category) => `('${category}', '${SUGGESTED_ACTIONS[category].replaceAll("'", "''")}')`).join(
  ",\n    ",
);

export const distribution = tableQuery(
  ["error_category", "failed", "share", "retryable", "average_duration", "providers", "suggested_action"],
  `
with actions (category, action) as (values
    ${ACTIONS}
),
failures as (
  select error_category, model_provider, sum(failed) as failed, sum(retryable) as retryable, sum(duration_ms) as duration_ms
  from ${CALLS} where ${SELECTED_FAILURES} and error_category is not null
  group by 1, 2
)
select error_category, sum(failed)::double precision as failed, sum(failed)::double precision / sum(sum(failed)) over () as share,
  sum(retryable)::double precision / sum(failed) as retryable, sum(duration_ms) / sum(failed) / 1000 as average_duration,
  array_to_string((array_agg(model_provider || ' ' || failed order by failed desc))[1:3], ', ') as providers, max(action) as suggested_action
from failures left join actions on category = error_category
group by 1 order by 2 desc`,
);

export const rateByCategory = seriesQuery(
  ["error_category"],
  `
select time, error_category, failed / calls as value
from (
  select bucket as time, error_category, sum(failed)::double precision as failed, sum(sum(calls)) over (partition by bucket)::double precision as calls
  from ${CALLS_OVER_TIME} where ${SELECTED}
  group by 1, 2
) categories
where error_category in ($category) and error_category is not null
order by 1`,
);

export const rateByProvider = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, coalesce(sum(failed) filter (where error_category in ($category)), 0)::double precision / nullif(sum(calls), 0) as value
from ${CALLS_OVER_TIME} where ${SELECTED}
group by 1, 2 order by 1`,
);

/**
 * Limited: calls whose first attempt met a limit, whether or not a retry saved them. The stated wait is what the provider
 * asked for, else the suggestion; the client's is the time between the attempts.
 */
export const rateLimits = tableQuery(
  ["model_provider", "limited", "share", "lost", "stated_wait", "client_wait"],
  `
select model_provider, coalesce(sum(calls) filter (where limited), 0)::double precision as limited,
  coalesce(sum(calls) filter (where limited), 0)::double precision / sum(calls) as share,
  coalesce(sum(failed) filter (where error_category = 'rate_limit'), 0)::double precision as lost,
  sum(error_retry_after_ms) filter (where error_category = 'rate_limit') / nullif(sum(failed) filter (where error_category = 'rate_limit'), 0) / 1000 as stated_wait,
  sum(retry_wait_ms) filter (where limited) / nullif(sum(retried) filter (where limited), 0) / 1000 as client_wait
from (select *, coalesce(retry_reason, error_category) is not distinct from 'rate_limit' as limited from ${CALLS} where ${SELECTED}) calls
group by 1 order by share desc, limited desc`,
);

/** An operation is one piece of work of the application, with all its attempts. Lost: it failed in the end. */
export const firstAttemptAgainstFinal = tableQuery(
  ["first_error", "first_failed", "recovered", "lost", "recovered_share"],
  `
with operations as (
  select error_category as first_error, sum(first_failed) as first_failed, coalesce(sum(retried) filter (where status = 'completed'), 0) as recovered
  from (select coalesce(retry_reason, error_category) as error_category, first_failed, retried, status from ${CALLS} where ${SELECTED}) calls
  where error_category in ($category)
  group by 1
)
select first_error, first_failed::double precision as first_failed, recovered::double precision as recovered,
  greatest(0, first_failed - recovered)::double precision as lost, least(1, recovered::double precision / nullif(first_failed, 0)) as recovered_share
from operations
order by 2 desc`,
);

export const mostAffected = tableQuery(
  ["service_name", "operation", "model", "failed", "error_rate", "top_category"],
  `
with sums as (
  select service_name, operation, model, error_category, sum(calls) as calls, sum(failed) as failed
  from ${CALLS} where ${SELECTED} group by 1, 2, 3, 4
)
select service_name, operation, model, coalesce(sum(failed) filter (where error_category in ($category)), 0)::double precision as failed,
  coalesce(sum(failed) filter (where error_category in ($category)), 0)::double precision / sum(calls) as error_rate,
  (array_agg(error_category order by failed desc) filter (where error_category in ($category)))[1] as top_category
from sums group by 1, 2, 3
having sum(failed) filter (where error_category in ($category)) > 0
order by failed desc limit 20`,
);

/** The HTTP status is the call's own, or that of the last request beneath it. */
export const latestFailures = tableQuery(
  [
    "time",
    "model_provider",
    "model",
    "operation",
    "service_name",
    "error_category",
    "http_status",
    "error_message",
    "retry_count",
    "duration",
    "trace_id",
  ],
  `
select created_at as time, model_provider, model, operation, service_name, error_category, coalesce(http_status, (
    select s.http_status from genai.spans s
    where s.trace_id = latest.trace_id and s.parent_span_id = latest.span_id
      and s.created_at between latest.created_at and latest.created_at + make_interval(secs => duration_ms / 1000)
    order by s.created_at desc limit 1
  )) as http_status, error_message, retry_count, duration_ms / 1000 as duration, trace_id
from (
  select * from (
    select created_at, coalesce(environment, 'unknown') as environment, coalesce(service_name, 'unknown') as service_name,
      coalesce(model_provider, 'unknown') as model_provider, coalesce(model, 'unknown') as model, coalesce(operation, 'unknown') as operation,
      coalesce(error_category, 'unknown') as error_category, http_status, error_message, coalesce(retry_count, 0) as retry_count, duration_ms, trace_id, span_id
    from genai.llm_traces
    where $__timeFilter(created_at) and status = 'failed' and llm_call
  ) failed
  where ${SELECTED_FAILURES}
  order by created_at desc limit 100
) latest
order by created_at desc`,
);
