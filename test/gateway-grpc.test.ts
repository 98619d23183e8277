import { connect, type ClientHttp2Session } from "node:http2";
import { gzipSync } from "node:zlib";
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

describe("a client that is no gRPC library", () => {
  let small: TestGateway;
  let session: ClientHttp2Session;
  beforeAll(async () => {
    small = await startTestGateway({ DATABASE_URL: database.url, INGEST_TOKENS: "a-token-of-eight", REQUEST_TIMEOUT: "1s" });
    session = connect(`http://127.0.0.1:${small.grpcPort}`);
  });
  afterAll(async () => {
    session.destroy();
    await small.close();
  });

  const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

  interface RawCall {
    readonly headers?: Record<string, string>;
    readonly pieces: readonly Uint8Array[];
    /** false: the stream stays open. */
    readonly ends?: boolean;
  }

  /** HTTP's status and gRPC's. */
  function raw({ headers = {}, pieces, ends = true }: RawCall): Promise<(number | string | undefined)[]> {
    const stream = session.request({
      ":method": "POST",
      ":path": EXPORT,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: "Bearer a-token-of-eight",
      ...headers,
    });
    return new Promise((resolve, reject) => {
      let status: number | undefined;
      stream.on("response", (head) => {
        status = head[":status"];
        if (head["grpc-status"] !== undefined || status !== 200) resolve([status, head["grpc-status"] as string | undefined]);
      });
      stream.on("trailers", (trailers) => resolve([status, trailers["grpc-status"] as string | undefined]));
      stream.on("error", reject);
      stream.resume();
      for (const piece of pieces) stream.write(piece);
      if (ends) stream.end();
    });
  }

  function framed(message: Uint8Array, compressed = false): Buffer {
    const prefix = Buffer.alloc(5, compressed ? 1 : 0);
    prefix.writeUInt32BE(message.length, 1);
    return Buffer.concat([prefix, message]);
  }

  const message = (): Buffer => traceRequest({ spans: 3 }).protobuf;

  test.each([1, 2, 7, 4096])("may cut its message into frames of %d bytes", async (size) => {
    const whole = framed(message());
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => whole.subarray(index * size, (index + 1) * size));
    expect(await raw({ pieces })).toEqual([200, "0"]);
  });

  test.each([
    ["gzip", { headers: { "grpc-encoding": "gzip" }, pieces: () => [framed(gzipSync(message()), true)] }, "0"],
    ["no message", { pieces: () => [] }, "3"],
    ["a message that is cut off", { pieces: () => [framed(message()).subarray(0, 100)] }, "3"],
    ["two messages", { pieces: () => [framed(message()), framed(message())] }, "3"],
    ["a compressed message that does not say how", { pieces: () => [framed(gzipSync(message()), true)] }, "13"],
    ["a message that is no gzip", { headers: { "grpc-encoding": "gzip" }, pieces: () => [framed(message(), true)] }, "3"],
    ["an encoding that nobody offered", { headers: { "grpc-encoding": "br" }, pieces: () => [framed(message(), true)] }, "12"],
    ["another method", { headers: { ":path": "/grpc.health.v1.Health/Check" }, pieces: () => [framed(message())] }, "12"],
    ["a message that is announced larger than it may be", { pieces: () => [Buffer.from([0, 0xff, 0xff, 0xff, 0xff])], ends: false }, "8"],
    ["no token, before its message", { headers: { authorization: "" }, pieces: () => [], ends: false }, "16"],
    ["a message that does not come", { pieces: () => [framed(message()).subarray(0, 100)], ends: false }, "4"],
  ] as const)("%s", async (_name, { pieces, ...call }, code) => {
    expect(await raw({ ...call, pieces: pieces() })).toEqual([200, code]);
  });

  test("another content type than gRPC's", async () => {
    expect(await raw({ headers: { "content-type": "application/json" }, pieces: [Buffer.from("{}")] })).toEqual([415, undefined]);
  });

  test("streams that are reset in the middle of a message", async () => {
    for (let round = 0; round < 50; round += 1) {
      const stream = session.request({
        ":method": "POST",
        ":path": EXPORT,
        "content-type": "application/grpc",
        authorization: "Bearer a-token-of-eight",
      });
      stream.on("error", () => undefined);
      stream.write(framed(message()).subarray(0, 5 + round * 10));
      await new Promise((resolve) => setTimeout(resolve, 2));
      stream.close(round % 2 === 0 ? 8 : 0);
    }
    expect(await raw({ pieces: [framed(message())] })).toEqual([200, "0"]);
  });
});
