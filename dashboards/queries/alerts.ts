import { ALERT_SETTINGS } from "../alert-settings.ts";
import { tableQuery } from "../panel-query.ts";

/**
 * SQL of the alert rules. Grafana takes a table with exactly one number column as one alert per row, the text columns as its
 * labels. Every known provider (or model) has its row, 0 when all is well or when there were too few calls to judge: a row
 * that disappears would resolve its alert. Time is Grafana's: the window ends at $__timeTo(), so that tests can choose it.
 */
const SETTINGS = ALERT_SETTINGS;
const WINDOW = "genai.calls($__timeFrom(), $__timeTo())";

export const errorRate = perProvider(
  ["sum(calls)::double precision as calls", "sum(failed)::double precision as failed"],
  WINDOW,
  `case when calls >= ${SETTINGS.errorRate.callsMin} then failed / calls end`,
);

/** How many times faster than the objective allows both windows use up the budget of failures. */
export function burnRate(windows: { longMinutes: number; shortMinutes: number; callsMin: number }) {
  const short = `bucket >= $__timeTo()::timestamptz - interval '${windows.shortMinutes} minutes'`;
  const allowed = `(1 - ${SETTINGS.objective})`;
  return perProvider(
    [
      "sum(calls)::double precision as calls",
      "sum(failed)::double precision as failed",
      `sum(calls) filter (where ${short})::double precision as short_calls`,
      `sum(failed) filter (where ${short})::double precision as short_failed`,
    ],
    // The bounds of the short window cut through hours and days, which one call of the function would have merged.
    `(select * from genai.calls($__timeFrom(), $__timeTo()::timestamptz - interval '${windows.shortMinutes} minutes')
    union all select * from genai.calls($__timeTo()::timestamptz - interval '${windows.shortMinutes} minutes', $__timeTo())) calls`,
    `case when calls >= ${windows.callsMin} and short_calls > 0 then least(failed / calls, short_failed / short_calls) / ${allowed} end`,
  );
}

/** Share of calls whose first attempt met a limit; 0 unless it is several times the provider's share of the day before. */
export const rateLimitSurge = perProvider(
  [
    "sum(calls) filter (where recent)::double precision as calls",
    "sum(calls) filter (where recent and limited)::double precision as limited",
    "coalesce(sum(calls) filter (where not recent and limited), 0)::double precision / nullif(sum(calls) filter (where not recent), 0) as usual",
  ],
  `(select *, true as recent, coalesce(retry_reason, error_category) is not distinct from 'rate_limit' as limited from ${WINDOW}
    union all select *, false, coalesce(retry_reason, error_category) is not distinct from 'rate_limit' from genai.calls($__timeFrom()::timestamptz - interval '1 day', $__timeFrom())) calls`,
  `case when calls >= ${SETTINGS.rateLimited.callsMin} and limited / calls > coalesce(usual, 0) * ${SETTINGS.rateLimited.timesUsual} then limited / calls end`,
);

export const providerOverloaded = perModel(
  [
    "sum(calls)::double precision as calls",
    "sum(calls) filter (where coalesce(retry_reason, error_category) = 'model_overloaded')::double precision as overloaded",
  ],
  WINDOW,
  `case when calls >= ${SETTINGS.overloaded.callsMin} then overloaded / calls end`,
);

export const quotaExceeded = perProvider(
  ["sum(failed) filter (where error_category = 'quota_exceeded')::double precision as failed"],
  WINDOW,
  "failed",
);

export const authFailures = perProvider(
  ["sum(failed) filter (where error_category = 'auth')::double precision as failed"],
  WINDOW,
  "failed",
);

export const durationP95 = quantilePerModel("duration", SETTINGS.durationSeconds.callsMin);

export const ttftP95 = quantilePerModel("ttft", SETTINGS.ttftSeconds.callsMin);

export const spend = tableQuery(["value"], `select coalesce(sum(cost_usd), 0)::double precision as value from ${WINDOW}`);

/** How far the last hour is below the model's own week before it. */
export const cacheHitRateDrop = perModel(
  [
    "sum(calls) filter (where recent)::double precision as calls",
    "sum(cache_read_input_tokens) filter (where recent)::double precision / nullif(sum(input_tokens) filter (where recent), 0) as hit_rate",
    "sum(cache_read_input_tokens) filter (where not recent)::double precision / nullif(sum(input_tokens) filter (where not recent), 0) as usual",
  ],
  `(select *, true as recent from ${WINDOW} union all select *, false from genai.calls($__timeFrom()::timestamptz - interval '7 days', $__timeFrom())) calls`,
  `case when calls >= ${SETTINGS.cacheHitRateDrop.callsMin} then greatest(0, usual - hit_rate) end`,
);

