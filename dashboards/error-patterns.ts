import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { callsLink, drillTo, failuresLink, rowValue, seriesLabel, TRACE_LINK } from "./links.ts";
import { PROVIDER_COLORS, CATEGORY_COLORS } from "./palette.ts";
import * as queries from "./queries/error-patterns.ts";
import { highIsGood, lowIsGood, seriesPanel, statPanel, tablePanel, wordPanel } from "./style.ts";
import { categoryVariable, filterVariables, postgresVariable } from "./variables.ts";

export function errorPatterns(): Dashboard {
  return dashboardOf({
    name: "errors",
    title: "GenAI error patterns",
    description: "Which errors, where, since when, whether another try helps, and what to do about each kind.",
    store: "postgres",
    variables: [postgresVariable(), ...filterVariables(), categoryVariable()],
    panels: [...headline(), distribution(), ...rates(), ...where(), latest()],
  });
}

function headline() {
  const { errorRate, rateLimited } = ALERT_SETTINGS;
  const size = { width: 4, height: 4 };
  return [
    wordPanel({
      id: 1,
      title: "Most common error",
      description: "The category with the most failed calls, and its share of all failed calls.",
      ...size,
      query: queries.mostCommon,
    }),
    statPanel({
      id: 2,
      title: "Failed calls",
      description: "Failed calls of the chosen categories. The change is against the period before.",
      ...size,
      query: queries.failedCalls,
      unit: "short",
      change: "less is good",
      links: [callsLink({ status: "failed" })],
    }),
    statPanel({
      id: 3,
      title: "Error rate",
      description: "Failed calls of the chosen categories / all calls. Red from the alert's threshold.",
      ...size,
      query: queries.errorRate,
      unit: "percentunit",
      decimals: 2,
      steps: lowIsGood(errorRate.above / 2, errorRate.above),
      change: "less is good",
    }),
    statPanel({
      id: 4,
      title: "Lost after retries",
      description:
        "Operations that failed in the end / operations. An operation is one piece of work with all its attempts; this is what users feel.",
      ...size,
      query: queries.finalErrorRate,
      unit: "percentunit",
      decimals: 2,
      steps: lowIsGood(1 - ALERT_SETTINGS.objective, errorRate.above),
      change: "less is good",
      links: [{ title: "Retries", url: drillTo("retries") }],
    }),
    statPanel({
      id: 5,
      title: "Retryable",
      description: "Failed calls for which the same request has a fair chance within the stated wait, or minutes / failed calls.",
      ...size,
      query: queries.retryableShare,
      unit: "percentunit",
      decimals: 0,
      change: "neither",
    }),
    statPanel({
      id: 6,
      title: "Rate limited",
      description: "Calls that ended in a rate limit / calls. Red from the alert's threshold.",
      ...size,
      query: queries.rateLimitedShare,
      unit: "percentunit",
      decimals: 2,
      steps: lowIsGood(rateLimited.above / 2, rateLimited.above),
      change: "less is good",
      links: [failuresLink({ category: "rate_limit" })],
    }),
  ];
}

function distribution() {
  return tablePanel({
    id: 10,
    title: "Errors by category, and what to do",
    description: "Failed calls by category, most first, with the providers that they come from and the suggested action.",
    width: 24,
    height: 8,
    query: queries.distribution,
    columns: {
      error_category: { title: "Category", width: 140, links: [failuresLink({ category: rowValue("error_category") })] },
      failed: { title: "Failed", unit: "short", width: 70 },
      share: { title: "Share", unit: "percentunit", decimals: 0, width: 90, cell: "bar", max: 1, steps: [["red", null]] },
      retryable: { title: "Retryable", unit: "percentunit", decimals: 0, width: 80 },
      average_duration: { title: "Lasted", unit: "s", decimals: 1, width: 76 },
      providers: { title: "Providers", width: 285 },
      suggested_action: { title: "Suggested action" },
    },
  });
}

