import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { callsLink, rowValue, seriesLabel } from "./links.ts";
import * as queries from "./queries/pipeline.ts";
import { lowIsGood, seriesPanel, statPanel, tablePanel } from "./style.ts";
import { filterVariables, postgresVariable } from "./variables.ts";

const SILENT_SECONDS = ALERT_SETTINGS.silence.minutes * 60;

export function pipeline(): Dashboard {
  return dashboardOf({
    name: "pipeline",
    title: "GenAI pipeline",
    description:
      "Whether spans arrive, from whom, how complete they are, and what the database holds. The gateway's own metrics are at its /metrics for Prometheus.",
    store: "postgres",
    variables: [postgresVariable(), ...filterVariables()],
    panels: [...headline(), ...arrivals(), tables()],
  });
}

function headline() {
  const size = { width: 4, height: 4 };
  return [
    statPanel({
      id: 1,
      title: "Newest model call",
      description: "Age of the newest call in the database, by the application's clock. Red from the limit of the alert *pipeline silent*.",
      ...size,
      query: queries.newestCall,
      unit: "s",
      decimals: 0,
      steps: lowIsGood(SILENT_SECONDS / 2, SILENT_SECONDS),
    }),
    statPanel({
      id: 2,
      title: "Newest other span",
      description:
        "Age of the newest span that is not of GenAI. Old while calls are fresh: only GenAI spans are sent or stored, and waterfalls lack their surroundings.",
      ...size,
      query: queries.newestSpan,
      unit: "s",
      decimals: 0,
    }),
    statPanel({
      id: 3,
      title: "Calls stored",
      description: "Model calls of the time range in the database.",
      ...size,
      query: queries.storedCalls,
      unit: "short",
      links: [callsLink({})],
    }),
    statPanel({
      id: 4,
      title: "Something unknown",
      description:
        "Calls that lack a service, environment, provider, model or operation / calls. Mend the instrumentation or the resource attributes.",
      ...size,
      query: queries.unknownShare,
      unit: "percentunit",
      decimals: 1,
      steps: lowIsGood(0.01, 0.1),
    }),
    statPanel({
      id: 5,
      title: "Without token counts",
      description:
        "Completed calls that report no tokens, and therefore no cost / completed calls. Streams need stream_options.include_usage with OpenAI.",
      ...size,
      query: queries.noUsageShare,
      unit: "percentunit",
      decimals: 1,
      steps: lowIsGood(0.05, 0.2),
    }),
    statPanel({
      id: 6,
      title: "Size in the database",
      description: "Tables and indexes of the schema genai.",
      ...size,
      query: queries.databaseBytes,
      unit: "bytes",
      decimals: 1,
    }),
  ];
}

function arrivals() {
  return [
    seriesPanel({
      id: 10,
      title: "Calls per minute by service",
      description:
        "Model calls per minute by service.name. A line that ends is a service that stopped calling, or whose exporter stopped sending.",
      width: 14,
      height: 9,
      query: queries.callsByService,
      unit: "short",
      decimals: 1,
      name: "${__field.labels.service_name}",
      draw: "lines",
      links: [callsLink({ service: seriesLabel("service_name") })],
    }),
    tablePanel({
      id: 11,
      title: "Services",
      description: "Services that called a model in the time range, and how long ago the last time was (to the minute).",
      width: 10,
      height: 9,
      query: queries.services,
      columns: {
        service_name: { title: "Service", links: [callsLink({ service: rowValue("service_name") })] },
        environment: { title: "Environment", width: 110 },
        calls: { title: "Calls", unit: "short", width: 80 },
        last_minute: { title: "Last", width: 165 },
        age: { title: "Ago", unit: "s", decimals: 0, width: 90, cell: "text", steps: lowIsGood(SILENT_SECONDS, 86_400) },
      },
    }),
  ];
}

function tables() {
  return tablePanel({
    id: 20,
    title: "Tables",
    description:
      "Rows (estimated by the server), size with indexes, and the day partitions of each table. Old days leave with the retention.",
    width: 24,
    height: 10,
    query: queries.tables,
    columns: {
      table_name: { title: "Table" },
      partitions: { title: "Partitions", width: 110 },
      rows: { title: "Rows", unit: "short", width: 120 },
      bytes: { title: "Size", unit: "bytes", width: 120 },
      oldest_day: { title: "Oldest day", width: 120 },
      newest_day: { title: "Newest day", width: 120 },
    },
  });
}
