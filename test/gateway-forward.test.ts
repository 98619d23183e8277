import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Metadata, Server, ServerCredentials, status as GRPC_STATUS } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { rpcStatus } from "../processor/otlp/rpc-status.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { startOtlpBackend, type OtlpBackend } from "./support/otlp-backend.ts";
import { referenceCodec } from "./support/otlp-reference-codec.ts";
import { startTestGateway, type TestGateway } from "./support/test-gateway.ts";
import { traceRequest } from "./support/trace-requests.ts";

let backend: OtlpBackend;
let gateway: TestGateway | null;

beforeEach(async () => {
  gateway = null;
  backend = await startOtlpBackend();
});
afterEach(async () => {
  await gateway?.close();
  await backend.close();
});

async function start(env: Record<string, string> = {}): Promise<TestGateway> {
  gateway = await startTestGateway({ FORWARD_OTLP_ENDPOINT: backend.url, SINK_SLOW: "1s", FORWARD_OTLP_TIMEOUT: "1s", ...env });
  return gateway;
}

async function send(spans: number): Promise<{ status: number; retryAfter: string | null; spanIds: readonly string[] }> {
  const { protobuf, spanIds } = traceRequest({ spans });
  const response = await fetch(`${gateway?.url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: protobuf,
  });
  await response.arrayBuffer();
  return { status: response.status, retryAfter: response.headers.get("retry-after"), spanIds };
}

async function sinkStatus(): Promise<{ status: string; sinks: { name: string; up: boolean; spoolBytes: number }[] }> {
  return (await (await fetch(`${gateway?.url}/readyz`)).json()) as Awaited<ReturnType<typeof sinkStatus>>;
}

describe("forwarding over HTTP", () => {
  test("delivers every span once, enriched, with the configured headers", async () => {
    await start({ FORWARD_OTLP_HEADERS: "authorization=Bearer%20forward,x-scope-orgid=7" });
    const { status, spanIds } = await send(50);
    expect(status).toBe(200);
    expect([...backend.spanIds].sort()).toEqual([...spanIds].sort());
    expect(backend.headers[0]).toMatchObject({
      authorization: "Bearer forward",
      "x-scope-orgid": "7",
      "content-type": "application/x-protobuf",
    });
  });

  test("compresses when asked to", async () => {
    await start({ FORWARD_OTLP_COMPRESSION: "gzip" });
    const { spanIds } = await send(50);
    expect(backend.headers[0]).toMatchObject({ "content-encoding": "gzip" });
    expect(backend.spanIds).toHaveLength(spanIds.length);
  });

  test("bridges a passing answer by itself", async () => {
    await start();
    backend.answer = { status: 503 };
    setTimeout(() => (backend.answer = undefined), 120);
    expect((await send(10)).status).toBe(200);
    expect(backend.spanIds).toHaveLength(10);
  });

  test("acknowledges from the spool while the backend is away, and delivers in order once it is back, each span once", async () => {
    await start();
    await backend.goAway();
    const sent: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const { status, spanIds } = await send(20);
      expect(status).toBe(200);
      sent.push(...spanIds);
    }
    expect(await sinkStatus()).toMatchObject({ status: "ready", sinks: [{ name: "otlp", up: false }] });
    await backend.comeBack();
    await expect.poll(() => backend.spanIds.length, { timeout: 15_000 }).toBe(100);
    expect(backend.spanIds).toEqual(sent);
    await expect.poll(sinkStatus).toMatchObject({ sinks: [{ up: true, spoolBytes: 0 }] });
    expect((await send(1)).status).toBe(200);
  });

  test("keeps what it could not deliver over a restart", async () => {
    const { dataDir } = await start({ SINK_SLOW: "300ms" });
    await backend.goAway();
    const { spanIds } = await send(30);
    // The folder outlives this gateway: another one takes it over.
    await gateway?.close({ keepData: true });
    gateway = null;
    expect(await readdir(join(dataDir, "spool", "otlp", "worker-0"))).toContain("000000000001.segment");
    await backend.comeBack();
    await start({ DATA_DIR: dataDir });
    await expect.poll(() => [...backend.spanIds].sort(), { timeout: 10_000 }).toEqual([...spanIds].sort());
  });

  test("says 503 with Retry-After when the spool is full, and takes again after it was drained", async () => {
    await start({ SPOOL_BYTES_MAX: "1MB" });
    await backend.goAway();
    const sent: string[] = [];
    let answer = await send(400);
    for (; answer.status === 200; answer = await send(400)) sent.push(...answer.spanIds);
    expect(answer.status).toBe(503);
    expect(Number(answer.retryAfter)).toBeGreaterThan(0);
    expect(await sinkStatus()).toMatchObject({ status: "not ready" });
    await backend.comeBack();
    await expect.poll(async () => (await send(1)).status, { timeout: 15_000, interval: 200 }).toBe(200);
    await expect.poll(() => sent.every((id) => backend.spanIds.includes(id)), { timeout: 10_000 }).toBe(true);
    expect(new Set(backend.spanIds).size).toBe(backend.spanIds.length);
  });

  test("without a spool an absent backend is the sender's to wait for", async () => {
    await start({ SPOOL_BYTES_MAX: "0" });
    await backend.goAway();
    expect(await send(5)).toMatchObject({ status: 503, retryAfter: expect.any(String) as string });
  });

  test("passes a permanent refusal on as one, and does not spool it", async () => {
    await start();
    backend.answer = { status: 400 };
    expect(await send(5)).toMatchObject({ status: 400, retryAfter: null });
    expect(await sinkStatus()).toMatchObject({ sinks: [{ up: true, spoolBytes: 0 }] });
  });

  test("takes wrong credentials of its own for a passing fault: spans wait until the operator mends them", async () => {
    await start();
    backend.answer = { status: 401 };
    expect((await send(5)).status).toBe(200);
    expect(backend.spanIds).toEqual([]);
    backend.answer = undefined;
    await expect.poll(() => backend.spanIds.length, { timeout: 10_000 }).toBe(5);
  });
});

describe("forwarding and PostgreSQL together", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  test("rows do not wait for an absent backend, and both have everything in the end", async () => {
    await start({ DATABASE_URL: database.url });
    await backend.goAway();
    const { status, spanIds } = await send(40);
    expect(status).toBe(200);
    const { rows } = await database.pool.query<{ count: number }>(
      "select count(*)::int as count from genai.llm_traces where span_id = any($1)",
      [spanIds],
    );
    expect(rows).toEqual([{ count: 40 }]);
    await backend.comeBack();
    await expect.poll(() => backend.spanIds.length, { timeout: 10_000 }).toBe(40);
  });
});

describe("forwarding over gRPC", () => {
  const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  const raw = (bytes: Buffer): Buffer => bytes;

  async function withGrpcBackend(
    answer: () => { code: number; retryAfterMs?: number } | null,
    work: (received: Buffer[], metadata: Metadata[]) => Promise<void>,
  ): Promise<void> {
    const received: Buffer[] = [];
    const metadata: Metadata[] = [];
    const server = new Server();
    const definition = {
      path: EXPORT,
      requestStream: false,
      responseStream: false,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    } as const;
    server.addService(
      { Export: definition },
      {
        Export: (call: { request: Buffer; metadata: Metadata }, callback: (error: object | null, answer?: Buffer) => void) => {
          metadata.push(call.metadata);
          const failure = answer();
          if (failure === null) {
            received.push(call.request);
            callback(null, Buffer.alloc(0));
            return;
          }
          const trailer = new Metadata();
          if (failure.retryAfterMs !== undefined)
            trailer.set(
              "grpc-status-details-bin",
              rpcStatus({ code: failure.code, message: "", retryAfterMs: failure.retryAfterMs }, "protobuf"),
            );
          callback({ code: failure.code, details: "as told", metadata: trailer });
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    try {
      gateway = await startTestGateway({
        FORWARD_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        FORWARD_OTLP_PROTOCOL: "grpc",
        FORWARD_OTLP_HEADERS: "x-tenant=a",
        SINK_SLOW: "1s",
      });
      await work(received, metadata);
    } finally {
      await gateway?.close();
      gateway = null;
      server.forceShutdown();
    }
  }

  test("delivers the spans and the metadata", async () => {
    await withGrpcBackend(
      () => null,
      async (received, metadata) => {
        expect((await send(25)).status).toBe(200);
        expect(
          referenceCodec("ExportTraceServiceRequest")
            .decode(received[0] ?? Buffer.alloc(0))
            .toJSON(),
        ).toMatchObject({ resourceSpans: [{}] });
        expect(metadata[0]?.get("x-tenant")).toEqual(["a"]);
      },
    );
  });

  test("honours RetryInfo, and tells passing failures from permanent ones", async () => {
    const answers: ({ code: number; retryAfterMs?: number } | null)[] = [{ code: GRPC_STATUS.RESOURCE_EXHAUSTED, retryAfterMs: 400 }];
    await withGrpcBackend(
      () => answers.shift() ?? null,
      async (received) => {
        const beginMs = performance.now();
        expect((await send(5)).status).toBe(200);
        expect(performance.now() - beginMs).toBeGreaterThan(390);
        expect(received).toHaveLength(1);
        answers.push({ code: GRPC_STATUS.INVALID_ARGUMENT });
        expect((await send(5)).status).toBe(400);
      },
    );
  });
});
