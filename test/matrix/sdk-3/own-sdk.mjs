/** What an application on SDK 3.x writes that sets up OpenTelemetry itself: the instrumentation and the processor are all that it adds. */
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";

const build = new URL("node_modules/genai-otel/", import.meta.url);
const { GenAiInstrumentation } = await import(new URL("instrumentation/genai-instrumentation.js", build).href);
const { GenAiSpanProcessor } = await import(new URL("processor/genai-otel.js", build).href);

const genAi = new GenAiInstrumentation();
const sdk = new NodeSDK({
  instrumentations: [genAi],
  spanProcessors: [genAi.spanProcessor, new GenAiSpanProcessor(), new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  logRecordProcessors: [],
  metricReaders: [],
});
sdk.start();
process.once("beforeExit", () => void sdk.shutdown());
process.once("SIGTERM", () => void sdk.shutdown().then(() => process.kill(process.pid, "SIGTERM")));
