import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { PROVIDER_COLORS } from "./palette.ts";
import * as queries from "./queries/tempo.ts";
import { barsPanel, GAIN_OR_LOSS, lowIsGood, seriesPanel, statPanel, tablePanel, textPanel } from "./style.ts";
import { tempoVariable, textVariable, type Variable } from "./variables.ts";

const CANNOT = `**From Tempo alone, without PostgreSQL.** TraceQL answers rates, shares, sums and quantiles of a time range. It cannot compare with the period before,
rank by a confidence interval, follow a call over its repeats, forecast a month, or price tokens elsewhere; sums leave out calls without a known price. Quantiles come from
power-of-two buckets: read them as "up to twice". The dashboards in the folder *GenAI* have all of it, exactly, from PostgreSQL.`;

/** Regular expressions, since a tag's values are only listed while they are fresh. */
export function tempoFilters(): Variable[] {
  return [
    tempoVariable(),
    textVariable("service", "Service (regex)", ".*"),
    textVariable("provider", "Provider (regex)", ".*"),
    textVariable("model", "Model (regex)", ".*"),
  ];
}

export function tempoOverview(): Dashboard {
  return dashboardOf({
    name: "tempoOverview",
    title: "GenAI on Tempo: overview",
    description: "Rate, errors, duration, cost and the seven questions, from the enriched spans in Tempo.",
    store: "tempo",
    from: "now-24h",
    variables: tempoFilters(),
    panels: [...headline(), ...money(), ...providers(), ...overTime(), latest()],
  });
}

function headline() {
  const size = { width: 3, height: 4 };
  const { errorRate, durationSeconds } = ALERT_SETTINGS;
  return [
    statPanel({
      id: 1,
      title: "Calls",
      description: "Calls to a model in the time range.",
      ...size,
      query: queries.calls,
      unit: "short",
      reduce: "sum",
    }),
    statPanel({
      id: 2,
      title: "Error rate",
      description: "Failed calls / calls. Red from the alert's threshold.",
      ...size,
      query: queries.errorRate,
      unit: "percentunit",
      decimals: 2,
      steps: lowIsGood(errorRate.above / 2, errorRate.above),
    }),
    statPanel({
      id: 3,
      title: "Duration p95",
      description: "95th percentile of completed calls, from power-of-two buckets: up to twice the true value.",
      ...size,
      query: queries.durationP95,
      unit: "s",
      decimals: 1,
      steps: lowIsGood(durationSeconds.above / 2, durationSeconds.above),
    }),
    statPanel({
      id: 4,
      title: "First token",
      description: "Mean time to the first chunk of streamed calls. TraceQL has no quantiles of this attribute.",
      ...size,
      query: queries.firstTokenMean,
      unit: "s",
      decimals: 1,
    }),
  ];
}

function money() {
  const size = { width: 3, height: 4 };
  const { retriesPerCall } = ALERT_SETTINGS;
  return [
    statPanel({
      id: 5,
      title: "Cost",
      description: "Cost of all priced calls in the time range.",
      ...size,
      query: queries.cost,
      unit: "currencyUSD",
      decimals: 2,
      reduce: "sum",
    }),
    statPanel({
      id: 6,
      title: "Cache savings",
      description: "What prompt caching saved, net of the surcharge for writing the cache.",
      ...size,
      query: queries.savings,
      unit: "currencyUSD",
      decimals: 2,
      steps: GAIN_OR_LOSS,
      reduce: "sum",
    }),
    statPanel({
      id: 7,
      title: "Cache hit rate",
      description: "Input tokens read from a cache / input tokens.",
      ...size,
      query: queries.hitRate,
      unit: "percentunit",
      decimals: 1,
    }),
    statPanel({
      id: 8,
      title: "Retry rate",
      description: "Calls that needed more than one attempt / calls. Red from the alert's threshold.",
      ...size,
      query: queries.retryRate,
      unit: "percentunit",
      decimals: 2,
      steps: lowIsGood(retriesPerCall.above / 2, retriesPerCall.above),
    }),
  ];
}

function providers() {
  const bars = { width: 6, height: 7, colors: PROVIDER_COLORS };
  return [
    barsPanel({
      id: 10,
      title: "Success rate by provider",
      description: "Completed calls / calls. Without the sample size: look at the calls below.",
      ...bars,
      query: queries.successByProvider,
      unit: "percentunit",
      decimals: 2,
    }),
    barsPanel({
      id: 11,
      title: "Cost per call by provider",
      description: "Cost of priced calls / priced calls.",
      ...bars,
      query: queries.costPerCall,
      unit: "currencyUSD",
      decimals: 5,
    }),
    barsPanel({
      id: 12,
      title: "Rate limited by provider",
      description: "Calls that met a rate limit at the first attempt or in the end / calls.",
      ...bars,
      query: queries.limitedByProvider,
      unit: "percentunit",
      decimals: 2,
    }),
    textPanel({
      id: 13,
      title: "What Tempo cannot answer",
      description: "Limits of TraceQL metrics against the PostgreSQL dashboards.",
      width: 6,
      height: 7,
      content: CANNOT,
    }),
  ];
}

function overTime() {
  const graph = { width: 8, height: 9 };
  return [
    seriesPanel({
      id: 20,
      title: "Calls per second by provider",
      description: "Calls per second.",
      ...graph,
      query: queries.callsByProvider,
      unit: "reqps",
      colors: PROVIDER_COLORS,
      draw: "bars",
    }),
    seriesPanel({
      id: 21,
      title: "Duration p50, p95, p99",
      description: "Completed calls, from power-of-two buckets.",
      ...graph,
      query: queries.durationQuantiles,
      unit: "s",
      draw: "lines",
      colors: { "0.5": "green", "0.95": "orange", "0.99": "red" },
    }),
    seriesPanel({
      id: 22,
      title: "Duration p95 by provider",
      description: "Completed calls, from power-of-two buckets.",
      ...graph,
      query: queries.durationP95ByProvider,
      unit: "s",
      colors: PROVIDER_COLORS,
      draw: "lines",
    }),
  ];
}

function latest() {
  return tablePanel({
    id: 30,
    title: "Latest calls",
    description: "Up to 100 calls that the search finds first. Click the trace id for the trace.",
    width: 24,
    height: 9,
    query: queries.latestCalls,
    columns: {
      traceIdHidden: { title: "Trace id", hidden: true },
      llm_call: { title: "Model call", hidden: true },
      "gen_ai.provider.name": { title: "Provider" },
      "gen_ai.request.model": { title: "Model" },
      cost_usd: { title: "Cost", unit: "currencyUSD", decimals: 5 },
    },
  });
}
