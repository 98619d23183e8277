import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboardOf } from "./dashboard-frame.ts";
import * as queries from "./queries/trace.ts";
import { GAIN_OR_LOSS, lowIsGood, tablePanel, waterfallPanel } from "./style.ts";
import { postgresVariable, textVariable } from "./variables.ts";

export function trace(): Dashboard {
  return dashboardOf({
    name: "trace",
    title: "GenAI trace",
    description:
      "One trace with its model calls, their attempts, cache use and cost, and the waterfall of all its spans. Without a trace id: the latest call in the time range that a retry saved.",
    store: "postgres",
    variables: [postgresVariable(), textVariable("trace_id", "Trace id", "")],
    panels: [summary(), modelCalls(), waterfall(), attempts()],
  });
}

function summary() {
  return tablePanel({
    id: 1,
    title: "The trace",
    description:
      "Sums over the model calls of the trace. Attempts: calls, and the failed attempts inside them that have no span of their own.",
    width: 24,
    height: 3,
    query: queries.summary,
    columns: {
      trace_id: { title: "Trace id", width: 285 },
      started: { title: "Started", width: 200 },
      duration: { title: "Duration", unit: "s", decimals: 2, width: 110 },
      spans: { title: "Spans", width: 80 },
      calls: { title: "Model calls", width: 105 },
      attempts: { title: "Attempts", width: 90 },
      failed: { title: "Failed", width: 80, cell: "text", steps: lowIsGood(1, 1) },
      cost: { title: "Cost", unit: "currencyUSD", decimals: 5, width: 120 },
      cache_savings: { title: "Saved by caching", unit: "currencyUSD", decimals: 5, width: 150, cell: "text", steps: GAIN_OR_LOSS },
      cache_hit_rate: { title: "Cache hits", unit: "percentunit", decimals: 0, width: 105 },
      tokens: { title: "Tokens", unit: "short" },
    },
  });
}

function modelCalls() {
  return tablePanel({
    id: 2,
    title: "Model calls in order",
    description:
      "Each call with its outcome, retries, tokens and money. Read and written: input tokens from and into the prompt cache. Repeats: the span of the failed call that this one repeats.",
    width: 24,
    height: 6,
    query: queries.modelCalls,
    columns: {
      time: { title: "Time", width: 150 },
      name: { title: "Span", hidden: true },
      model_provider: { title: "Provider", width: 90 },
      model: { title: "Model", width: 140 },
      status: { title: "Status", width: 85, cell: "text", words: { completed: "green", failed: "red" } },
      error_category: { title: "Error", width: 112 },
      error_message: { title: "Message", width: 100 },
      retry_count: { title: "Retries", width: 68 },
      retry_reason: { title: "First error", width: 108 },
      wait: { title: "Waited", unit: "s", decimals: 1, width: 74 },
      duration: { title: "Lasted", unit: "s", decimals: 1, width: 74 },
      ttft: { title: "TTFT", unit: "s", decimals: 1, width: 74 },
      input_tokens: { title: "Input", unit: "short", width: 54 },
      cache_read: { title: "Read", unit: "short", width: 54 },
      cache_write: { title: "Written", unit: "short", width: 68 },
      output_tokens: { title: "Output", unit: "short", width: 64 },
      cache_hit_ratio: { title: "Cache hits", hidden: true },
      cost: { title: "Cost", unit: "currencyUSD", decimals: 5, width: 80 },
      cache_savings: { title: "Saved", unit: "currencyUSD", decimals: 5, width: 80, cell: "text", steps: GAIN_OR_LOSS },
      cost_status: { title: "Price", hidden: true },
      retry_of: { title: "Repeats", width: 70 },
      span_id: { title: "Span id", hidden: true },
    },
  });
}

function waterfall() {
  return waterfallPanel({
    id: 3,
    title: "Waterfall",
    description: "All spans of the trace that reached the database. Click a span for its attributes, the added ones among them.",
    width: 24,
    height: 14,
    query: queries.waterfall,
  });
}

function attempts() {
  return tablePanel({
    id: 4,
    title: "Requests on the wire",
    description:
      "HTTP client spans of the trace: every attempt with its status, and the pause since the attempt before under the same call.",
    width: 24,
    height: 6,
    query: queries.httpAttempts,
    columns: {
      time: { title: "Time", width: 200 },
      name: { title: "Request", width: 280 },
      http_status: { title: "HTTP", width: 70, cell: "text", steps: lowIsGood(400, 500) },
      status: { title: "Status", width: 100, cell: "text", words: { completed: "green", failed: "red" } },
      duration: { title: "Lasted", unit: "s", decimals: 3, width: 100 },
      since_previous: { title: "Pause before", unit: "s", decimals: 3, width: 120 },
      parent_span_id: { title: "Under span" },
    },
  });
}
