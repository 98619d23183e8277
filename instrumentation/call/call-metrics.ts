import type { Attributes, Counter, Histogram, MeterProvider } from "@opentelemetry/api";
import { isStreaming, startAttributes } from "./call-attributes.ts";
import type { AttemptOutcome, ModelCall } from "./model-call.ts";

const DURATION_BUCKETS_S = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKEN_BUCKETS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

/** Attributes of the convention's metrics (gen-ai-metrics.md); few values each. */
const DIMENSIONS = [
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.request.model",
  "gen_ai.response.model",
  "server.address",
  "server.port",
  "error.type",
] as const;

/** Usage attribute of the span -> the convention's counter. */
const TOKEN_COUNTERS: Readonly<Record<string, string>> = {
  "gen_ai.usage.input_tokens": "gen_ai.client.inference.usage.input_tokens",
  "gen_ai.usage.output_tokens": "gen_ai.client.inference.usage.output_tokens",
  "gen_ai.usage.cache_read.input_tokens": "gen_ai.client.inference.usage.cache_read.input_tokens",
  "gen_ai.usage.cache_write.input_tokens": "gen_ai.client.inference.usage.cache_write.input_tokens",
  "gen_ai.usage.reasoning.output_tokens": "gen_ai.client.inference.usage.reasoning.output_tokens",
};

/** What the API gives where nobody has registered one. */
const NO_METERS = "NoopMeterProvider";

interface CallEnd {
  readonly outcome: AttemptOutcome;
  /** What the span got at the end. */
  readonly ended: Attributes;
}

interface Instruments {
  readonly duration: Histogram;
  readonly operationDuration: Histogram;
  readonly firstChunk: Histogram;
  readonly tokenUsage: Histogram;
  readonly counters: ReadonlyMap<string, Counter>;
}

/**
 * Records the convention's client metrics of every ended call. Both ages are written, the current names and those of v1.41
 * (`gen_ai.client.token.usage`, `gen_ai.client.operation.duration`), which nearly every dashboard still reads.
 */
export function callMetrics(
  meters: () => MeterProvider,
  scope: { readonly name: string; readonly version: string },
): (call: ModelCall, outcome: AttemptOutcome, attributes: Attributes) => void {
  let instruments: Instruments | undefined;
  let provider: MeterProvider | undefined;
  return (call, outcome, attributes) => {
    const current = meters();
    if (current.constructor.name === NO_METERS) return;
    if (instruments === undefined || provider !== current) {
      provider = current;
      instruments = createInstruments(current, scope);
    }
    record(instruments, call, { outcome, ended: attributes });
  };
}

function record(instruments: Instruments, call: ModelCall, { outcome, ended }: CallEnd): void {
  const { duration, operationDuration, firstChunk, tokenUsage, counters } = instruments;
  const attributes = { ...startAttributes(call.target, call.facts), ...ended };
  const dimensions = Object.fromEntries(
    DIMENSIONS.filter((key) => attributes[key] !== undefined).map((key) => [key, attributes[key]]),
  ) as Attributes;
  const seconds = (outcome.endMs - call.startMs) / 1000;
  duration.record(seconds, dimensions);
  operationDuration.record(seconds, dimensions);
  const toFirstChunk = attributes["gen_ai.response.time_to_first_chunk"];
  if (isStreaming(call.target, call.facts) && typeof toFirstChunk === "number") firstChunk.record(toFirstChunk, dimensions);
  for (const [key, counter] of counters) {
    const count = attributes[key];
    if (typeof count === "number") counter.add(count, dimensions);
  }
  recordUsage(tokenUsage, attributes["gen_ai.usage.input_tokens"], { ...dimensions, "gen_ai.token.type": "input" });
  recordUsage(tokenUsage, attributes["gen_ai.usage.output_tokens"], { ...dimensions, "gen_ai.token.type": "output" });
}

function recordUsage(histogram: Histogram, count: unknown, dimensions: Attributes): void {
  if (typeof count === "number") histogram.record(count, dimensions);
}

function createInstruments(meters: MeterProvider, { name, version }: { readonly name: string; readonly version: string }): Instruments {
  const meter = meters.getMeter(name, version);
  const seconds = { unit: "s", advice: { explicitBucketBoundaries: DURATION_BUCKETS_S } };
  const counter = (metric: string): Counter => meter.createCounter(metric, { unit: "{token}" });
  return {
    duration: meter.createHistogram("gen_ai.client.inference.duration", seconds),
    operationDuration: meter.createHistogram("gen_ai.client.operation.duration", seconds),
    firstChunk: meter.createHistogram("gen_ai.client.inference.time_to_first_chunk", seconds),
    tokenUsage: meter.createHistogram("gen_ai.client.token.usage", {
      unit: "{token}",
      advice: { explicitBucketBoundaries: TOKEN_BUCKETS },
    }),
    counters: new Map(Object.entries(TOKEN_COUNTERS).map(([key, metric]): [string, Counter] => [key, counter(metric)])),
  };
}