/** The other way round: 1 stands for "nothing to complain of". */
export const costCoverage = tableQuery(
  ["environment", "value"],
  `
select known.environment, coalesce(case when calls >= ${SETTINGS.costCoverage.callsMin} then priced / calls end, 1) as value
from (select distinct environment from genai.series) known
left join (
  select environment, sum(calls)::double precision as calls, sum(priced_calls)::double precision as priced
  from ${WINDOW} where cost_status is not null and cost_status <> 'no_usage'
  group by 1
) seen using (environment)`,
);

export const retryStorm = perProvider(
  ["sum(calls)::double precision as calls", "sum(retried)::double precision as retried"],
  WINDOW,
  `case when calls >= ${SETTINGS.retriesPerCall.callsMin} then retried / calls end`,
);

/** Seconds since the newest model call began. A database that never saw one is new, not silent. */
export const pipelineSilent = tableQuery(
  ["value"],
  `
select coalesce(extract(epoch from $__timeTo()::timestamptz - (
  select created_at from genai.llm_traces where created_at <= $__timeTo() order by created_at desc limit 1
)), 0)::double precision as value`,
);

/** Seconds since any gateway process wrote about itself. A database that no gateway ever wrote to is not silent. */
export const gatewaySilent = tableQuery(
  ["value"],
  `
select coalesce(extract(epoch from $__timeTo()::timestamptz - (
  select sampled_at from genai.gateway_samples where sampled_at <= $__timeTo() order by sampled_at desc limit 1
)), 0)::double precision as value`,
);

/** Seconds that the oldest span waits in a spool of each process, by its newest word. */
export const gatewaySpool = tableQuery(
  ["instance", "value"],
  `
select distinct on (instance) instance, spool_age_ms / 1000 as value
from genai.gateway_samples where $__timeFilter(sampled_at)
order by instance, sampled_at desc`,
);

/**
 * Requests that were answered with an error, or spans that were refused or lost, whichever share is larger. Who asks for
 * what is not there is no sender of spans.
 */
export const gatewayRefusals = tableQuery(
  ["value"],
  `
select coalesce(case when requests >= ${SETTINGS.gateway.requestsMin} then greatest(refused_requests / requests, refused_spans / nullif(spans, 0)) end, 0) as value
from (
  select sum(requests)::double precision as requests, sum(refused_requests - coalesce((refused_by_reason->>'not_found')::bigint, 0) - coalesce((refused_by_reason->>'method_not_allowed')::bigint, 0))::double precision as refused_requests,
    sum(received_spans)::double precision as spans, sum(refused_spans + lost_spans)::double precision as refused_spans
  from genai.gateway_samples where $__timeFilter(sampled_at)
) sums`,
);

function perProvider(sums: readonly string[], source: string, value: string) {
  return perLabels(["environment", "model_provider"], { sums, source, value });
}

function perModel(sums: readonly string[], source: string, value: string) {
  return perLabels(["environment", "model_provider", "model"], { sums, source, value });
}

function perLabels(labels: readonly string[], { sums, source, value }: { sums: readonly string[]; source: string; value: string }) {
  const list = labels.join(", ");
  return tableQuery(
    [...labels, "value"],
    `
select ${list}, coalesce(${value}, 0)::double precision as value
from (select distinct ${list} from genai.series) known
left join (
  select ${list}, ${sums.join(", ")}
  from ${source}
  group by ${list}
) seen using (${list})`,
  );
}

function quantilePerModel(measure: "duration" | "ttft", callsMin: number) {
  return tableQuery(
    ["environment", "model_provider", "model", "value"],
    `
select environment, model_provider, model, coalesce(case when calls >= ${callsMin} then genai.histogram_quantile(h, 0.95) / 1000 end, 0)::double precision as value
from (select distinct environment, model_provider, model from genai.series) known
left join (
  select environment, model_provider, model, genai.histogram(bin, calls) as h, sum(calls) as calls
  from (
    select environment, model_provider, model, bin, sum(calls)::bigint as calls
    from genai.latencies($__timeFrom(), $__timeTo())
    where measure = '${measure}' and status = 'completed'
    group by 1, 2, 3, 4
  ) bins
  group by 1, 2, 3
) seen using (environment, model_provider, model)`,
  );
}
