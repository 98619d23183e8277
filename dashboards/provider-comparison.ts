import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { callsLink, failuresLink, rowValue, seriesLabel } from "./links.ts";
import { PROVIDER_COLORS } from "./palette.ts";
import * as queries from "./queries/provider-comparison.ts";
import { GAIN_OR_LOSS, heatmapPanel, highIsGood, lowIsGood, seriesPanel, tablePanel } from "./style.ts";
import { filterVariables, postgresVariable } from "./variables.ts";

const PROVIDER = { provider: seriesLabel("model_provider") };
const PROVIDER_NAME = "${__field.labels.model_provider}";

export function providerComparison(): Dashboard {
  return dashboardOf({
    name: "providers",
    title: "GenAI provider comparison",
    description: "Providers and models side by side: success, speed, cost, caching and retries, with the sample size and its uncertainty.",
    store: "postgres",
    variables: [postgresVariable(), ...filterVariables()],
    panels: [comparisonTable(), ...overTime(), ...speedAndCache(), heatmap(), elsewhere()],
  });
}

function comparisonTable() {
  const row = { provider: rowValue("model_provider"), model: rowValue("model") };
  const objective = ALERT_SETTINGS.objective;
  return tablePanel({
    id: 1,
    title: "Providers and models",
    description:
      "One row per provider and model, most calls first. 95 % interval: where the true success rate lies with this many calls (Wilson). Final: operations that succeeded after all retries. Money counts priced calls only; – means no price is known, not 0. TTFT: time to first token, p95. $/good: cost / calls that succeeded. Wasted: cost of calls that failed. Cached: input tokens read from the cache. Saved: net of the surcharge for cache writes.",
    width: 24,
    height: 13,
    query: queries.comparison,
    columns: {
      model_provider: { title: "Provider", width: 98 },
      model: { title: "Model", width: 182, links: [callsLink(row), failuresLink(row)] },
      calls: { title: "Calls", unit: "short", width: 58 },
      success_rate: {
        title: "Success",
        unit: "percentunit",
        decimals: 2,
        width: 72,
        cell: "text",
        steps: highIsGood(1 - 2 * (1 - objective), objective),
      },
      success_interval: { title: "95 % interval", width: 106 },
      final_success_rate: { title: "Final", unit: "percentunit", decimals: 2, width: 70 },
      p50: { title: "p50", unit: "suffix: s", decimals: 1, width: 54 },
      p95: { title: "p95", unit: "suffix: s", decimals: 1, width: 54 },
      ttft_p95: { title: "TTFT", unit: "suffix: s", decimals: 1, width: 54 },
      tokens_per_second: { title: "Tok/s", unit: "short", decimals: 0, width: 56 },
      cost_per_call: { title: "$/call", unit: "currencyUSD", width: 92 },
      cost_per_success: { title: "$/good", unit: "currencyUSD", width: 92 },
      cost_per_1k_output: { title: "$/1k out", unit: "currencyUSD", width: 78 },
      wasted: { title: "Wasted", unit: "currencyUSD", decimals: 2, width: 66 },
      cache_hit_rate: { title: "Cached", unit: "percentunit", decimals: 0, width: 72 },
      cache_savings: { title: "Saved", unit: "currencyUSD", decimals: 2, width: 68, cell: "text", steps: GAIN_OR_LOSS },
      retry_rate: { title: "Retries", unit: "percentunit", decimals: 1, width: 64, cell: "text", steps: lowIsGood(0.05, 0.25) },
      top_errors: { title: "Top errors", links: [failuresLink(row)] },
    },
  });
}

function overTime() {
  return [
    seriesPanel({
      id: 2,
      title: "Success rate",
      description: "Completed calls / calls of each provider. The dashed line is the objective of the burn-rate alerts.",
      width: 8,
      height: 9,
      query: queries.successRate,
      unit: "percentunit",
      name: PROVIDER_NAME,
      colors: PROVIDER_COLORS,
      draw: "lines",
      calcs: ["min", "mean", "lastNotNull"],
      fromZero: false,
      max: 1,
      steps: [
        ["red", null],
        ["green", ALERT_SETTINGS.objective],
      ],
      links: [failuresLink(PROVIDER)],
    }),
    seriesPanel({
      id: 3,
      title: "Duration p95",
      description: "95th percentile of completed calls, waits between attempts included. Within 4.5 % of the exact value.",
      width: 8,
      height: 9,
      query: queries.durationP95,
      unit: "s",
      name: PROVIDER_NAME,
      colors: PROVIDER_COLORS,
      draw: "lines",
      links: [callsLink(PROVIDER)],
    }),
    seriesPanel({
      id: 4,
      title: "Cost per 1k output tokens",
      description: "All cost of priced calls, input included / output tokens x 1,000: what an answer costs with the prompts that it took.",
      width: 8,
      height: 9,
      query: queries.costPer1kOutput,
      unit: "currencyUSD",
      decimals: 4,
      name: PROVIDER_NAME,
      colors: PROVIDER_COLORS,
      draw: "lines",
      links: [callsLink(PROVIDER)],
    }),
  ];
}

function speedAndCache() {
  const graph = { width: 8, height: 9, name: PROVIDER_NAME, colors: PROVIDER_COLORS, draw: "lines", links: [callsLink(PROVIDER)] } as const;
  return [
    seriesPanel({
      id: 7,
      title: "First token p95",
      description: "Time to the first chunk of streamed answers, 95th percentile. Providers without streamed calls have no line.",
      ...graph,
      query: queries.ttftP95,
      unit: "s",
    }),
    seriesPanel({
      id: 8,
      title: "Output tokens per second",
      description: "Output tokens / generation time of completed calls, mean of the calls.",
      ...graph,
      query: queries.outputRate,
      unit: "short",
      decimals: 0,
    }),
    seriesPanel({
      id: 9,
      title: "Cache hit rate",
      description: "Input tokens read from a prompt cache / all input tokens.",
      ...graph,
      query: queries.cacheHitRate,
      unit: "percentunit",
      max: 1,
    }),
  ];
}

function heatmap() {
  return heatmapPanel({
    id: 5,
    title: "How long calls take",
    description:
      "Calls by duration over time, failed ones included; each row is a doubling, its label the upper end. Two bands are two kinds of work, a rising band is a provider that slows down.",
    width: 12,
    height: 9,
    query: queries.durationHeatmap,
  });
}

function elsewhere() {
  return tablePanel({
    id: 6,
    title: "The same tokens elsewhere",
    description:
      "What all selected priced tokens would have cost at today's list price of each model that you use. An estimate: models count the same text differently, answer at other lengths, and caches hit differently. Without a cache price, cached tokens are priced as input.",
    width: 12,
    height: 9,
    query: queries.sameTokensElsewhere,
    columns: {
      provider: { title: "Provider", width: 130 },
      model: { title: "Model", width: 220, links: [callsLink({ provider: rowValue("provider"), model: rowValue("model") })] },
      would_cost: { title: "Would have cost", unit: "currencyUSD", decimals: 2, cell: "bar", steps: [["blue", null]] },
      difference: { title: "Against now", unit: "currencyUSD", decimals: 2, width: 110, cell: "text", steps: lowIsGood(0, 0.000001) },
      difference_share: { title: "In %", unit: "percentunit", decimals: 0, width: 80, cell: "text", steps: lowIsGood(0, 0.000001) },
    },
  });
}
