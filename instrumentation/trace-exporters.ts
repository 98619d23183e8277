import { createRequire } from "node:module";
import { BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import type { BatchSpanProcessorOptions, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import { watchLosses } from "./export-losses.ts";
import type { NoteLoss } from "./export-losses.ts";

/** OTLP protocols (OTEL_EXPORTER_OTLP_PROTOCOL) -> the package that speaks each; only the chosen one is loaded. */
const OTLP_EXPORTERS: Readonly<Record<string, string>> = {
  "http/protobuf": "@opentelemetry/exporter-trace-otlp-proto",
  "http/json": "@opentelemetry/exporter-trace-otlp-http",
  grpc: "@opentelemetry/exporter-trace-otlp-grpc",
};

/**
 * Spans that wait for export, unless OTEL_BSP_MAX_QUEUE_SIZE says otherwise. The SDK's 2,048 are full after 5 s at 200 calls a second,
 * which is less than one export that runs into its time limit; these last 18 s and are some 30 MB when the collector is away.
 */
const QUEUE_SPANS_MAX = 8_192;

export interface TraceExport {
  /** Values of OTEL_TRACES_EXPORTER: otlp, console, none. */
  readonly exporters: readonly string[];
  readonly otlpProtocol: string;
  /** What OTEL_BSP_* say. */
  readonly batch: Omit<BatchSpanProcessorOptions, "exporter">;
  readonly onLoss: NoteLoss;
}

/** A way out of the process. */
export interface TraceOutlet {
  readonly processor: SpanProcessor;
  /** Sends everything, also what the processor has already handed to its exporter: that it does not wait for. */
  flush(): Promise<void>;
  /** Spans that have not left yet. */
  unsent(): number;
}

/** Ways out as the standard variables say, or an error that names what is wrong; endpoint, headers, timeout and TLS the exporters read themselves. */
export function traceOutlets(options: TraceExport): TraceOutlet[] {
  if (options.exporters.includes("none")) return [];
  return options.exporters.map((name) => (name === "console" ? consoleOutlet() : otlpOutlet(name, options)));
}

function consoleOutlet(): TraceOutlet {
  const processor = new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() });
  return { processor, flush: () => processor.forceFlush(), unsent: () => 0 };
}

function otlpOutlet(name: string, { otlpProtocol, batch, onLoss }: TraceExport): TraceOutlet {
  const exporter = createExporter(name, otlpProtocol);
  const queueSpansMax = batch.maxQueueSize ?? QUEUE_SPANS_MAX;
  const watched = watchLosses(exporter, queueSpansMax, onLoss);
  const processor = watched.before(new BatchSpanProcessor({ ...batch, maxQueueSize: queueSpansMax, exporter: watched.exporter }));
  return {
    processor,
    unsent: () => watched.unsent(),
    async flush() {
      await processor.forceFlush();
      await exporter.forceFlush?.();
    },
  };
}

function createExporter(name: string, otlpProtocol: string): SpanExporter {
  if (name !== "otlp") throw new Error(`OTEL_TRACES_EXPORTER "${name}" is not supported; expected otlp, console, none`);
  const known = OTLP_EXPORTERS[otlpProtocol];
  if (known === undefined) {
    throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL "${otlpProtocol}" is not supported; expected ${Object.keys(OTLP_EXPORTERS).join(", ")}`);
  }
  const { OTLPTraceExporter } = createRequire(import.meta.url)(known) as { OTLPTraceExporter: new () => SpanExporter };
  return new OTLPTraceExporter();
}
