import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { PROVIDER_COLORS } from "./palette.ts";
import * as queries from "./queries/tempo.ts";
import { barsPanel, GAIN_OR_LOSS, heatmapPanel, highIsGood, seriesPanel, statPanel } from "./style.ts";
import { tempoFilters } from "./tempo-overview.ts";

export function tempoCost(): Dashboard {
  return dashboardOf({
    name: "tempoCost",
    title: "GenAI on Tempo: cost and caching",
    description:
      "What the calls cost and what prompt caching saves, from the enriched spans in Tempo. For forecasts, budgets and shares by user see PostgreSQL.",
    store: "tempo",
    from: "now-24h",
    variables: tempoFilters(),
    panels: [...headline(), ...overTime(), ...totals()],
  });
}

function headline() {
  const size = { width: 6, height: 4 };
  const { below } = ALERT_SETTINGS.costCoverage;
  return [
    statPanel({
      id: 1,
      title: "Cost",
      description: "Cost of all priced calls in the time range.",
      ...size,
      query: queries.cost,
      unit: "currencyUSD",
      decimals: 2,
      reduce: "sum",
    }),
    statPanel({
      id: 2,
      title: "Net savings",
      description: "What prompt caching saved, net of the surcharge for writing the cache.",
      ...size,
      query: queries.savings,
      unit: "currencyUSD",
      decimals: 2,
      steps: GAIN_OR_LOSS,
      reduce: "sum",
    }),
    statPanel({
      id: 3,
      title: "Cache hit rate",
      description: "Input tokens read from a cache / input tokens.",
      ...size,
      query: queries.hitRate,
      unit: "percentunit",
      decimals: 1,
    }),
    statPanel({
      id: 4,
      title: "Cost coverage",
      description: "Calls with a known price / calls with token counts. What has no price is in no sum here.",
      ...size,
      query: queries.coverage,
      unit: "percentunit",
      decimals: 1,
      steps: highIsGood(below, (1 + below) / 2),
    }),
  ];
}

function overTime() {
  const graph = { width: 12, height: 9, legend: "right" } as const;
  return [
    seriesPanel({
      id: 5,
      title: "Cost by provider",
      description: "USD in each bar's interval.",
      ...graph,
      query: queries.costByProvider,
      unit: "currencyUSD",
      colors: PROVIDER_COLORS,
      draw: "bars",
      calcs: ["sum", "max"],
    }),
    seriesPanel({
      id: 6,
      title: "Cache hit rate by model",
      description: "Input tokens read from the cache / input tokens.",
      ...graph,
      query: queries.hitRateByModel,
      unit: "percentunit",
      draw: "lines",
      max: 1,
    }),
  ];
}

function totals() {
  const bars = { width: 6, height: 10, unit: "currencyUSD", reduce: "sum", decimals: 2 } as const;
  return [
    barsPanel({
      id: 7,
      title: "Cost by model",
      description: "Cost of priced calls by the model that was asked for.",
      ...bars,
      query: queries.costByModel,
    }),
    barsPanel({
      id: 8,
      title: "Cost by service",
      description: "Cost of priced calls by service.name.",
      ...bars,
      query: queries.costByService,
    }),
    barsPanel({
      id: 9,
      title: "Net savings by model",
      description: "What caching saved by model; negative where it costs more than it saves.",
      ...bars,
      query: queries.savingsByModel,
    }),
    heatmapPanel({
      id: 10,
      title: "How long calls take",
      description: "Calls by duration over time in power-of-two buckets.",
      width: 6,
      height: 10,
      query: queries.durationHeatmap,
    }),
  ];
}
