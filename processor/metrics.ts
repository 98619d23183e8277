import { type Aggregator, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { BucketHistogram } from "./bucket-histogram.ts";
import { LabelCounter } from "./label-counter.ts";
import type { EnrichmentCounts } from "./otlp/enrichment-counts.ts";

/**
 * What the gateway says of itself. Names follow OpenTelemetry's conventions as Prometheus spells them (unit in the name,
 * `_total` on counters); where the semantic conventions have a metric, it is theirs. Every label has a bounded set of values.
 */
export interface Metrics {
  readonly registry: Registry;
  readonly receivedSpans: LabelCounter<"transport">;
  readonly refusedSpans: Counter<"reason">;
  readonly refusedRequests: Counter<"transport" | "reason">;
  readonly enrichedSpans: Counter;
  readonly llmCalls: Counter;
  readonly failedCalls: LabelCounter<"error_category">;
  readonly unpricedCalls: LabelCounter<"cost_status">;
  readonly unknownDialectSpans: Counter<"scope">;
  readonly writtenSpans: LabelCounter<"sink">;
  readonly storedSpans: Counter;
  readonly duplicateSpans: Counter;
  readonly lostSpans: Counter<"sink" | "reason">;
  readonly failedSamples: Counter;
  readonly batchSpans: BucketHistogram<"sink">;
  readonly writeDuration: BucketHistogram<"sink" | "outcome">;
  readonly httpDuration: BucketHistogram<"http_route" | "http_response_status_code">;
  readonly rpcDuration: Histogram<"rpc_grpc_status_code">;
  readonly sinkUp: Gauge<"sink">;
  readonly spoolBytes: Gauge<"sink">;
  readonly spoolAge: Gauge<"sink">;
  readonly admittedBytes: Gauge;
  readonly tracesRemembered: Gauge;
}

/** http.server.request.duration's advised boundaries (OpenTelemetry semantic conventions), in seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const SPANS = [1, 10, 100, 500, 1000, 2500, 5000, 10_000];
/** Scopes with a label of their own; those that come later count as "other". */
const SCOPE_LABELS_MAX = 50;
const SCOPE_LABEL_CHARS_MAX = 100;

/** One registry per process: several gateways in one process do not mix. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name: `genai_otel_${name}_total`, help, labelNames: [...labelNames], registers: [registry] });
  const labelCounter = <L extends string>(name: string, help: string, label: L): LabelCounter<L> =>
    new LabelCounter({ name: `genai_otel_${name}_total`, help, label, registry });
  /** `aggregator`: what several processes' values make together. */
  const gauge = <L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    aggregator: Aggregator = "sum",
  ): Gauge<L> => new Gauge({ name: `genai_otel_${name}`, help, labelNames: [...labelNames], registers: [registry], aggregator });
  const histogram = <L extends string>(
    name: string,
    help: string,
    bounds: readonly number[],
    labelNames: readonly L[],
  ): BucketHistogram<L> => new BucketHistogram({ name, help, bounds, labelNames, registry });
  return {
    registry,
    receivedSpans: labelCounter("spans_received", "Spans that arrived and could be read", "transport"),
    refusedSpans: counter("spans_refused", "Spans refused one by one, as partial_success tells the sender", ["reason"]),
    refusedRequests: counter("requests_refused", "Requests answered with an error", ["transport", "reason"]),
    enrichedSpans: counter("spans_enriched", "GenAI spans that were given attributes"),
    llmCalls: counter("llm_calls", "Spans that stand for a call to a model (llm_call = true)"),
    failedCalls: labelCounter("llm_calls_failed", "Failed calls by error category", "error_category"),
    unpricedCalls: labelCounter("llm_calls_unpriced", "Calls without a cost, by reason", "cost_status"),
    unknownDialectSpans: counter("unknown_dialect_spans", "GenAI spans of an emitter that no table knows, by instrumentation scope", [
      "scope",
    ]),
    writtenSpans: labelCounter("spans_written", "Spans that a sink took, duplicates included", "sink"),
    storedSpans: counter("spans_stored", "Rows written to PostgreSQL"),
    duplicateSpans: counter("spans_duplicate", "Spans that PostgreSQL already had"),
    lostSpans: counter("spans_lost", "Accepted spans that a sink then refused for good", ["sink", "reason"]),
    failedSamples: counter("samples_failed", "Rows of gateway_samples that could not be written; what they counted is in the next"),
    batchSpans: histogram("genai_otel_batch_spans", "Spans per write to a sink", SPANS, ["sink"]),
    writeDuration: histogram("genai_otel_sink_write_duration_seconds", "Time of one write to a sink", SECONDS, ["sink", "outcome"]),
    httpDuration: histogram("http_server_request_duration_seconds", "Time of one HTTP request, until its answer", SECONDS, [
      "http_route",
      "http_response_status_code",
    ]),
    rpcDuration: new Histogram({
      name: "rpc_server_call_duration_seconds",
      help: "Time of one gRPC call, until its answer",
      buckets: SECONDS,
      labelNames: ["rpc_grpc_status_code"],
      registers: [registry],
    }),
    sinkUp: gauge("sink_up", "1 while the sink takes spans, 0 while they go to its spool or are refused", ["sink"], "min"),
    spoolBytes: gauge("spool_bytes", "Disk that the spool takes", ["sink"]),
    spoolAge: gauge("spool_age_seconds", "Age of the oldest record in the spool", ["sink"], "max"),
    admittedBytes: gauge("admitted_bytes", "Request bytes held at this moment"),
    tracesRemembered: gauge("traces_remembered", "Traces in the memory of retries and wrappers"),
  };
}

/** What enrichment found in one request. */
export function countEnriched(metrics: Metrics, counts: EnrichmentCounts): void {
  metrics.enrichedSpans.inc(counts.genAiSpans);
  metrics.llmCalls.inc(counts.llmCalls);
  for (const [category, count] of counts.failedCalls) metrics.failedCalls.add(category, count);
  for (const [status, count] of counts.unpricedCalls) metrics.unpricedCalls.add(status, count);
}

/** A scope's name comes from the sender: the first few get a label of their own. */
export function createScopeLabels(): (scopeName: string) => string {
  const known = new Set<string>();
  return (scopeName) => {
    const label = scopeName.slice(0, SCOPE_LABEL_CHARS_MAX) || "none";
    if (known.has(label)) return label;
    if (known.size >= SCOPE_LABELS_MAX) return "other";
    known.add(label);
    return label;
  };
}
