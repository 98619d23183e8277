import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { callsLink, drillTo, failuresLink, rowValue, seriesLabel, TRACE_LINK } from "./links.ts";
import { PROVIDER_COLORS, CATEGORY_COLORS } from "./palette.ts";
import * as queries from "./queries/retries.ts";
import { highIsGood, lowIsGood, seriesPanel, statPanel, tablePanel } from "./style.ts";
import { filterVariables, postgresVariable } from "./variables.ts";

const LIMIT = ALERT_SETTINGS.retriesPerCall.above;

export function retries(): Dashboard {
  return dashboardOf({
    name: "retries",
    title: "GenAI retries",
    description: "How often calls need another attempt, why, what it costs in time and tokens, and how often it helps.",
    store: "postgres",
    variables: [postgresVariable(), ...filterVariables()],
    panels: [...headline(), ...overTime(), ...reasons(), byModel(), latest()],
  });
}

function headline() {
  const size = { width: 4, height: 4 };
  return [
    statPanel({
      id: 1,
      title: "Retry rate",
      description: "Calls that needed more than one attempt / calls. Red from the alert's threshold.",
      ...size,
      query: queries.retryRate,
      unit: "percentunit",
      decimals: 2,
      steps: lowIsGood(LIMIT / 2, LIMIT),
      change: "less is good",
    }),
    statPanel({
      id: 2,
      title: "Recovered",
      description: "Operations whose first attempt failed and that completed in the end / operations whose first attempt failed.",
      ...size,
      query: queries.recovered,
      unit: "percentunit",
      decimals: 0,
      steps: highIsGood(0.25, 0.75),
      change: "more is good",
    }),
    statPanel({
      id: 3,
      title: "More attempts",
      description: "Attempts beyond the first of each call.",
      ...size,
      query: queries.moreAttempts,
      unit: "short",
      change: "less is good",
    }),
    statPanel({
      id: 4,
      title: "Wait per retried call",
      description: "Average time between the attempts of a retried call: users wait for it, the provider did not work.",
      ...size,
      query: queries.averageWait,
      unit: "s",
      decimals: 1,
      change: "less is good",
    }),
    statPanel({
      id: 5,
      title: "Wasted tokens",
      description: "Input and output tokens of failed calls that reported them: answers that broke off.",
      ...size,
      query: queries.wastedTokens,
      unit: "short",
      change: "less is good",
    }),
    statPanel({
      id: 6,
      title: "Wasted spend",
      description: "Cost of failed calls with a known price.",
      ...size,
      query: queries.wastedSpend,
      unit: "currencyUSD",
      decimals: 2,
      change: "less is good",
    }),
  ];
}

function overTime() {
  return [
    seriesPanel({
      id: 10,
      title: "Retry rate by provider",
      description: "Calls that needed more than one attempt / calls. The dashed line is where the alert fires.",
      width: 12,
      height: 8,
      query: queries.rateByProvider,
      unit: "percentunit",
      name: "${__field.labels.model_provider}",
      colors: PROVIDER_COLORS,
      draw: "lines",
      legend: "right",
      steps: [
        ["green", null],
        ["red", LIMIT],
      ],
      links: [{ title: "Only this provider", url: drillTo("retries", { provider: seriesLabel("model_provider") }) }],
    }),
    seriesPanel({
      id: 11,
      title: "Retried calls per hour by reason",
      description: "Calls per hour that needed another attempt, by the error of the first attempt.",
      width: 12,
      height: 8,
      query: queries.retriesByReason,
      unit: "short",
      decimals: 1,
      name: "${__field.labels.retry_reason}",
      colors: CATEGORY_COLORS,
      draw: "bars",
      legend: "right",
      links: [failuresLink({ category: seriesLabel("retry_reason") })],
    }),
  ];
}

