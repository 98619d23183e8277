import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { callsLink, drillTo, rowValue, seriesLabel } from "./links.ts";
import { PROVIDER_COLORS, TOKEN_COLORS } from "./palette.ts";
import * as queries from "./queries/cost-and-caching.ts";
import { GAIN_OR_LOSS, highIsGood, lowIsGood, seriesPanel, statPanel, tablePanel } from "./style.ts";
import { filterVariables, postgresVariable, textVariable } from "./variables.ts";

const { spendUsd, costCoverage } = ALERT_SETTINGS;

export function costAndCaching(): Dashboard {
  return dashboardOf({
    name: "cost",
    title: "GenAI cost and caching",
    description:
      "What the calls cost, where the month is heading, what prompt caching saves after its surcharge, and how much of the spend has a known price.",
    store: "postgres",
    variables: [
      postgresVariable(),
      ...filterVariables(),
      textVariable("monthly_budget", "Monthly budget (USD)", String(spendUsd.perMonth)),
    ],
    panels: [...headline(), ...cacheAndCoverage(), ...spend(), byModel(), ...caching(), ...details()],
  });
}

function headline() {
  const size = { width: 3, height: 4 };
  return [
    statPanel({
      id: 1,
      title: "Spend",
      description: "Cost of all priced calls in the time range. The change is against the period before.",
      ...size,
      query: queries.spend,
      unit: "currencyUSD",
      decimals: 2,
      change: "less is good",
      links: [callsLink({})],
    }),
    statPanel({
      id: 2,
      title: "Month forecast",
      description: "Spend of this month (UTC) so far, and the rest of it at the average of the last seven days.",
      ...size,
      query: queries.monthForecast,
      unit: "currencyUSD",
      decimals: 0,
    }),
    statPanel({
      id: 3,
      title: "Of budget",
      description:
        "Month forecast / monthly budget (the field above; its default is in dashboards/alert-settings.ts). Orange from 80 %, red when the budget will not do.",
      ...size,
      query: queries.budgetUsed,
      unit: "percentunit",
      decimals: 0,
      steps: lowIsGood(0.8, 1),
    }),
    statPanel({
      id: 4,
      title: "Net savings",
      description:
        "The same tokens without prompt caching, less what they cost. The surcharge for cache writes is taken off: negative means caching costs more than it saves.",
      ...size,
      query: queries.netSavings,
      unit: "currencyUSD",
      decimals: 2,
      steps: GAIN_OR_LOSS,
      change: "more is good",
    }),
  ];
}

function cacheAndCoverage() {
  const size = { width: 3, height: 4 };
  return [
    statPanel({
      id: 5,
      title: "Saved share",
      description: "Net savings / what the same tokens would have cost without caching.",
      ...size,
      query: queries.savingsShare,
      unit: "percentunit",
      decimals: 1,
      steps: GAIN_OR_LOSS,
      change: "more is good",
    }),
    statPanel({
      id: 6,
      title: "Cache hit rate",
      description: "Input tokens read from a prompt cache / all input tokens.",
      ...size,
      query: queries.hitRate,
      unit: "percentunit",
      decimals: 1,
      change: "more is good",
    }),
    statPanel({
      id: 7,
      title: "Cost coverage",
      description:
        "Calls with a known price / calls with token counts. What is not covered is in no sum on this dashboard. Red below the alert's limit.",
      ...size,
      query: queries.coverage,
      unit: "percentunit",
      decimals: 1,
      steps: highIsGood(costCoverage.below, (1 + costCoverage.below) / 2),
      change: "more is good",
    }),
    statPanel({
      id: 8,
      title: "Unpriced calls",
      description: "Calls with token counts but without a known price. The table below says which models.",
      ...size,
      query: queries.unpricedCalls,
      unit: "short",
      steps: [
        ["green", null],
        ["orange", 1],
      ],
      change: "less is good",
    }),
  ];
}

function spend() {
  return [
    seriesPanel({
      id: 10,
      title: "Spend per hour by provider",
      description: "USD per hour of priced calls, averaged over each bar. The bar that is still filling is left out.",
      width: 12,
      height: 8,
      query: queries.spendByProvider,
      unit: "currencyUSD",
      name: "${__field.labels.model_provider}",
      colors: PROVIDER_COLORS,
      draw: "bars",
      legend: "right",
      links: [{ title: "Only this provider", url: drillTo("cost", { provider: seriesLabel("model_provider") }) }],
    }),
    seriesPanel({
      id: 11,
      title: "Month against budget",
      description:
        "Spend of the month so far at each point, where the month was heading at the pace of the seven days before it, and the budget. UTC months.",
      width: 12,
      height: 8,
      query: queries.monthAgainstBudget,
      links: [callsLink({})],
      unit: "currencyUSD",
      decimals: 0,
      draw: "lines",
      calcs: ["lastNotNull"],
      legend: "right",
    }).overrideByName("budget", [
      { id: "custom.lineStyle", value: { fill: "dash", dash: [10, 10] } },
      { id: "custom.fillOpacity", value: 0 },
      { id: "color", value: { mode: "fixed", fixedColor: "red" } },
    ]),
  ];
}

