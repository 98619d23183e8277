import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { callsLink, drillTo, failuresLink, rowValue, seriesLabel } from "./links.ts";
import { PROVIDER_COLORS, QUANTILE_COLORS } from "./palette.ts";
import * as queries from "./queries/overview.ts";
import { alertListPanel, GAIN_OR_LOSS, lowIsGood, seriesPanel, statPanel, tablePanel } from "./style.ts";
import { filterVariables, postgresVariable } from "./variables.ts";

const PROVIDER = { provider: seriesLabel("model_provider") };
const PROVIDER_NAME = "${__field.labels.model_provider}";

export function overview(): Dashboard {
  return dashboardOf({
    name: "overview",
    title: "GenAI overview",
    description: "Rate, errors and duration of all calls to language models, what they cost, and the seven questions with their answers.",
    store: "postgres",
    variables: [postgresVariable(), ...filterVariables()],
    panels: [...headline(), ...money(), ...answers(), ...overTime(), ...costAndFirstToken(), ...changes()],
  });
}

function headline() {
  const { errorRate, durationSeconds, ttftSeconds } = ALERT_SETTINGS;
  return [
    statPanel({
      id: 1,
      title: "Calls",
      description:
        "Calls to a model in the time range, retries with a span of their own included. The change is against the period of the same length before.",
      width: 3,
      height: 4,
      query: queries.calls,
      unit: "short",
      change: "neither",
      links: [callsLink({})],
    }),
    statPanel({
      id: 2,
      title: "Error rate",
      description: "Failed calls / calls. Orange from half of the rate at which the alert fires, red from that rate.",
      width: 3,
      height: 4,
      query: queries.errorRate,
      unit: "percentunit",
      decimals: 2,
      steps: lowIsGood(errorRate.above / 2, errorRate.above),
      change: "less is good",
      links: [failuresLink({})],
    }),
    statPanel({
      id: 3,
      title: "Duration p95",
      description:
        "95 % of the completed calls took at most this long, waits between attempts included. Read from histograms: within 4.5 %. Red from the alert's limit.",
      width: 3,
      height: 4,
      query: queries.durationP95,
      unit: "s",
      decimals: 1,
      steps: lowIsGood(durationSeconds.above / 2, durationSeconds.above),
      change: "less is good",
      links: [{ title: "Compare providers", url: drillTo("providers") }],
    }),
    statPanel({
      id: 4,
      title: "First token p95",
      description:
        "Time to the first chunk of streamed answers, 95th percentile. Only streamed calls have one. Red from the alert's limit.",
      width: 3,
      height: 4,
      query: queries.ttftP95,
      unit: "s",
      decimals: 1,
      steps: lowIsGood(ttftSeconds.above / 2, ttftSeconds.above),
      change: "less is good",
      links: [{ title: "Compare providers", url: drillTo("providers") }],
    }),
  ];
}

function money() {
  const { retriesPerCall } = ALERT_SETTINGS;
  return [
    statPanel({
      id: 5,
      title: "Cost per hour",
      description: "Cost of all priced calls / hours of the time range. Calls without a known price are not in it: see cost coverage.",
      width: 3,
      height: 4,
      query: queries.costPerHour,
      unit: "currencyUSD",
      decimals: 2,
      change: "less is good",
      links: [{ title: "Cost and caching", url: drillTo("cost") }],
    }),
    statPanel({
      id: 6,
      title: "Cache savings",
      description:
        "What prompt caching saved: the same tokens at full price, less what they cost. The surcharge for writing the cache is taken off, so it can be negative.",
      width: 3,
      height: 4,
      query: queries.cacheSavings,
      unit: "currencyUSD",
      decimals: 2,
      steps: GAIN_OR_LOSS,
      change: "more is good",
      links: [{ title: "Cost and caching", url: drillTo("cost") }],
    }),
    statPanel({
      id: 7,
      title: "Cache hit rate",
      description: "Input tokens read from a prompt cache / all input tokens.",
      width: 3,
      height: 4,
      query: queries.cacheHitRate,
      unit: "percentunit",
      decimals: 1,
      change: "more is good",
      links: [{ title: "Cost and caching", url: drillTo("cost") }],
    }),
    statPanel({
      id: 8,
      title: "Retry rate",
      description: "Calls that needed more than one attempt / calls. Red from the rate at which the retry alert fires.",
      width: 3,
      height: 4,
      query: queries.retryRate,
      unit: "percentunit",
      decimals: 2,
      steps: lowIsGood(retriesPerCall.above / 2, retriesPerCall.above),
      change: "less is good",
      links: [{ title: "Retries", url: drillTo("retries") }],
    }),
  ];
}

