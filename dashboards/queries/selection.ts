/**
 * What the queries of all dashboards share. `genai` is the schema that the gateway makes unless configured otherwise.
 *
 * The dashboard's filters. Chosen values arrive as a quoted list ('a','b'); for "All" each variable is the column itself
 * (its custom all-value), so that `model in (model)` keeps values which appeared after the list was read and costs nothing.
 */
export const SELECTED =
  "environment in ($environment) and service_name in ($service) and model_provider in ($provider) and model in ($model) and operation in ($operation)";

/** Model calls of the dashboard's range, exact to the minute; buckets are of mixed width, to be summed only. */
export const CALLS = "genai.calls($__timeFrom(), $__timeTo())";

export const LATENCIES = "genai.latencies($__timeFrom(), $__timeTo())";

/**
 * Width of a graph's bucket in seconds: Grafana's interval, but never finer than what the rollups hold for such a range
 * (a minute, beyond 36 hours an hour), so that "per hour" divides by the time that a bucket really covers.
 */
export const STEP_SECONDS =
  "greatest($__interval_ms / 1000, case when $__timeTo()::timestamptz - $__timeFrom()::timestamptz > interval '36 hours' then 3600 else 60 end)";

export const STEP = `make_interval(secs => ${STEP_SECONDS})`;

export const CALLS_OVER_TIME = `genai.calls_over_time($__timeFrom(), $__timeTo(), ${STEP})`;

/** Histograms as arrays: merging those (histogram_sum) is three times faster than adding up the rows of LATENCIES. */
export const HISTOGRAMS_OVER_TIME = `genai.histograms_over_time($__timeFrom(), $__timeTo(), ${STEP})`;

/** Leaves out the bucket that is still filling: a sum over part of an hour reads as a drop. Ratios and quantiles do not need it. */
export const WHOLE_BUCKET = `bucket < genai.utc_floor(${STEP}, $__timeTo())`;

/** The dashboard's range (n = 2) and the one of the same length before it (n = 1). */
export const PERIODS = `periods as (
  select 1 as n, $__timeFrom()::timestamptz - ($__timeTo()::timestamptz - $__timeFrom()::timestamptz) as since, $__timeFrom()::timestamptz as until
  union all
  select 2, $__timeFrom()::timestamptz, $__timeTo()::timestamptz
)`;

/**
 * One number for now and one for the period before, as two rows over time: a stat panel shows the last and how far it is
 * from the first. A period without calls still has its row, so that the old number is never shown as the new one.
 */
export function comparedToBefore(value: string): string {
  return `
with ${PERIODS}
select p.since as time, ${value} as value
from periods p left join lateral (
  select * from genai.calls(p.since, p.until) where ${SELECTED}
) c on true
group by p.since order by p.since`;
}

export function quantileComparedToBefore(measure: "duration" | "ttft", quantile: number): string {
  return `
with ${PERIODS}
select p.since as time, genai.histogram_quantile(genai.histogram_sum(h.counts), ${quantile}) / 1000 as value
from periods p left join lateral (
  select * from genai.histograms(p.since, p.until) where measure = '${measure}' and status = 'completed' and ${SELECTED}
) h on true
group by p.since order by p.since`;
}

/** Quantiles of a graph: histograms are merged per bucket and label before the quantile is read. */
export function quantileOverTime(options: { measure: "duration" | "ttft"; quantile: number; label: string }): string {
  return `
select bucket as time, ${options.label}, genai.histogram_quantile(genai.histogram_sum(counts), ${options.quantile}) / 1000 as value
from ${HISTOGRAMS_OVER_TIME}
where measure = '${options.measure}' and status = 'completed' and ${SELECTED}
group by 1, 2 order by 1`;
}