function rates() {
  return [
    tablePanel({
      id: 11,
      title: "Rate limits by provider",
      description:
        "Limited: calls whose first attempt met a rate limit; share: of all calls. Lost: calls that ended in one. Asked for: the wait that the provider stated, else the suggestion. Waited: time between the attempts of limited calls.",
      width: 8,
      height: 9,
      query: queries.rateLimits,
      columns: {
        model_provider: {
          title: "Provider",
          links: [failuresLink({ provider: rowValue("model_provider"), category: "rate_limit" })],
        },
        limited: { title: "Limited", unit: "short", width: 68 },
        share: {
          title: "Share",
          unit: "percentunit",
          decimals: 1,
          width: 62,
          cell: "text",
          steps: lowIsGood(0.01, ALERT_SETTINGS.rateLimited.above),
        },
        lost: { title: "Lost", unit: "short", width: 52 },
        stated_wait: { title: "Asked for", unit: "s", decimals: 1, width: 80 },
        client_wait: { title: "Waited", unit: "s", decimals: 1, width: 78 },
      },
    }),
    seriesPanel({
      id: 12,
      title: "Error rate by category",
      description: "Failed calls of each category / all calls; the bars add up to the error rate.",
      width: 8,
      height: 9,
      query: queries.rateByCategory,
      unit: "percentunit",
      name: "${__field.labels.error_category}",
      colors: CATEGORY_COLORS,
      draw: "bars",
      links: [failuresLink({ category: seriesLabel("error_category") })],
    }),
    seriesPanel({
      id: 13,
      title: "Error rate by provider",
      description: "Failed calls of the chosen categories / calls of the provider. The dashed line is where the alert fires.",
      width: 8,
      height: 9,
      query: queries.rateByProvider,
      unit: "percentunit",
      name: "${__field.labels.model_provider}",
      colors: PROVIDER_COLORS,
      draw: "lines",
      steps: [
        ["green", null],
        ["red", ALERT_SETTINGS.errorRate.above],
      ],
      links: [failuresLink({ provider: seriesLabel("model_provider") })],
    }),
  ];
}

function where() {
  return [
    tablePanel({
      id: 14,
      title: "Most affected services, operations and models",
      description: "Where the failed calls of the chosen categories are, most first, and how large a share of that work fails.",
      width: 14,
      height: 8,
      query: queries.mostAffected,
      columns: {
        service_name: { title: "Service", width: 150, links: [failuresLink({ service: rowValue("service_name") })] },
        operation: { title: "Operation", width: 140 },
        model: { title: "Model", width: 190, links: [failuresLink({ model: rowValue("model") })] },
        failed: { title: "Failed", unit: "short", width: 75 },
        error_rate: {
          title: "Error rate",
          unit: "percentunit",
          decimals: 1,
          width: 95,
          cell: "text",
          steps: lowIsGood(ALERT_SETTINGS.errorRate.above / 2, ALERT_SETTINGS.errorRate.above),
        },
        top_category: { title: "Most often" },
      },
    }),
    tablePanel({
      id: 15,
      title: "First attempt against the end",
      description:
        "Operations whose first attempt failed, by that first error: recovered = completed by a later attempt, lost = failed in the end. Shows what retries are worth for each kind.",
      width: 10,
      height: 8,
      query: queries.firstAttemptAgainstFinal,
      columns: {
        first_error: { title: "First error", width: 150, links: [failuresLink({ category: rowValue("first_error") })] },
        first_failed: { title: "First failed", unit: "short", width: 95 },
        recovered: { title: "Recovered", unit: "short", width: 90 },
        lost: { title: "Lost", unit: "short", width: 70 },
        recovered_share: { title: "Recovered share", unit: "percentunit", decimals: 0, cell: "bar", max: 1, steps: highIsGood(0.25, 0.75) },
      },
    }),
  ];
}

function latest() {
  return tablePanel({
    id: 20,
    title: "Latest failed calls",
    description: "The newest 100 failed calls of the chosen filters, with the provider's message. Click the time for the trace.",
    width: 24,
    height: 10,
    query: queries.latestFailures,
    columns: {
      time: { title: "Time", width: 190, links: [TRACE_LINK] },
      model_provider: { title: "Provider", width: 110 },
      model: { title: "Model", width: 170 },
      operation: { title: "Operation", width: 100 },
      service_name: { title: "Service", width: 130 },
      error_category: { title: "Category", width: 130 },
      http_status: { title: "HTTP", unit: "none", width: 60 },
      error_message: { title: "Message" },
      retry_count: { title: "Retries", width: 70 },
      duration: { title: "Lasted", unit: "s", decimals: 1, width: 75 },
      trace_id: { title: "Trace", width: 110, links: [TRACE_LINK] },
    },
  });
}
