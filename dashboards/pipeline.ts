import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_SETTINGS } from "./alert-settings.ts";
import { dashboardOf } from "./dashboard-frame.ts";
import { callsLink, rowValue, seriesLabel } from "./links.ts";
import * as gateways from "./queries/gateways.ts";
import * as queries from "./queries/pipeline.ts";
import { lowIsGood, seriesPanel, statPanel, tablePanel } from "./style.ts";
import { filterVariables, postgresVariable } from "./variables.ts";

const SILENT_SECONDS = ALERT_SETTINGS.silence.minutes * 60;
const { silentMinutes, spoolMinutes } = ALERT_SETTINGS.gateway;

const FLOW_COLORS = { received: "text", stored: "green", duplicate: "light-green", forwarded: "blue", refused: "orange", lost: "red" };

export function pipeline(): Dashboard {
  return dashboardOf({
    name: "pipeline",
    title: "GenAI pipeline",
    description:
      "How the gateways are, by what each process writes about itself once a minute; whether spans arrive, from whom and how complete; what the database holds. More of the gateway's metrics are at its /metrics for Prometheus.",
    store: "postgres",
    from: "now-1h",
    variables: [postgresVariable(), ...filterVariables()],
    panels: [...alive(), ...backlog(), ...flow(), ...gatewayHealth(), ...arrivals(), ...completeness(), tables()],
  });
}

const STAT = { width: 3, height: 4 };

function alive() {
  return [
    statPanel({
      id: 1,
      title: "Newest call",
      description: "Age of the newest call in the database, by the application's clock. Red from the limit of the alert *pipeline silent*.",
      ...STAT,
      query: queries.newestCall,
      unit: "s",
      decimals: 0,
      steps: lowIsGood(SILENT_SECONDS / 2, SILENT_SECONDS),
    }),
    statPanel({
      id: 30,
      title: "Gateways heard",
      description:
        "Age of the newest word of any gateway process; each writes once a minute. Red from the limit of the alert *gateway silent*.",
      ...STAT,
      query: gateways.newestSample,
      unit: "s",
      decimals: 0,
      steps: lowIsGood(120, silentMinutes * 60),
    }),
    statPanel({
      id: 31,
      title: "Processes",
      description: "Gateway processes that wrote in the last three minutes of the time range: one per worker.",
      ...STAT,
      query: gateways.processes,
      unit: "short",
      steps: [
        ["red", null],
        ["green", 1],
      ],
    }),
    statPanel({
      id: 32,
      title: "Spans received",
      description: "Spans that arrived in the time range and could be read, of GenAI or not, duplicates included.",
      ...STAT,
      query: gateways.received,
      unit: "short",
    }),
  ];
}

function backlog() {
  return [
    statPanel({
      id: 33,
      title: "Refused",
      description:
        "Spans refused one by one and requests answered with an error in the time range. Senders that know OTLP send again what was refused for want of room; what was malformed is gone.",
      ...STAT,
      query: gateways.refused,
      unit: "short",
      steps: [
        ["green", null],
        ["orange", 1],
      ],
    }),
    statPanel({
      id: 34,
      title: "Lost",
      description: "Spans that were accepted, and that PostgreSQL or the OTLP backend then refused for good.",
      ...STAT,
      query: gateways.lost,
      unit: "short",
      steps: [
        ["green", null],
        ["red", 1],
      ],
    }),
    statPanel({
      id: 35,
      title: "Backlog",
      description:
        "Age of the oldest span in a spool: how long ago PostgreSQL or the OTLP backend last kept up. 0: nothing waits. Red from the limit of the alert *gateway spool*.",
      ...STAT,
      query: gateways.backlog,
      unit: "s",
      decimals: 0,
      steps: lowIsGood(spoolMinutes * 30, spoolMinutes * 60),
    }),
    statPanel({
      id: 36,
      title: "Store p99",
      description:
        "99th percentile of the time of one batch, mean over minutes and processes weighed by batches. Read from Prometheus' buckets.",
      ...STAT,
      query: gateways.storeTime,
      unit: "s",
      steps: lowIsGood(1, 5),
    }),
  ];
}

