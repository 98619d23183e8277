import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboardOf } from "./dashboard-frame.ts";
import { TRACE_LINK } from "./links.ts";
import * as queries from "./queries/calls.ts";
import { GAIN_OR_LOSS, seriesPanel, tablePanel } from "./style.ts";
import { filterVariables, postgresVariable, statusVariable, textVariable } from "./variables.ts";

/** The list between every aggregate and a trace. */
export function calls(): Dashboard {
  return dashboardOf({
    name: "calls",
    title: "GenAI calls",
    description: "The single calls behind a number of the other dashboards, newest first, each with its trace.",
    store: "postgres",
    from: "now-24h",
    variables: [postgresVariable(), ...filterVariables(), statusVariable(), textVariable("user", "User", "")],
    panels: [
      seriesPanel({
        id: 1,
        title: "Calls per minute by status",
        description: "Calls per minute of all users, averaged over each bar. Select a part of it to list the calls of that time.",
        width: 24,
        height: 6,
        query: queries.callsByStatus,
        unit: "short",
        decimals: 1,
        name: "${__field.labels.status}",
        draw: "bars",
        legend: "right",
      })
        .overrideByName("completed", [{ id: "color", value: { mode: "fixed", fixedColor: "green" } }])
        .overrideByName("failed", [{ id: "color", value: { mode: "fixed", fixedColor: "red" } }]),
      tablePanel({
        id: 2,
        title: "Latest calls",
        description: "The newest 200 calls of the chosen filters, of one user where one is named above. Click the time for the trace.",
        width: 24,
        height: 18,
        query: queries.latestCalls,
        columns: {
          time: { title: "Time", width: 190, links: [TRACE_LINK] },
          status: { title: "Status", width: 90, cell: "text", words: { completed: "green", failed: "red" } },
          model_provider: { title: "Provider", width: 110 },
          model: { title: "Model", width: 180 },
          operation: { title: "Operation", width: 130 },
          service_name: { title: "Service", width: 130 },
          duration: { title: "Lasted", unit: "s", decimals: 2, width: 80 },
          ttft: { title: "First token", unit: "s", decimals: 2, width: 90 },
          input_tokens: { title: "Input", unit: "short", width: 70 },
          cache_hit_ratio: { title: "Cached", unit: "percentunit", decimals: 0, width: 75 },
          output_tokens: { title: "Output", unit: "short", width: 75 },
          cost: { title: "Cost", unit: "currencyUSD", decimals: 5, width: 95 },
          cache_savings: { title: "Saved", unit: "currencyUSD", decimals: 5, width: 95, cell: "text", steps: GAIN_OR_LOSS },
          retry_count: { title: "Retries", width: 70 },
          error_category: { title: "Error", width: 120 },
          user_id: { title: "User", width: 100 },
          trace_id: { title: "Trace", links: [TRACE_LINK] },
        },
      }),
    ],
  });
}