function answers() {
  return [
    tablePanel({
      id: 10,
      title: "Seven questions",
      description:
        "Answers for the time range and the filters above. Success is ranked by the lower end of its 95 % interval; cost-effectiveness by the cost per successful call. Click an answer for its dashboard.",
      width: 16,
      height: 9,
      query: queries.sevenAnswers,
      columns: {
        question: { title: "Question", width: 330 },
        answer: {
          title: "Answer",
          width: 150,
          links: [
            {
              title: "Show how it comes about",
              url: "/d/${__data.fields.dashboard}?${__url_time_range}&${datasource:queryparam}&${environment:queryparam}&${service:queryparam}&${provider:queryparam}&${model:queryparam}&${operation:queryparam}",
            },
          ],
        },
        evidence: { title: "It rests on" },
        dashboard: { title: "Dashboard", hidden: true },
      },
    }),
    alertListPanel({
      id: 11,
      title: "Firing and pending alerts",
      description: "Alert rules of this project that fire or are about to. Empty is good: nothing is wrong that a rule looks for.",
      width: 8,
      height: 9,
    }),
  ];
}

function overTime() {
  return [
    seriesPanel({
      id: 20,
      title: "Calls per minute",
      description: "Calls per minute by provider, averaged over each bar. The bar that is still filling is left out.",
      width: 8,
      height: 9,
      query: queries.callsByProvider,
      unit: "short",
      decimals: 1,
      name: PROVIDER_NAME,
      colors: PROVIDER_COLORS,
      draw: "bars",
      links: [callsLink(PROVIDER)],
    }),
    seriesPanel({
      id: 21,
      title: "Error rate by provider",
      description: "Failed calls / calls of each provider. The dashed line is where the alert fires.",
      width: 8,
      height: 9,
      query: queries.errorRateByProvider,
      unit: "percentunit",
      name: PROVIDER_NAME,
      colors: PROVIDER_COLORS,
      draw: "lines",
      steps: [
        ["green", null],
        ["red", ALERT_SETTINGS.errorRate.above],
      ],
      links: [failuresLink(PROVIDER)],
    }),
    seriesPanel({
      id: 22,
      title: "Duration p50, p95, p99",
      description: "Duration of completed calls, waits between attempts included. Within 4.5 % of the exact value.",
      width: 8,
      height: 9,
      query: queries.durationQuantiles,
      colors: QUANTILE_COLORS,
      unit: "s",
      draw: "lines",
      links: [{ title: "Compare providers", url: drillTo("providers") }],
    }),
  ];
}

function costAndFirstToken() {
  return [
    seriesPanel({
      id: 23,
      title: "Cost per hour by provider",
      description: "USD per hour of priced calls, averaged over each bar. The bar that is still filling is left out.",
      width: 7,
      height: 9,
      query: queries.costPerHourByProvider,
      unit: "currencyUSD",
      name: PROVIDER_NAME,
      colors: PROVIDER_COLORS,
      draw: "bars",
      links: [{ title: "Cost and caching", url: drillTo("cost", PROVIDER) }],
    }),
    seriesPanel({
      id: 24,
      title: "First token p95 by provider",
      description: "Time to the first chunk of streamed answers. Providers without streamed calls have no line.",
      width: 7,
      height: 9,
      query: queries.ttftP95ByProvider,
      unit: "s",
      name: PROVIDER_NAME,
      colors: PROVIDER_COLORS,
      draw: "lines",
      links: [callsLink(PROVIDER)],
    }),
  ];
}

function changes() {
  const model = { provider: rowValue("model_provider"), model: rowValue("model") };
  return [
    tablePanel({
      id: 30,
      title: "What changed against the period before",
      description:
        "Models whose errors or traffic moved most against the period of the same length before. Empty changes: the model had no calls then.",
      width: 10,
      height: 9,
      query: queries.changes,
      columns: {
        model_provider: { title: "Provider", hidden: true },
        model: { title: "Model", links: [failuresLink(model), callsLink(model)] },
        calls: { title: "Calls", unit: "short", hidden: true },
        calls_change: { title: "Calls Δ", unit: "percentunit", decimals: 0, width: 70 },
        error_rate: { title: "Error rate", unit: "percentunit", hidden: true },
        error_rate_change: { title: "Errors Δ", unit: "percentunit", decimals: 1, width: 75, cell: "text", steps: lowIsGood(0.0005, 0.01) },
        p95: { title: "p95", unit: "s", hidden: true },
        p95_change: { title: "p95 Δ", unit: "percentunit", decimals: 0, width: 70, cell: "text", steps: lowIsGood(0.05, 0.25) },
        cost: { title: "Cost", unit: "currencyUSD", decimals: 2, width: 80 },
        cost_change: { title: "Cost Δ", unit: "currencyUSD", decimals: 2, width: 78 },
      },
    }),
  ];
}