function byModel() {
  const row = { provider: rowValue("model_provider"), model: rowValue("model") };
  return tablePanel({
    id: 12,
    title: "Cost and cache by model",
    description:
      "Most expensive first. Cache hits: input tokens read from the cache / input tokens. Reads per write: how often a written prefix is read again; below about 1.3 Anthropic's surcharge is not earned back. Saved is net and red when caching costs more than it saves. – means no price is known.",
    width: 24,
    height: 9,
    query: queries.byModel,
    columns: {
      model_provider: { title: "Provider", width: 120 },
      model: { title: "Model", links: [callsLink(row)] },
      calls: { title: "Calls", unit: "short", width: 80 },
      cost: { title: "Cost", unit: "currencyUSD", decimals: 2, width: 95 },
      cost_share: { title: "Share", unit: "percentunit", decimals: 0, width: 120, cell: "bar", max: 1, steps: [["blue", null]] },
      cost_per_call: { title: "Per call", unit: "currencyUSD", width: 90 },
      cost_per_1k_output: { title: "Per 1k output", unit: "currencyUSD", width: 110 },
      cache_hit_rate: { title: "Cache hits", unit: "percentunit", decimals: 0, width: 120, cell: "bar", max: 1, steps: [["green", null]] },
      cache_read: { title: "Tokens read", unit: "short", width: 100 },
      cache_write: { title: "Tokens written", unit: "short", width: 115 },
      reads_per_write: { title: "Reads per write", unit: "short", decimals: 1, width: 120 },
      cache_savings: { title: "Saved (net)", unit: "currencyUSD", decimals: 2, width: 105, cell: "text", steps: GAIN_OR_LOSS },
      savings_share: { title: "Saved share", unit: "percentunit", decimals: 0, width: 110, cell: "text", steps: GAIN_OR_LOSS },
    },
  });
}

function caching() {
  const model = { model: seriesLabel("model") };
  return [
    seriesPanel({
      id: 20,
      title: "Cache hit rate by model",
      description:
        "Input tokens read from the cache / input tokens, of models whose calls hit a cache. A sudden drop: somebody changed the beginning of a prompt.",
      width: 8,
      height: 9,
      query: queries.hitRateByModel,
      unit: "percentunit",
      name: "${__field.labels.model}",
      draw: "lines",
      max: 1,
      links: [callsLink(model)],
    }),
    seriesPanel({
      id: 21,
      title: "Cache tokens per minute, read against written",
      description:
        "Tokens per minute read from and written to prompt caches. Writing costs extra with some providers: it pays when read stays well above written.",
      width: 8,
      height: 9,
      query: queries.cacheReadAgainstWrite,
      links: [callsLink({})],
      colors: TOKEN_COLORS,
      unit: "short",
      draw: "lines",
    }),
    seriesPanel({
      id: 22,
      title: "Net savings per hour by model",
      description: "USD per hour that caching saved; below zero it costs more than it saves.",
      width: 8,
      height: 9,
      query: queries.savingsOverTime,
      unit: "currencyUSD",
      name: "${__field.labels.model}",
      draw: "lines",
      fromZero: false,
      links: [callsLink(model)],
    }),
  ];
}

function details() {
  return [
    seriesPanel({
      id: 30,
      title: "Tokens per minute by kind",
      description: "Every token once: cached tokens are not in the input, reasoning is not in the output.",
      width: 6,
      height: 9,
      query: queries.tokensByKind,
      links: [callsLink({})],
      colors: TOKEN_COLORS,
      unit: "short",
      draw: "bars",
    }),
    tablePanel({
      id: 31,
      title: "Spend by service",
      description: "Cost of priced calls by service.name, most first.",
      width: 8,
      height: 9,
      query: queries.byService,
      columns: {
        service_name: { title: "Service", links: [callsLink({ service: rowValue("service_name") })] },
        calls: { title: "Calls", unit: "short", width: 70 },
        cost: { title: "Cost", unit: "currencyUSD", decimals: 2, width: 85 },
        cost_share: { title: "Share", unit: "percentunit", decimals: 0, width: 90, cell: "bar", max: 1, steps: [["blue", null]] },
        cache_savings: { title: "Saved", unit: "currencyUSD", decimals: 2, width: 80, cell: "text", steps: GAIN_OR_LOSS },
      },
    }),
    tablePanel({
      id: 32,
      title: "Spend by user",
      description: "The 25 users with the highest cost, of calls that name one (user.id). Whole hours. Click a user for the calls.",
      width: 5,
      height: 9,
      query: queries.byUser,
      columns: {
        user_id: { title: "User", links: [callsLink({ user: rowValue("user_id") })] },
        calls: { title: "Calls", unit: "short", hidden: true },
        cost: { title: "Cost", unit: "currencyUSD", decimals: 2, width: 80 },
        cost_share: { title: "Share", unit: "percentunit", decimals: 0, width: 60 },
        tokens: { title: "Tokens", unit: "short", hidden: true },
      },
    }),
    tablePanel({
      id: 33,
      title: "Without a certain price",
      description:
        "Models whose calls have no price, or one that rests on an uncertain reading of the token counts (ambiguous_usage). `genai-otel prices explain` says why.",
      width: 5,
      height: 9,
      query: queries.unpriced,
      columns: {
        model_provider: { title: "Provider", hidden: true },
        model: { title: "Model", links: [callsLink({ model: rowValue("model") })] },
        cost_status: { title: "Why", width: 125 },
        calls: { title: "Calls", unit: "short", width: 60 },
        share: { title: "Share", unit: "percentunit", hidden: true },
        tokens: { title: "Tokens", unit: "short", hidden: true },
      },
    }),
  ];
}
