import { seriesQuery, tableQuery, wideSeriesQuery } from "../panel-query.ts";
import { CALLS, CALLS_OVER_TIME, SELECTED, STEP_SECONDS, WHOLE_BUCKET, comparedToBefore } from "./selection.ts";

/** A call whose provider reported no tokens can have no price and is not held against coverage. */
const PRICEABLE = "cost_status is not null and cost_status <> 'no_usage'";

/** Months are UTC, as the rollups are. The rest of the month is expected to go on like the last seven days. */
const MONTH = `month as (
  select date_trunc('month', $__timeTo()::timestamptz, 'UTC') as since, date_trunc('month', $__timeTo()::timestamptz, 'UTC') + interval '1 month' as until
)`;

const FORECAST = `${MONTH},
spent as (
  select coalesce(sum(c.cost_usd), 0) as usd from month m, lateral genai.calls(m.since, $__timeTo()) c where ${SELECTED}
),
recent as (
  select coalesce(sum(cost_usd), 0) / greatest(1, least(7, extract(epoch from $__timeTo()::timestamptz - min(bucket)) / 86400)) as usd_per_day
  from genai.calls($__timeTo()::timestamptz - interval '7 days', $__timeTo()) where ${SELECTED}
),
forecast as (
  select s.usd as spent, s.usd + r.usd_per_day * extract(epoch from m.until - $__timeTo()::timestamptz) / 86400 as expected
  from month m, spent s, recent r
)`;

const BUDGET = "nullif('$monthly_budget', '')::double precision";

/** Without a single priced call money is unknown, which is not 0. */
export const spend = tableQuery(["time", "value"], comparedToBefore("sum(c.cost_usd) filter (where c.priced_calls > 0)"));

export const monthForecast = tableQuery(["value"], `with ${FORECAST} select expected::double precision as value from forecast`);

export const budgetUsed = tableQuery(["value"], `with ${FORECAST} select expected::double precision / ${BUDGET} as value from forecast`);

export const netSavings = tableQuery(["time", "value"], comparedToBefore("sum(c.cache_savings_usd) filter (where c.priced_calls > 0)"));

export const savingsShare = tableQuery(
  ["time", "value"],
  comparedToBefore("sum(c.cache_savings_usd) / nullif(sum(c.cost_without_cache_usd), 0)"),
);

export const hitRate = tableQuery(
  ["time", "value"],
  comparedToBefore("sum(c.cache_read_input_tokens)::double precision / nullif(sum(c.input_tokens), 0)"),
);

export const coverage = tableQuery(
  ["time", "value"],
  comparedToBefore(`sum(c.priced_calls)::double precision / nullif(sum(c.calls) filter (where ${PRICEABLE}), 0)`),
);

export const unpricedCalls = tableQuery(
  ["time", "value"],
  comparedToBefore(`coalesce(sum(c.calls - c.priced_calls) filter (where ${PRICEABLE}), 0)::double precision`),
);

export const spendByProvider = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, sum(cost_usd) / (${STEP_SECONDS} / 3600.0) as value
from ${CALLS_OVER_TIME} where ${SELECTED} and priced_calls > 0 and ${WHOLE_BUCKET}
group by 1, 2 order by 1`,
);

/** Running total of the month that each point lies in, and where it was heading to: total / time passed x length of the month. */
export const monthAgainstBudget = wideSeriesQuery(
  ["spent", "forecast", "budget"],
  `
with hours as (
  select bucket, date_trunc('month', bucket, 'UTC') as month, sum(cost_usd) as usd
  from genai.calls_over_time(date_trunc('month', $__timeFrom()::timestamptz, 'UTC'), $__timeTo(), make_interval(secs => greatest(3600, ${STEP_SECONDS})))
  where ${SELECTED}
  group by 1, 2
),
totals as (
  select bucket, month, sum(usd) over (partition by month order by bucket) as spent,
    sum(usd) over (order by bucket range between interval '7 days' preceding and current row)
      / greatest(1, least(7, extract(epoch from bucket - min(bucket) over ()) / 86400)) as usd_per_day
  from hours
)
select bucket as time, spent, spent + usd_per_day * extract(epoch from month + interval '1 month' - bucket)::double precision / 86400 as forecast, ${BUDGET} as budget
from totals where $__timeFilter(bucket)
order by 1`,
);

export const byModel = tableQuery(
  [
    "model_provider",
    "model",
    "calls",
    "cost",
    "cost_share",
    "cost_per_call",
    "cost_per_1k_output",
    "cache_hit_rate",
    "cache_read",
    "cache_write",
    "reads_per_write",
    "cache_savings",
    "savings_share",
  ],
  `
