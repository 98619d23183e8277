import { createRequire } from "node:module";
import { tracing } from "@opentelemetry/sdk-node";

type SpanExporter = ConstructorParameters<typeof tracing.BatchSpanProcessor>[0];
export type ExportProcessor = InstanceType<typeof tracing.BatchSpanProcessor> | InstanceType<typeof tracing.SimpleSpanProcessor>;

/** OTLP protocols (OTEL_EXPORTER_OTLP_PROTOCOL) -> the package that speaks each; only the chosen one is loaded. */
const OTLP_EXPORTERS: Readonly<Record<string, string>> = {
  "http/protobuf": "@opentelemetry/exporter-trace-otlp-proto",
  "http/json": "@opentelemetry/exporter-trace-otlp-http",
  grpc: "@opentelemetry/exporter-trace-otlp-grpc",
};

export interface TraceExport {
  /** Values of OTEL_TRACES_EXPORTER: otlp, console, none. */
  readonly exporters: readonly string[];
  readonly otlpProtocol: string;
}

/** A way out of the process. */
export interface TraceOutlet {
  readonly processor: ExportProcessor;
  /** Sends everything, also what the processor has already handed to its exporter: that it does not wait for. */
  flush(): Promise<void>;
}

/** Ways out as the standard variables say, or an error that names what is wrong; endpoint, headers, timeout and TLS the exporters read themselves. */
export function traceOutlets({ exporters, otlpProtocol }: TraceExport): TraceOutlet[] {
  if (exporters.includes("none")) return [];
  return exporters.map((name) => {
    const exporter = createExporter(name, otlpProtocol);
    const processor = processorFor(name, exporter);
    return {
      processor,
      async flush() {
        await processor.forceFlush();
        await exporter.forceFlush?.();
      },
    };
  });
}

function createExporter(name: string, otlpProtocol: string): SpanExporter {
  if (name === "console") return new tracing.ConsoleSpanExporter();
  if (name !== "otlp") throw new Error(`OTEL_TRACES_EXPORTER "${name}" is not supported; expected otlp, console, none`);
  const known = OTLP_EXPORTERS[otlpProtocol];
  if (known === undefined) {
    throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL "${otlpProtocol}" is not supported; expected ${Object.keys(OTLP_EXPORTERS).join(", ")}`);
  }
  const { OTLPTraceExporter } = createRequire(import.meta.url)(known) as { OTLPTraceExporter: new () => SpanExporter };
  return new OTLPTraceExporter();
}

function processorFor(name: string, exporter: SpanExporter): ExportProcessor {
  return name === "console" ? new tracing.SimpleSpanProcessor(exporter) : new tracing.BatchSpanProcessor(exporter);
}
