import { seriesQuery, tableQuery, wideSeriesQuery } from "../panel-query.ts";
import {
  CALLS,
  CALLS_OVER_TIME,
  HISTOGRAMS_OVER_TIME,
  PERIODS,
  SELECTED,
  STEP_SECONDS,
  WHOLE_BUCKET,
  comparedToBefore,
  quantileComparedToBefore,
  quantileOverTime,
} from "./selection.ts";

export const calls = tableQuery(["time", "value"], comparedToBefore("coalesce(sum(c.calls), 0)::double precision"));

export const errorRate = tableQuery(["time", "value"], comparedToBefore("sum(c.failed)::double precision / nullif(sum(c.calls), 0)"));

export const durationP95 = tableQuery(["time", "value"], quantileComparedToBefore("duration", 0.95));

export const ttftP95 = tableQuery(["time", "value"], quantileComparedToBefore("ttft", 0.95));

export const costPerHour = tableQuery(
  ["time", "value"],
  comparedToBefore(
    "sum(c.cost_usd) filter (where c.priced_calls > 0) / (extract(epoch from max(p.until) - p.since) / 3600)::double precision",
  ),
);

export const cacheSavings = tableQuery(["time", "value"], comparedToBefore("sum(c.cache_savings_usd) filter (where c.priced_calls > 0)"));

export const cacheHitRate = tableQuery(
  ["time", "value"],
  comparedToBefore("sum(c.cache_read_input_tokens)::double precision / nullif(sum(c.input_tokens), 0)"),
);

export const retryRate = tableQuery(["time", "value"], comparedToBefore("sum(c.retried)::double precision / nullif(sum(c.calls), 0)"));

/**
 * The seven questions, each with its answer, what it rests on, and the dashboard that shows more. Success rates are ranked
 * by the lower end of their 95 % interval, so that 3 of 3 does not beat 990 of 1,000.
 */
export const sevenAnswers = tableQuery(
  ["question", "answer", "evidence", "dashboard"],
  `
with total as (
  select model_provider, error_category, coalesce(retry_reason, error_category) as first_error, sum(calls) as calls, sum(failed) as failed, sum(retried) as retried, sum(retries) as retries,
    sum(input_tokens) as input_tokens, sum(cache_read_input_tokens) as cache_read, sum(cost_usd) as cost,
    sum(cost_usd) filter (where cost_status in ('priced', 'ambiguous_usage')) as priced_cost,
    sum(output_tokens) filter (where cost_status in ('priced', 'ambiguous_usage')) as priced_output,
    sum(priced_calls) filter (where error_category is null) as priced_successes,
    sum(cost_without_cache_usd) as without_cache, sum(cache_savings_usd) as savings
  from ${CALLS} where ${SELECTED}
  group by 1, 2, 3
),
provider as (
  select model_provider, sum(calls) as calls, sum(calls) - sum(failed) as successes,
    genai.wilson_lower((sum(calls) - sum(failed))::double precision, sum(calls)::double precision) as low,
    genai.wilson_upper((sum(calls) - sum(failed))::double precision, sum(calls)::double precision) as high,
    sum(priced_cost) / nullif(sum(priced_successes), 0) as per_success, sum(priced_cost) / nullif(sum(priced_output), 0) * 1000 as per_1k_output,
    coalesce(sum(calls) filter (where first_error = 'rate_limit'), 0) as rate_limited
  from total group by 1
),
overall as (
  select sum(calls) as calls, sum(failed) as failed, sum(retried) as retried, sum(retries) as retries, sum(cache_read) as cache_read, sum(input_tokens) as input,
    sum(savings) as savings, sum(without_cache) as without_cache
  from total
),
category as (select error_category, sum(failed) as failed from total where error_category is not null group by 1),
limited as (
  select string_agg(model_provider || ' ' || round(100.0 * rate_limited / calls, 1) || ' %', ', ' order by rate_limited::double precision / calls desc) as shares
  from (select * from provider where rate_limited > 0 order by rate_limited::double precision / calls desc limit 3) most
),
answers (n, question, answer, evidence, dashboard) as (
  select 1, 'Which provider has the best success rate?', p.model_provider,
    round(100.0 * p.successes / p.calls, 2) || ' % of ' || p.calls || ' calls (95 %: ' || round((100 * p.low)::numeric, 2) || ' to ' || round((100 * p.high)::numeric, 2) || ' %)',
    'genai-provider-comparison'
  from (select * from provider order by low desc limit 1) p
  union all
  select 2, 'Which is most cost-effective?', p.model_provider,
    '$' || round(p.per_success::numeric, 5) || ' per successful call, $' || round(p.per_1k_output::numeric, 4) || ' per 1k output tokens', 'genai-provider-comparison'
  from (select * from provider where per_success > 0 order by per_success limit 1) p
  union all
  select 3, 'What is the cache hit rate?', round(100.0 * cache_read / nullif(input, 0), 1) || ' %',
    to_char(cache_read, 'FM999G999G999G999') || ' of ' || to_char(input, 'FM999G999G999G999') || ' input tokens read from the cache', 'genai-cost-and-caching'
  from overall
  union all
  select 4, 'What is the most common error category?', c.error_category,
    c.each || c.failed || ' of ' || o.failed || ' failed calls (' || round(100.0 * c.failed / o.failed, 1) || ' %)', 'genai-error-patterns'
  from (
    select string_agg(error_category, ' and ' order by error_category) as error_category, min(failed) as failed, case when count(*) > 1 then 'a tie, each ' else '' end as each
    from (select * from category order by failed desc fetch first row with ties) most_common having count(*) > 0
  ) c, overall o
  union all
  select 5, 'Do rate limits hit particular providers?', coalesce((select model_provider from provider where rate_limited > 0 order by rate_limited::double precision / calls desc limit 1), 'no'),
    coalesce('calls that met one: ' || shares, 'no call was rate limited'), 'genai-error-patterns'
  from limited
  union all
  select 6, 'What is the average retry rate?', round(100.0 * retried / nullif(calls, 0), 2) || ' %', retried || ' of ' || calls || ' calls needed ' || retries || ' more attempts', 'genai-retries'
  from overall
  union all
  select 7, 'How much money does prompt caching save?', '$' || round(savings::numeric, 2),
    round((100 * savings / nullif(without_cache, 0))::numeric, 1) || ' % of the $' || round(without_cache::numeric, 2) || ' that it would have cost without', 'genai-cost-and-caching'
  from overall
)
select question, answer, evidence, dashboard from answers order by n`,
);

