import { seriesQuery, tableQuery, wideSeriesQuery } from "../panel-query.ts";
import { CALLS, CALLS_OVER_TIME, HISTOGRAMS_OVER_TIME, LATENCIES, SELECTED, quantileOverTime } from "./selection.ts";

/**
 * One row per provider and model. Money and tokens of unpriced calls are left out on both sides of a ratio: NULL is not 0.
 * Final failures = failed calls that no later call repeated (every call with retry_of repeats one failed call).
 */
export const comparison = tableQuery(
  [
    "model_provider",
    "model",
    "calls",
    "success_rate",
    "success_interval",
    "final_success_rate",
    "p50",
    "p95",
    "ttft_p95",
    "tokens_per_second",
    "cost_per_call",
    "cost_per_success",
    "cost_per_1k_output",
    "wasted",
    "cache_hit_rate",
    "cache_savings",
    "retry_rate",
    "top_errors",
  ],
  `
with sums as (
  select model_provider, model, error_category, sum(calls)::double precision as calls, sum(failed)::double precision as failed,
    sum(retried)::double precision as retried, sum(repeats)::double precision as repeats,
    sum(output_tokens_per_second) as rate, sum(output_rate_calls) as rate_calls,
    sum(priced_calls)::double precision as priced_calls, sum(cost_usd) as cost, sum(wasted_usd) as wasted,
    sum(output_tokens) filter (where cost_status in ('priced', 'ambiguous_usage')) as priced_output,
    sum(cache_read_input_tokens)::double precision as cache_read, sum(input_tokens) as input_tokens, sum(cache_savings_usd) as savings
  from ${CALLS} where ${SELECTED}
  group by 1, 2, 3
),
models as (
  select model_provider, model, sum(calls) as calls, sum(failed) as failed, sum(retried) as retried, sum(repeats) as repeats,
    sum(rate) / nullif(sum(rate_calls), 0) as tokens_per_second,
    case when sum(priced_calls) > 0 then sum(cost) end as cost, sum(priced_calls) as priced_calls,
    sum(priced_calls) filter (where error_category is null) as priced_successes, sum(priced_output) as priced_output, sum(wasted) as wasted,
    sum(cache_read) / nullif(sum(input_tokens), 0) as cache_hit_rate, sum(savings) as savings,
    (array_agg(error_category order by failed desc) filter (where error_category is not null)) as categories,
    (array_agg(failed order by failed desc) filter (where error_category is not null)) as category_failed
  from sums group by 1, 2
),
quantiles as (
  select model_provider, model, genai.histogram_quantile(genai.histogram(bin, calls) filter (where measure = 'duration'), 0.5) / 1000 as p50,
    genai.histogram_quantile(genai.histogram(bin, calls) filter (where measure = 'duration'), 0.95) / 1000 as p95,
    genai.histogram_quantile(genai.histogram(bin, calls) filter (where measure = 'ttft'), 0.95) / 1000 as ttft_p95
  from (
    select model_provider, model, measure, bin, sum(calls)::bigint as calls
    from ${LATENCIES} where status = 'completed' and ${SELECTED}
    group by 1, 2, 3, 4
  ) bins
  group by 1, 2
)
select m.model_provider, m.model, m.calls, 1 - m.failed / m.calls as success_rate,
  to_char(100 * genai.wilson_lower(m.calls - m.failed, m.calls), 'FM990.0') || ' – ' || to_char(100 * genai.wilson_upper(m.calls - m.failed, m.calls), 'FM990.0') || ' %' as success_interval,
  1 - greatest(0, m.failed - m.repeats) / nullif(m.calls - m.repeats, 0) as final_success_rate,
  q.p50, q.p95, q.ttft_p95, m.tokens_per_second,
  m.cost / nullif(m.priced_calls, 0) as cost_per_call, m.cost / nullif(m.priced_successes, 0) as cost_per_success,
  m.cost / nullif(m.priced_output, 0) * 1000 as cost_per_1k_output, case when m.priced_calls > 0 then m.wasted end as wasted,
  m.cache_hit_rate, case when m.priced_calls > 0 then m.savings end as cache_savings, m.retried / m.calls as retry_rate,
  coalesce(m.categories[1] || ' ' || m.category_failed[1] || coalesce(', ' || m.categories[2] || ' ' || m.category_failed[2], ''), 'none') as top_errors
from models m left join quantiles q using (model_provider, model)
order by m.calls desc`,
);