with sums as (
  select model_provider, model, sum(calls)::double precision as calls, sum(priced_calls) as priced_calls, sum(cost_usd) as cost,
    sum(output_tokens) filter (where cost_status in ('priced', 'ambiguous_usage')) as priced_output, sum(input_tokens) as input_tokens,
    sum(cache_read_input_tokens)::double precision as cache_read, sum(cache_creation_input_tokens)::double precision as cache_write,
    sum(cache_savings_usd) as savings, sum(cost_without_cache_usd) as without_cache
  from ${CALLS} where ${SELECTED} group by 1, 2
)
select model_provider, model, calls, case when priced_calls > 0 then cost end as cost, cost / nullif(sum(cost) over (), 0) as cost_share,
  cost / nullif(priced_calls, 0) as cost_per_call, case when priced_calls > 0 then cost / nullif(priced_output, 0) * 1000 end as cost_per_1k_output,
  cache_read / nullif(input_tokens, 0) as cache_hit_rate, cache_read, cache_write, cache_read / nullif(cache_write, 0) as reads_per_write,
  case when priced_calls > 0 then savings end as cache_savings, savings / nullif(without_cache, 0) as savings_share
from sums order by cost desc nulls last, calls desc`,
);

export const hitRateByModel = seriesQuery(
  ["model"],
  `
select bucket as time, model, sum(cache_read_input_tokens)::double precision / nullif(sum(input_tokens), 0) as value
from ${CALLS_OVER_TIME} where ${SELECTED}
group by 1, 2
having sum(input_tokens) > 0 and bool_or(cached_calls > 0)
order by 1`,
);

export const cacheReadAgainstWrite = wideSeriesQuery(
  ["read", "written"],
  `
select bucket as time, sum(cache_read_input_tokens) / (${STEP_SECONDS} / 60.0) as read, sum(cache_creation_input_tokens) / (${STEP_SECONDS} / 60.0) as written
from ${CALLS_OVER_TIME} where ${SELECTED} and ${WHOLE_BUCKET}
group by 1 order by 1`,
);

/** Each token once: reasoning is taken out of the output, cached tokens out of the input. */
export const tokensByKind = wideSeriesQuery(
  ["uncached_input", "cache_read", "cache_write", "output", "reasoning"],
  `
select bucket as time, sum(input_tokens - cache_read_input_tokens - cache_creation_input_tokens) / (${STEP_SECONDS} / 60.0) as uncached_input,
  sum(cache_read_input_tokens) / (${STEP_SECONDS} / 60.0) as cache_read, sum(cache_creation_input_tokens) / (${STEP_SECONDS} / 60.0) as cache_write,
  sum(output_tokens - reasoning_tokens) / (${STEP_SECONDS} / 60.0) as output, sum(reasoning_tokens) / (${STEP_SECONDS} / 60.0) as reasoning
from ${CALLS_OVER_TIME} where ${SELECTED} and ${WHOLE_BUCKET}
group by 1 order by 1`,
);

export const savingsOverTime = seriesQuery(
  ["model"],
  `
select bucket as time, model, sum(cache_savings_usd) / (${STEP_SECONDS} / 3600.0) as value
from ${CALLS_OVER_TIME} where ${SELECTED} and ${WHOLE_BUCKET}
group by 1, 2
having sum(cache_savings_usd) <> 0
order by 1`,
);

export const byService = tableQuery(
  ["service_name", "calls", "cost", "cost_share", "cache_savings"],
  `
select service_name, sum(calls)::double precision as calls, sum(cost_usd) filter (where priced_calls > 0) as cost,
  sum(cost_usd) / nullif(sum(sum(cost_usd)) over (), 0) as cost_share, sum(cache_savings_usd) filter (where priced_calls > 0) as cache_savings
from ${CALLS} where ${SELECTED}
group by 1 order by cost desc nulls last`,
);

/** Hours at the edges of the range count whole: users are kept by the hour. */
export const byUser = tableQuery(
  ["user_id", "calls", "cost", "cost_share", "tokens"],
  `
select user_id, sum(calls)::double precision as calls, nullif(sum(cost_usd), 0) as cost, sum(cost_usd) / nullif(sum(sum(cost_usd)) over (), 0) as cost_share,
  sum(input_tokens + output_tokens)::double precision as tokens
from genai.users($__timeFrom(), $__timeTo()) where ${SELECTED}
group by 1 order by cost desc nulls last limit 25`,
);

export const unpriced = tableQuery(
  ["model_provider", "model", "cost_status", "calls", "share", "tokens"],
  `
select model_provider, model, cost_status, sum(calls)::double precision as calls,
  sum(calls)::double precision / sum(sum(calls)) over () as share, sum(input_tokens + output_tokens)::double precision as tokens
from ${CALLS} where ${SELECTED} and cost_status is not null and cost_status not in ('priced', 'no_usage')
group by 1, 2, 3 order by calls desc`,
);