function reasons() {
  return [
    tablePanel({
      id: 12,
      title: "Why, and whether it helped",
      description:
        "Retried calls by the error of their first attempt. Attempts: mean, the first included. Recovered: those that completed. Waited: average time between the attempts.",
      width: 15,
      height: 7,
      query: queries.byReason,
      columns: {
        retry_reason: { title: "First error", width: 150, links: [failuresLink({ category: rowValue("retry_reason") })] },
        retried: { title: "Retried calls", unit: "short", width: 105 },
        share: { title: "Share", unit: "percentunit", decimals: 0, width: 110, cell: "bar", max: 1, steps: [["blue", null]] },
        attempts: { title: "Attempts", unit: "short", decimals: 2, width: 85 },
        recovered: { title: "Recovered", unit: "percentunit", decimals: 0, width: 120, cell: "bar", max: 1, steps: highIsGood(0.25, 0.75) },
        average_wait: { title: "Waited", unit: "s", decimals: 1, width: 90 },
        providers: { title: "Providers" },
      },
    }),
    tablePanel({
      id: 13,
      title: "Calls by number of attempts",
      description:
        "All calls by how many attempts they took, the first included. Completed: those of them that succeeded in the end. Many calls at the client's limit, few of them completed: retries end before the trouble does.",
      width: 9,
      height: 7,
      query: queries.attempts,
      columns: {
        attempts: { title: "Attempts", width: 100 },
        calls: { title: "Calls", unit: "short", width: 80, links: [callsLink({})] },
        share: { title: "Share", unit: "percentunit", decimals: 2, width: 85 },
        completed_share: { title: "Completed", unit: "percentunit", decimals: 1, cell: "bar", max: 1, steps: highIsGood(0.25, 0.75) },
      },
    }),
  ];
}

function byModel() {
  const row = { provider: rowValue("model_provider"), model: rowValue("model") };
  return tablePanel({
    id: 14,
    title: "Retries by model",
    description:
      "Highest retry rate first. First try: operations whose first attempt succeeded / operations. In the end: operations that succeeded after all attempts / operations. The difference is what retries are worth.",
    width: 24,
    height: 9,
    query: queries.byModel,
    columns: {
      model_provider: { title: "Provider", width: 120 },
      model: { title: "Model", links: [callsLink(row), failuresLink(row)] },
      calls: { title: "Calls", unit: "short", width: 80 },
      retry_rate: { title: "Retry rate", unit: "percentunit", decimals: 1, width: 120, cell: "bar", steps: lowIsGood(LIMIT / 2, LIMIT) },
      more_attempts: { title: "More attempts", unit: "short", width: 115 },
      first_failed: { title: "First failed", unit: "short", width: 100 },
      recovered: { title: "Recovered", unit: "percentunit", decimals: 0, width: 95 },
      success_rate: { title: "First try", unit: "percentunit", decimals: 2, width: 90 },
      final_success_rate: { title: "In the end", unit: "percentunit", decimals: 2, width: 95 },
      average_wait: { title: "Waited", unit: "s", decimals: 1, width: 85 },
      wasted_tokens: { title: "Wasted tokens", unit: "short", width: 115 },
      wasted_spend: { title: "Wasted spend", unit: "currencyUSD", decimals: 2, width: 115 },
    },
  });
}

function latest() {
  return tablePanel({
    id: 20,
    title: "Latest retried calls",
    description: "The newest 100 calls that needed more than one attempt. Click the time for the trace with its attempts.",
    width: 24,
    height: 9,
    query: queries.latestRetried,
    columns: {
      time: { title: "Time", width: 190, links: [TRACE_LINK] },
      model_provider: { title: "Provider", width: 110 },
      model: { title: "Model", width: 190 },
      operation: { title: "Operation", width: 110 },
      service_name: { title: "Service", width: 150 },
      retry_reason: { title: "First error", width: 140 },
      retry_count: { title: "Retries", width: 75 },
      wait: { title: "Waited", unit: "s", decimals: 2, width: 85 },
      duration: { title: "Lasted", unit: "s", decimals: 2, width: 85 },
      status: { title: "In the end", width: 100, cell: "text", words: { completed: "green", failed: "red" } },
      trace_id: { title: "Trace", links: [TRACE_LINK] },
    },
  });
}