export const callsByProvider = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, sum(calls) / (${STEP_SECONDS} / 60.0) as value
from ${CALLS_OVER_TIME} where ${SELECTED} and ${WHOLE_BUCKET}
group by 1, 2 order by 1`,
);

export const errorRateByProvider = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, sum(failed)::double precision / nullif(sum(calls), 0) as value
from ${CALLS_OVER_TIME} where ${SELECTED}
group by 1, 2 order by 1`,
);

export const durationQuantiles = wideSeriesQuery(
  ["p50", "p95", "p99"],
  `
select bucket as time, genai.histogram_quantile(h, 0.5) / 1000 as p50, genai.histogram_quantile(h, 0.95) / 1000 as p95, genai.histogram_quantile(h, 0.99) / 1000 as p99
from (
  select bucket, genai.histogram_sum(counts) as h
  from ${HISTOGRAMS_OVER_TIME}
  where measure = 'duration' and status = 'completed' and ${SELECTED}
  group by 1
) histograms
order by 1`,
);

export const ttftP95ByProvider = seriesQuery(
  ["model_provider"],
  quantileOverTime({ measure: "ttft", quantile: 0.95, label: "model_provider" }),
);

export const costPerHourByProvider = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, sum(cost_usd) / (${STEP_SECONDS} / 3600.0) as value
from ${CALLS_OVER_TIME} where ${SELECTED} and priced_calls > 0 and ${WHOLE_BUCKET}
group by 1, 2 order by 1`,
);

/** Largest movers first: a model's distance from the period before, errors weighed by its share of the calls. */
export const changes = tableQuery(
  ["model_provider", "model", "calls", "calls_change", "error_rate", "error_rate_change", "p95", "p95_change", "cost", "cost_change"],
  `
with ${PERIODS},
sums as (
  select p.n, c.model_provider, c.model, sum(c.calls)::double precision as calls, sum(c.failed)::double precision as failed, sum(c.cost_usd) filter (where c.priced_calls > 0) as cost
  from periods p cross join lateral (select * from genai.calls(p.since, p.until) where ${SELECTED}) c
  group by 1, 2, 3
),
quantiles as (
  select n, model_provider, model, genai.histogram_quantile(genai.histogram(bin, calls), 0.95) / 1000 as p95
  from (
    select p.n, l.model_provider, l.model, l.bin, sum(l.calls)::bigint as calls
    from periods p cross join lateral (
      select * from genai.latencies(p.since, p.until) where measure = 'duration' and status = 'completed' and ${SELECTED}
    ) l
    group by 1, 2, 3, 4
  ) bins
  group by 1, 2, 3
),
pairs as (
  select s.model_provider, s.model,
    max(s.calls) filter (where s.n = 2) as calls, max(s.calls) filter (where s.n = 1) as calls_before,
    max(s.failed / s.calls) filter (where s.n = 2) as error_rate, max(s.failed / s.calls) filter (where s.n = 1) as error_rate_before,
    max(q.p95) filter (where s.n = 2) as p95, max(q.p95) filter (where s.n = 1) as p95_before,
    max(s.cost) filter (where s.n = 2) as cost, max(s.cost) filter (where s.n = 1) as cost_before
  from sums s left join quantiles q using (n, model_provider, model)
  group by 1, 2
)
select model_provider, model, coalesce(calls, 0) as calls, calls / nullif(calls_before, 0) - 1 as calls_change,
  error_rate, error_rate - error_rate_before as error_rate_change, p95, p95 / nullif(p95_before, 0) - 1 as p95_change,
  cost, cost - coalesce(cost_before, 0) as cost_change
from pairs
order by abs(coalesce(error_rate - error_rate_before, 0)) * coalesce(calls, 0) + abs(coalesce(calls, 0) - coalesce(calls_before, 0)) desc
limit 12`,
);