function flow() {
  const graph = { width: 8, height: 8 };
  return [
    seriesPanel({
      id: 40,
      title: "Spans per minute",
      description:
        "What came and where it went, all gateways together. Duplicate: spans that PostgreSQL already had. Stored lies below received where plain spans are not stored.",
      ...graph,
      query: gateways.spansPerMinute,
      links: [callsLink({})],
      unit: "short",
      colors: FLOW_COLORS,
      draw: "lines",
    }),
    seriesPanel({
      id: 41,
      title: "Refused per minute by reason",
      description: "Spans and requests that the gateways refused. docs/configuration.md says which limit each reason belongs to.",
      ...graph,
      query: gateways.refusedByReason,
      unit: "short",
      name: "${__field.labels.reason}",
      colors: { all: "text" },
      draw: "lines",
      calcs: ["mean", "max"],
    }),
    seriesPanel({
      id: 42,
      title: "Spool",
      description:
        "Disk that spools take (left), and the age of their oldest record (right). Spans wait there while PostgreSQL or the OTLP backend is away.",
      ...graph,
      query: gateways.spool,
      unit: "bytes",
      colors: { bytes: "blue", age: "orange" },
      draw: "lines",
      calcs: ["max", "lastNotNull"],
    }).overrideByName("age", [
      { id: "unit", value: "s" },
      { id: "custom.axisPlacement", value: "right" },
    ]),
  ];
}

function gatewayHealth() {
  return [
    seriesPanel({
      id: 43,
      title: "How long answers and writes take",
      description:
        "Answer: one OTLP request, until the sender has its answer. Store and forward: one batch to PostgreSQL and to the OTLP backend. Means over minutes and processes of the quantiles, weighed by their number.",
      width: 8,
      height: 8,
      query: gateways.times,
      unit: "s",
      draw: "lines",
      calcs: ["mean", "max"],
    }),
    seriesPanel({
      id: 44,
      title: "Spans per batch",
      description: "Mean size of the batches that PostgreSQL and the OTLP backend took: small ones cost the most per span.",
      width: 4,
      height: 8,
      query: gateways.batchSize,
      unit: "short",
      colors: FLOW_COLORS,
      draw: "lines",
      calcs: ["mean"],
    }),
    tablePanel({
      id: 45,
      title: "Gateway processes",
      description:
        "Host and process id of each that wrote in the time range. Heard: age of its newest word. Failures: writes that failed, whose spans wait or are sent again. Event loop: delay, 99th percentile; from 100 ms on it has too much to do. CPU: cores in use, mean.",
      width: 12,
      height: 8,
      query: gateways.eachProcess,
      columns: {
        instance: { title: "Process" },
        age: { title: "Heard", unit: "s", decimals: 0, width: 75, cell: "text", steps: lowIsGood(120, silentMinutes * 60) },
        per_minute: { title: "Per minute", unit: "short", decimals: 0, width: 95 },
        refused: { title: "Refused", unit: "short", width: 72 },
        failures: { title: "Failures", unit: "short", width: 72 },
        spool_bytes: { title: "Spool", unit: "bytes", decimals: 0, width: 75 },
        event_loop: { title: "Event loop", unit: "s", decimals: 0, width: 85, cell: "text", steps: lowIsGood(0.1, 0.5) },
        cpu: { title: "CPU", unit: "percentunit", decimals: 1, width: 65 },
        rss: { title: "Memory", unit: "bytes", decimals: 0, width: 80 },
      },
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

function completeness() {
  const size = { width: 5, height: 4 };
  return [
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
      width: 4,
      height: 4,
      query: queries.databaseBytes,
      unit: "bytes",
      decimals: 1,
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
