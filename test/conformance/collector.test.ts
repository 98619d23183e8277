import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { expectStoredExactly } from "../support/expect-stored.ts";
import { freePort } from "../support/gateway-process.ts";
import { type ReferenceKeyValue, referenceCodec } from "../support/otlp-reference-codec.ts";
import { startTestGateway, type TestGateway } from "../support/test-gateway.ts";
import { int, text, traceRequest } from "../support/trace-requests.ts";

const BINARY = process.env["COLLECTOR_BINARY"] ?? "/tmp/otelcol-bench";
const CONFIGS = join(import.meta.dirname, "../../provisioning/collector");
const TOKEN = "collector-token";
const PROTOBUF = { "content-type": "application/x-protobuf" };

let database: TestDatabase;
let gateways: TestGateway[];
let collector: ChildProcess;
let collectorUrl: string;

beforeEach(async () => {
  database = await createDatabase();
  gateways = await Promise.all(
    [1, 2].map(() => startTestGateway({ DATABASE_URL: database.url, INGEST_TOKENS: TOKEN, READ_TOKENS: "reading-token" })),
  );
});
afterEach(async () => {
  const exited = once(collector, "exit");
  collector.kill();
  await exited;
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await database.drop();
});

async function startCollector(config: string, env: Record<string, string>): Promise<void> {
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  collectorUrl = `http://127.0.0.1:${httpPort}`;
  let output = "";
  collector = spawn(BINARY, ["--config", join(CONFIGS, config)], {
    env: { ...env, GATEWAY_TOKEN: TOKEN, OTLP_HTTP_ENDPOINT: `127.0.0.1:${httpPort}`, OTLP_GRPC_ENDPOINT: `127.0.0.1:${grpcPort}` },
    stdio: ["ignore", "ignore", "pipe"],
  });
  collector.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  collector.once("error", (error) => (output += String(error)));
  await expect.poll(() => output, { timeout: 20_000 }).toContain("Everything is ready");
}

async function send(body: Uint8Array): Promise<void> {
  const response = await fetch(`${collectorUrl}/v1/traces`, { method: "POST", headers: PROTOBUF, body });
  expect(response.status).toBe(200);
}

const count = async (): Promise<number> =>
  Number(
    (
      await database.pool.query<{ count: string }>(
        "select (select count(*) from genai.llm_traces) + (select count(*) from genai.spans) as count",
      )
    ).rows[0]?.count,
  );

describe("the Collector delivers every span once", () => {
  test.each(["otlphttp/genai", "otlp/genai"])("through its exporter %s", async (exporter) => {
    const [gateway] = gateways;
    await startCollector("forward.yaml", {
      GATEWAY_EXPORTER: exporter,
      GATEWAY_HTTP: gateway?.url ?? "",
      GATEWAY_GRPC: `127.0.0.1:${gateway?.grpcPort}`,
    });
    const sent = Array.from({ length: 20 }, () => traceRequest({ spans: 50, plainEvery: 4 }));
    await Promise.all(sent.map(({ protobuf }) => send(protobuf)));
    await expect.poll(count, { timeout: 20_000 }).toBe(1000);
    await expectStoredExactly(database.pool, new Set(sent.flatMap(({ spanIds }) => spanIds)));
  });
});

describe("behind the loadbalancing exporter", () => {
  test("each trace meets in one of two gateways, so that a call's retries are known although they came in an earlier batch", async () => {
    await startCollector("loadbalancing.yaml", {
      GATEWAY_1: `127.0.0.1:${gateways[0]?.grpcPort}`,
      GATEWAY_2: `127.0.0.1:${gateways[1]?.grpcPort}`,
    });
    const traces = Array.from({ length: 60 }, retriedCall);
    await Promise.all(traces.map(({ attempts }) => send(attempts)));
    await expect.poll(count, { timeout: 20_000 }).toBe(120);
    await Promise.all(traces.map(({ call }) => send(call)));
    await expect.poll(count, { timeout: 20_000 }).toBe(180);
    const { rows } = await database.pool.query(
      "select retry_count, retry_reason, count(*)::int from genai.llm_traces where name like 'chat%' group by 1, 2",
    );
    expect(rows).toEqual([{ retry_count: 1, retry_reason: "rate_limit", count: 60 }]);
    expect(await Promise.all(gateways.map(receivedSpans))).toSatisfy(
      (counts: number[]) => counts.every((spans) => spans > 30) && counts[0]! + counts[1]! === 180,
    );
  });
});

async function receivedSpans({ url }: TestGateway): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`, { headers: { authorization: "Bearer reading-token" } })).text();
  return Number(/^genai_otel_spans_received_total\{transport="grpc"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

/** A model call with two HTTP attempts under it, the first of which was turned away; the attempts end first, so they are sent first. */
function retriedCall(): { readonly attempts: Buffer; readonly call: Buffer } {
  const traceId = randomBytes(16);
  const spanId = randomBytes(8);
  const startMs = Date.now() - 10_000;
  const attempt = (status: number, offsetMs: number) =>
    span(
      {
        traceId,
        spanId: randomBytes(8),
        parentSpanId: spanId,
        name: "POST",
        kind: 3,
        startMs: startMs + offsetMs,
        durationMs: 200,
        failed: status >= 400,
      },
      [
        text("http.request.method", "POST"),
        text("url.full", "https://api.openai.com/v1/chat/completions"),
        text("server.address", "api.openai.com"),
        int("http.response.status_code", status),
      ],
    );
  const call = span({ traceId, spanId, name: "chat gpt-4o", kind: 3, startMs, durationMs: 2000, failed: false }, [
    text("gen_ai.operation.name", "chat"),
    text("gen_ai.provider.name", "openai"),
    text("gen_ai.request.model", "gpt-4o"),
  ]);
  return {
    attempts: encode("@opentelemetry/instrumentation-undici", [attempt(429, 10), attempt(200, 1200)]),
    call: encode("openai", [call]),
  };
}

interface SpanFields {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId?: Buffer;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly failed: boolean;
}

function span({ startMs, durationMs, failed, ...fields }: SpanFields, attributes: ReferenceKeyValue[]): object {
  const nanos = (ms: number): string => `${BigInt(Math.round(ms)) * 1_000_000n}`;
  return {
    ...fields,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + durationMs),
    attributes,
    status: failed ? { code: 2 } : {},
  };
}

function encode(scope: string, spans: object[]): Buffer {
  const codec = referenceCodec("ExportTraceServiceRequest");
  return Buffer.from(codec.encode(codec.fromObject({ resourceSpans: [{ scopeSpans: [{ scope: { name: scope }, spans }] }] })).finish());
}
