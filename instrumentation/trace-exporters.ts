import { createRequire } from "node:module";
import { diag } from "@opentelemetry/api";
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

/** Span processors that export as the standard variables say; endpoint, headers, timeout and TLS the exporters read themselves. */
export function exportProcessors({ exporters, otlpProtocol }: TraceExport): ExportProcessor[] {
  if (exporters.includes("none")) return [];
  return exporters.flatMap((name) => {
    const exporter = createExporter(name, otlpProtocol);
    return exporter === undefined ? [] : [processorFor(name, exporter)];
  });
}

function createExporter(name: string, otlpProtocol: string): SpanExporter | undefined {
  if (name === "console") return new tracing.ConsoleSpanExporter();
  const known = OTLP_EXPORTERS[otlpProtocol];
  if (name !== "otlp" || known === undefined) {
    const wrong = name === "otlp" ? `OTEL_EXPORTER_OTLP_PROTOCOL "${otlpProtocol}"` : `OTEL_TRACES_EXPORTER "${name}"`;
    diag.warn(
      `genai-otel: ${wrong} is not supported; expected ${name === "otlp" ? Object.keys(OTLP_EXPORTERS).join(", ") : "otlp, console, none"}`,
    );
    return undefined;
  }
  const { OTLPTraceExporter } = createRequire(import.meta.url)(known) as { OTLPTraceExporter: new () => SpanExporter };
  return new OTLPTraceExporter();
}

function processorFor(name: string, exporter: SpanExporter): ExportProcessor {
  return name === "console" ? new tracing.SimpleSpanProcessor(exporter) : new tracing.BatchSpanProcessor(exporter);
}
