import { Metadata } from "@grpc/grpc-js";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { CompressionAlgorithm } from "@opentelemetry/otlp-exporter-base";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { startTestGateway, type TestGateway } from "./support/test-gateway.ts";

let database: TestDatabase;
let gateway: TestGateway;

beforeAll(async () => {
  database = await createDatabase();
  gateway = await startTestGateway({ DATABASE_URL: database.url, INGEST_TOKENS: "exporter-token" });
});
afterAll(async () => {
  await gateway.close();
  await database.drop();
});

const headers = { authorization: "Bearer exporter-token" };
const httpOptions = () => ({ url: `${gateway.url}/v1/traces`, headers });

describe("OpenTelemetry's own exporters for JavaScript deliver", () => {
  const exporters: readonly [string, () => SpanExporter][] = [
    ["http/json", () => new JsonExporter(httpOptions())],
    ["http/json, gzip", () => new JsonExporter({ ...httpOptions(), compression: CompressionAlgorithm.GZIP })],
    ["http/protobuf", () => new ProtoExporter(httpOptions())],
    ["http/protobuf, gzip", () => new ProtoExporter({ ...httpOptions(), compression: CompressionAlgorithm.GZIP })],
    ["grpc", () => new GrpcExporter({ url: `http://127.0.0.1:${gateway.grpcPort}`, metadata: grpcMetadata() })],
    [
      "grpc, gzip",
      () =>
        new GrpcExporter({ url: `http://127.0.0.1:${gateway.grpcPort}`, metadata: grpcMetadata(), compression: CompressionAlgorithm.GZIP }),
    ],
  ];

  test.each(exporters)("%s", async (_name, createExporter) => {
    const traceId = await exportCalls(createExporter());
    const { rows } = await database.pool.query("select * from genai.llm_traces where trace_id = $1 order by created_at", [traceId]);
    expect(rows).toMatchObject([
      {
        model_provider: "anthropic",
        model: "claude-sonnet-4-5",
        status: "completed",
        input_tokens: "1200",
        output_tokens: "80",
        cost_status: "priced",
        llm_call: true,
      },
      { model_provider: "anthropic", status: "failed", error_category: "model_overloaded", error_retryable: true, http_status: 529 },
    ]);
    const { rows: others } = await database.pool.query("select name from genai.spans where trace_id = $1", [traceId]);
    expect(others).toEqual([{ name: "GET /answer" }]);
  });
});

/** A request that asks a model twice: a success and a failure. Answers the trace's id once the exporter has delivered. */
async function exportCalls(exporter: SpanExporter): Promise<string> {
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const tracer = provider.getTracer("exporter-test");
  const server = tracer.startSpan("GET /answer", { kind: SpanKind.SERVER });
  const inServer = trace.setSpan(context.active(), server);
  const attributes = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5" };
  const success = tracer.startSpan("chat claude-sonnet-4-5", { kind: SpanKind.CLIENT, attributes, startTime: Date.now() - 5000 }, inServer);
  success.setAttributes({ "gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 80 }).end();
  const failure = tracer.startSpan("chat claude-sonnet-4-5", { kind: SpanKind.CLIENT, attributes, startTime: Date.now() - 1000 }, inServer);
  failure.setAttributes({ "error.type": "overloaded_error", "http.response.status_code": 529 });
  failure.setStatus({ code: SpanStatusCode.ERROR, message: "Overloaded" }).end();
  server.end();
  await provider.forceFlush();
  await provider.shutdown();
  return server.spanContext().traceId;
}

function grpcMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", headers.authorization);
  return metadata;
}
