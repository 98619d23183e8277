import { Client, compressionAlgorithms, credentials, Metadata, type ServiceError, status as GRPC_STATUS } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { retryInfoMs } from "../processor/otlp/retry-info.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { referenceCodec } from "./support/otlp-reference-codec.ts";
import { startTestGateway, type TestGateway } from "./support/test-gateway.ts";
import { poisonedRequest, traceRequest } from "./support/trace-requests.ts";

const BODY_BYTES_MAX = 12 * 1024 * 1024;

let database: TestDatabase;
let gateway: TestGateway;

beforeAll(async () => {
  database = await createDatabase();
  gateway = await startTestGateway({ DATABASE_URL: database.url, BODY_BYTES_MAX: String(BODY_BYTES_MAX) });
});
afterAll(async () => {
  await gateway.close();
  await database.drop();
});

interface Answer {
  readonly code: number;
  readonly details: string;
  readonly retryAfterMs: number | null;
  readonly body: Buffer;
}

function call(body: Buffer, { service = "trace.v1.TraceService", gzip = false, port = gateway.grpcPort } = {}): Promise<Answer> {
  const raw = (bytes: Buffer): Buffer => bytes;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
    "grpc.default_compression_algorithm": gzip ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
  });
  const path = `/opentelemetry.proto.collector.${service}/Export`;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      raw,
      raw,
      body,
      new Metadata(),
      { deadline: Date.now() + 10_000 },
      (error: ServiceError | null, answer?: Buffer) => {
        client.close();
        const details = error?.metadata.get("grpc-status-details-bin")[0];
        resolve({
          code: error?.code ?? GRPC_STATUS.OK,
          details: error?.details ?? "",
          retryAfterMs: details instanceof Buffer ? retryInfoMs(details) : null,
          body: answer ?? Buffer.alloc(0),
        });
      },
    );
  });
}

describe("OTLP/gRPC", () => {
  test.each([false, true])("stores what it answers OK for (gzip: %s)", async (gzip) => {
    const { protobuf, spanIds } = traceRequest({ spans: 20 });
    expect(await call(protobuf, { gzip })).toMatchObject({ code: GRPC_STATUS.OK, body: Buffer.alloc(0) });
    const { rowCount } = await database.pool.query("select from genai.llm_traces where span_id = any($1)", [spanIds]);
    expect(rowCount).toBe(20);
  });

  test("tells in partial_success what it refused", async () => {
    const { code, body } = await call(poisonedRequest().poisoned);
    expect(code).toBe(GRPC_STATUS.OK);
    expect(referenceCodec("ExportTraceServiceResponse").decode(body).toJSON()).toMatchObject({ partialSuccess: { rejectedSpans: "3" } });
  });

  test("refuses what is no request for good: INVALID_ARGUMENT without RetryInfo", async () => {
    expect(await call(Buffer.from("junk"))).toMatchObject({ code: GRPC_STATUS.INVALID_ARGUMENT, retryAfterMs: null });
  });

  test.each([false, true])("refuses too large a message, also once it is inflated (gzip: %s)", async (gzip) => {
    expect(await call(Buffer.alloc(BODY_BYTES_MAX + 1), { gzip })).toMatchObject({
      code: GRPC_STATUS.RESOURCE_EXHAUSTED,
      retryAfterMs: null,
    });
  });

  test("answers metrics and logs at the wrong door with what to do", async () => {
    expect(await call(Buffer.alloc(0), { service: "metrics.v1.MetricsService" })).toMatchObject({
      code: GRPC_STATUS.UNIMPLEMENTED,
      details: expect.stringContaining("send metrics to") as string,
    });
    expect(await call(Buffer.alloc(0), { service: "logs.v1.LogsService" })).toMatchObject({
      code: GRPC_STATUS.UNIMPLEMENTED,
      details: expect.stringContaining("send logs to") as string,
    });
  });

  test("asks to come again with RetryInfo while spans cannot be stored", async () => {
    const away = await startTestGateway({ FORWARD_OTLP_ENDPOINT: "http://127.0.0.1:9", SPOOL_BYTES_MAX: "0" });
    try {
      const answer = await call(traceRequest({ spans: 1 }).protobuf, { port: away.grpcPort });
      expect(answer.code).toBe(GRPC_STATUS.UNAVAILABLE);
      expect(answer.retryAfterMs).toBeGreaterThanOrEqual(1000);
    } finally {
      await away.close();
    }
  });

  test("asks to come again with RetryInfo when it holds all that it may", async () => {
    const small = await startTestGateway({ DATABASE_URL: database.url, BODY_BYTES_MAX: "1MB", ADMITTED_BYTES_MAX: "1MB" });
    try {
      const { protobuf } = traceRequest({ spans: 1500, promptChars: 300 });
      const answers = await Promise.all(Array.from({ length: 6 }, () => call(protobuf, { port: small.grpcPort })));
      const refused = answers.filter(({ code }) => code !== GRPC_STATUS.OK);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.every(({ code, retryAfterMs }) => code === GRPC_STATUS.RESOURCE_EXHAUSTED && retryAfterMs === 1000)).toBe(true);
    } finally {
      await small.close();
    }
  });
});
