import { createMetrics } from "../processor/metrics.ts";

/** docs/metrics.md: what /metrics answers, from the registry itself. */
export function renderMetricsDoc(): string {
  const { registry } = createMetrics();
  const rows = registry
    .getMetricsAsArray()
    .filter(({ name }) => !isOfTheRuntime(name))
    .map((metric) => `| \`${metric.name}\` | ${kindOf(metric)} | ${labelsOf(metric)} | ${metric.help} |`);
  return [...INTRODUCTION, "| metric | type | labels | meaning |", "| --- | --- | --- | --- |", ...rows, "", ...RUNTIME].join("\n");
}

type Metric = ReturnType<ReturnType<typeof createMetrics>["registry"]["getMetricsAsArray"]>[number];

/** prom-client's own, of the process and of Node. */
const isOfTheRuntime = (name: string): boolean => name.startsWith("process_") || name.startsWith("nodejs_");

const kindOf = (metric: Metric): string => String((metric as { readonly type?: unknown }).type);

function labelsOf(metric: Metric): string {
  const { labelNames } = metric as { readonly labelNames?: readonly string[] };
  return (labelNames ?? []).map((name) => `\`${name}\``).join(", ");
}

const INTRODUCTION = [
  "# Metrics of the gateway",
  "",
  "<!-- Written by `npm run docs` from processor/metrics.ts. -->",
  "",
  "`GET /metrics` answers them in Prometheus' text format, one sum over all workers (`sink_up`: the least, ages: the greatest). With ingest tokens set it needs a read",
  "token. Labels come from fixed lists; scope names, which senders choose, are capped at 50.",
  "",
];

const RUNTIME = [
  "Beside them `process_*` and `nodejs_*`, as prom-client has them: CPU, memory, `nodejs_eventloop_lag_p99_seconds`, garbage collection. Without Prometheus the same",
  "health is in `genai.gateway_samples`, a row a minute and process ([grafana.md](grafana.md)).",
  "",
];
