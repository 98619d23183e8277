import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { CATEGORY_COLORS, PROVIDER_COLORS } from "./palette.ts";
import * as queries from "./queries/tempo.ts";
import { barsPanel, seriesPanel, tablePanel } from "./style.ts";
import { tempoFilters } from "./tempo-overview.ts";

export function tempoErrors(): Dashboard {
  return dashboardOf({
    name: "tempoErrors",
    title: "GenAI on Tempo: errors and retries",
    description: "Which errors, where, and how often calls need another attempt, from the enriched spans in Tempo.",
    store: "tempo",
    from: "now-24h",
    variables: tempoFilters(),
    panels: [...totals(), ...overTime(), ...retries(), latest()],
  });
}

function totals() {
  const bars = { width: 8, height: 7 };
  return [
    barsPanel({
      id: 4,
      title: "Errors by category",
      description: "Failed calls in the time range by error category.",
      ...bars,
      query: queries.failuresByCategory,
      unit: "short",
      colors: CATEGORY_COLORS,
      reduce: "sum",
    }),
    barsPanel({
      id: 5,
      title: "Rate limited by provider",
      description: "Calls that met a rate limit at the first attempt or in the end / calls. Providers without any have no bar.",
      ...bars,
      query: queries.limitedByProvider,
      unit: "percentunit",
      decimals: 2,
      colors: PROVIDER_COLORS,
    }),
    barsPanel({
      id: 6,
      title: "Failed calls by service",
      description: "Failed calls in the time range by service.name.",
      ...bars,
      query: queries.failuresByService,
      unit: "short",
      reduce: "sum",
    }),
  ];
}

function overTime() {
  const graph = { width: 12, height: 8, legend: "right" } as const;
  return [
    seriesPanel({
      id: 3,
      title: "Error rate by provider",
      description: "Failed calls / calls. The dashed line is where the alert fires.",
      ...graph,
      query: queries.errorRateByProvider,
      unit: "percentunit",
      colors: PROVIDER_COLORS,
      draw: "lines",
      steps: [
        ["green", null],
        ["red", ALERT_SETTINGS.errorRate.above],
      ],
    }),
    seriesPanel({
      id: 7,
      title: "Failed calls per second by category",
      description: "Failed calls per second.",
      ...graph,
      query: queries.failureRateByCategory,
      unit: "reqps",
      colors: CATEGORY_COLORS,
      draw: "bars",
    }),
  ];
}

function retries() {
  const graph = { width: 8, height: 8 };
  return [
    seriesPanel({
      id: 8,
      title: "Retry rate by provider",
      description: "Calls that needed more than one attempt / calls.",
      ...graph,
      query: queries.retryRateByProvider,
      unit: "percentunit",
      colors: PROVIDER_COLORS,
      draw: "lines",
    }),
    barsPanel({
      id: 9,
      title: "Retried calls by reason",
      description: "Retried calls by the error of their first attempt.",
      ...graph,
      query: queries.retriesByReason,
      unit: "short",
      colors: CATEGORY_COLORS,
      reduce: "sum",
    }),
    seriesPanel({
      id: 10,
      title: "Wait per retried call",
      description: "Mean time between the attempts of retried calls.",
      ...graph,
      query: queries.waitByProvider,
      unit: "ms",
      colors: PROVIDER_COLORS,
      draw: "lines",
    }),
  ];
}

function latest() {
  return tablePanel({
    id: 20,
    title: "Failed calls",
    description: "Up to 100 failed calls that the search finds first. Click the trace id for the trace.",
    width: 24,
    height: 9,
    query: queries.latestFailures,
    columns: {
      traceIdHidden: { title: "Trace id", hidden: true },
      llm_call: { title: "Model call", hidden: true },
      "gen_ai.provider.name": { title: "Provider" },
      "gen_ai.request.model": { title: "Model" },
      error_category: { title: "Category" },
    },
  });
}