export const successRate = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, 1 - sum(failed)::double precision / nullif(sum(calls), 0) as value
from ${CALLS_OVER_TIME} where ${SELECTED}
group by 1, 2 order by 1`,
);

export const durationP95 = seriesQuery(
  ["model_provider"],
  quantileOverTime({ measure: "duration", quantile: 0.95, label: "model_provider" }),
);

export const costPer1kOutput = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, sum(cost_usd) / nullif(sum(output_tokens), 0) * 1000 as value
from ${CALLS_OVER_TIME} where ${SELECTED} and cost_status in ('priced', 'ambiguous_usage')
group by 1, 2 order by 1`,
);

export const ttftP95 = seriesQuery(["model_provider"], quantileOverTime({ measure: "ttft", quantile: 0.95, label: "model_provider" }));

export const outputRate = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, sum(output_tokens_per_second) / nullif(sum(output_rate_calls), 0) as value
from ${CALLS_OVER_TIME} where ${SELECTED}
group by 1, 2
having sum(output_rate_calls) > 0
order by 1`,
);

export const cacheHitRate = seriesQuery(
  ["model_provider"],
  `
select bucket as time, model_provider, sum(cache_read_input_tokens)::double precision / nullif(sum(input_tokens), 0) as value
from ${CALLS_OVER_TIME} where ${SELECTED}
group by 1, 2 order by 1`,
);

/** Rows of the heatmap: one per doubling, from 128 ms to 2 min, the ends open. 8 bins of the stored histogram each. */
const DOUBLINGS = [
  { label: "≤ 0.125 s", from: 0, to: 56 },
  { label: "0.25 s", from: 57, to: 64 },
  { label: "0.5 s", from: 65, to: 72 },
  { label: "1 s", from: 73, to: 80 },
  { label: "2 s", from: 81, to: 88 },
  { label: "4 s", from: 89, to: 96 },
  { label: "8 s", from: 97, to: 104 },
  { label: "16 s", from: 105, to: 112 },
  { label: "33 s", from: 113, to: 120 },
  { label: "66 s", from: 121, to: 128 },
  { label: "> 66 s", from: 129, to: 255 },
] as const;

export const durationHeatmap = wideSeriesQuery(
  DOUBLINGS.map(({ label }) => label),
  `
select bucket as time,
${DOUBLINGS.map(({ label, from, to }) => `  genai.histogram_between(h, ${from}, ${to})::double precision as "${label}"`).join(",\n")}
from (
  select bucket, genai.histogram_sum(counts) as h
  from ${HISTOGRAMS_OVER_TIME}
  where measure = 'duration' and ${SELECTED}
  group by 1
) histograms
order by 1`,
);

/**
 * The tokens of all selected priced calls at the list price of every selected model that has one. Where a provider has no price for a
 * cache, its tokens are plain input there. Other models count the same text differently and answer at other lengths.
 */
export const sameTokensElsewhere = tableQuery(
  ["provider", "model", "would_cost", "difference", "difference_share"],
  `
with tokens as (
  select sum(input_tokens - cache_read_input_tokens - cache_creation_input_tokens) as uncached, sum(cache_read_input_tokens) as cache_read,
    sum(cache_creation_input_tokens) as cache_write, sum(output_tokens) as output, sum(cost_usd) as cost
  from ${CALLS} where ${SELECTED} and cost_status in ('priced', 'ambiguous_usage')
),
offers as (
  select distinct on (s.model_provider, s.model) s.model_provider, s.model, p.input_usd_per_million as input, p.output_usd_per_million as output,
    coalesce(p.cache_read_usd_per_million, p.input_usd_per_million) as cache_read, coalesce(p.cache_write_usd_per_million, p.input_usd_per_million) as cache_write
  from (
    select model_provider, model from ${CALLS}
    where ${SELECTED} and operation <> 'embeddings' and cost_status in ('priced', 'ambiguous_usage')
    group by 1, 2
  ) s
  join genai.model_prices p on p.provider = s.model_provider and (s.model = p.model or starts_with(s.model, p.model || '-'))
  where p.input_usd_per_million > 0 and p.output_usd_per_million > 0
  order by s.model_provider, s.model, length(p.model) desc
),
priced as (
  select o.model_provider as provider, o.model, t.cost,
    (t.uncached * o.input + t.cache_read * o.cache_read + t.cache_write * o.cache_write + t.output * o.output) / 1e6 as would_cost
  from offers o cross join tokens t
)
select provider, model, would_cost, would_cost - cost as difference, would_cost / nullif(cost, 0) - 1 as difference_share
from priced where would_cost is not null
order by would_cost`,
);
