import { NodeSDK } from "@opentelemetry/sdk-node";
import type { tracing } from "@opentelemetry/sdk-node";
import { GenAiSpanProcessor } from "../processor/span-processor.ts";
import { GenAiInstrumentation } from "./genai-instrumentation.ts";
import type { GenAiInstrumentationConfig } from "./genai-instrumentation.ts";
import { installedInstrumentations } from "./installed-instrumentations.ts";
import type { InstalledOptions } from "./installed-instrumentations.ts";
import { traceOutlets } from "./trace-exporters.ts";
import type { TraceExport } from "./trace-exporters.ts";

type SpanProcessor = tracing.SpanProcessor;

export interface StartOptions {
  readonly traces: TraceExport;
  readonly installed: InstalledOptions;
  readonly instrumentation: GenAiInstrumentationConfig;
  /** Metrics leave the process as OTEL_METRICS_EXPORTER says; without this there is no meter provider. */
  readonly metrics: boolean;
}

export interface Started {
  /** Whether a span has ended since the last flush, or a call is still open. */
  isDirty(): boolean;
  /** The process ends: ends the spans of all calls and exports them, within the exporter's own time limit. */
  flush(): Promise<void>;
  /** Spans that have not left yet. */
  unsent(): number;
  shutdown(): Promise<void>;
}

/** A complete start of OpenTelemetry in this process: model calls, the instrumentations that are installed, export. */
export function start(options: StartOptions): Started {
  const genAi = new GenAiInstrumentation({ ...options.instrumentation, enabled: false });
  const outlets = traceOutlets(options.traces);
  const unexported = endedSpans();
  const sdk = new NodeSDK({
    instrumentations: [...installedInstrumentations(options.installed), genAi],
    spanProcessors: [genAi.spanProcessor, new GenAiSpanProcessor(), unexported.processor, ...outlets.map(({ processor }) => processor)],
    logRecordProcessors: [],
    ...(options.metrics ? {} : { metricReaders: [] }),
  });
  sdk.start();
  // Last, so that its wrappers are the outermost and foreign HTTP spans become children of its calls.
  genAi.enable();
  return {
    unsent: () => outlets.reduce((spans, outlet) => spans + outlet.unsent(), 0),
    isDirty: () => unexported.any() || genAi.hasOpenCalls(),
    async flush() {
      genAi.endAll();
      unexported.forget();
      await Promise.all(outlets.map((outlet) => outlet.flush()));
    },
    async shutdown() {
      genAi.disable();
      await sdk.shutdown();
    },
  };
}

/** Notes that a span has ended since somebody last asked to forget. */
function endedSpans(): { readonly processor: SpanProcessor; any(): boolean; forget(): void } {
  let any = false;
  const processor = {
    onStart() {},
    onEnd: () => void (any = true),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  return { processor, any: () => any, forget: () => void (any = false) };
}
