import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { referenceCodec } from "./support/otlp-reference-codec.ts";
import { startTestGateway, type TestGateway } from "./support/test-gateway.ts";
import { traceRequest } from "./support/trace-requests.ts";

const BODY_BYTES_MAX = 2 * 1024 * 1024;
const PROTOBUF = { "content-type": "application/x-protobuf" };
const JSON_TYPE = { "content-type": "application/json" };

let database: TestDatabase;
let gateway: TestGateway;

beforeAll(async () => {
  database = await createDatabase();
  gateway = await startTestGateway({ DATABASE_URL: database.url, BODY_BYTES_MAX: String(BODY_BYTES_MAX), REQUEST_TIMEOUT: "1s" });
});
afterAll(async () => {
  await gateway.close();
  await database.drop();
});

const post = (body: Uint8Array | string, headers: Record<string, string> = PROTOBUF, path = "/v1/traces"): Promise<Response> =>
  fetch(`${gateway.url}${path}`, { method: "POST", body, headers });

async function statusBody(response: Response): Promise<{ code: number; message: string }> {
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.headers.get("content-type") === "application/json") return JSON.parse(bytes.toString()) as { code: number; message: string };
  return referenceCodec("RpcStatus").decode(bytes).toJSON() as { code: number; message: string };
}

async function storedIds(spanIds: readonly string[]): Promise<number> {
  const { rows } = await database.pool.query<{ count: string }>(
    `select (select count(*) from genai.llm_traces where span_id = any($1)) + (select count(*) from genai.spans where span_id = any($1)) as count`,
    [spanIds],
  );
  return Number(rows[0]?.count);
}

describe("POST /v1/traces", () => {
  test.each([
    ["protobuf", PROTOBUF, (r: ReturnType<typeof traceRequest>) => r.protobuf],
    ["protobuf in gzip", { ...PROTOBUF, "content-encoding": "gzip" }, (r: ReturnType<typeof traceRequest>) => gzipSync(r.protobuf)],
    [
      "protobuf in deflate",
      { ...PROTOBUF, "content-encoding": "deflate" },
      (r: ReturnType<typeof traceRequest>) => deflateSync(r.protobuf),
    ],
    [
      "two gzip members",
      { ...PROTOBUF, "content-encoding": "gzip" },
      (r: ReturnType<typeof traceRequest>) => Buffer.concat([gzipSync(r.protobuf.subarray(0, 900)), gzipSync(r.protobuf.subarray(900))]),
    ],
    ["JSON", JSON_TYPE, (r: ReturnType<typeof traceRequest>) => r.json],
    [
      "JSON in gzip",
      { "content-type": "application/json; charset=utf-8", "content-encoding": "gzip" },
      (r: ReturnType<typeof traceRequest>) => gzipSync(r.json),
    ],
  ])("takes %s: 200 means that the rows are there", async (_name, headers, bodyOf) => {
    const request = traceRequest({ spans: 30, plainEvery: 3 });
    const response = await post(bodyOf(request), headers);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(headers["content-type"].split(";")[0]);
    expect(await response.text()).toBe(headers["content-type"].includes("json") ? "{}" : "");
    expect(await storedIds(request.spanIds)).toBe(30);
  });

  test("takes a chunked body of unknown length", async () => {
    const { protobuf, spanIds } = traceRequest({ spans: 20 });
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < protobuf.length; at += 1000) controller.enqueue(protobuf.subarray(at, at + 1000));
        controller.close();
      },
    });
    const response = await fetch(`${gateway.url}/v1/traces`, { method: "POST", body, headers: PROTOBUF, duplex: "half" } as RequestInit);
    expect(response.status).toBe(200);
    expect(await storedIds(spanIds)).toBe(20);
  });

  test("takes an empty request, as the specification has it", async () => {
    expect((await post(Buffer.alloc(0))).status).toBe(200);
    expect((await post('{"resourceSpans":[]}', JSON_TYPE)).status).toBe(200);
  });

  test("answers 100-continue before the body, and only when it would take it", async () => {
    const { protobuf, spanIds } = traceRequest({ spans: 3 });
    const status = await new Promise<number>((resolve, reject) => {
      const request = httpRequest(`${gateway.url}/v1/traces`, {
        method: "POST",
        headers: { ...PROTOBUF, "content-length": protobuf.length, expect: "100-continue" },
      });
      request.once("continue", () => request.end(protobuf));
      request.once("response", (response) => resolve(response.resume().statusCode ?? 0));
      request.once("error", reject);
      request.flushHeaders();
    });
    expect(status).toBe(200);
    expect(await storedIds(spanIds)).toBe(3);
  });

  test.each(["protobuf", "json"] as const)("tells in partial_success what it refused and why (%s)", async (encoding) => {
    const request = { resourceSpans: [{ scopeSpans: [{ spans: [spanWith("ab"), spanWith("0123456789abcdef")] }] }] };
    const codec = referenceCodec("ExportTraceServiceRequest");
    const body = encoding === "json" ? JSON.stringify(request) : codec.encode(codec.fromObject(bytesIds(request))).finish();
    const response = await post(body, encoding === "json" ? JSON_TYPE : PROTOBUF);
    expect(response.status).toBe(200);
    const answer =
      encoding === "json"
        ? ((await response.json()) as object)
        : referenceCodec("ExportTraceServiceResponse")
            .decode(new Uint8Array(await response.arrayBuffer()))
            .toJSON();
    expect(answer).toMatchObject({ partialSuccess: { rejectedSpans: "1", errorMessage: expect.stringContaining("span_id") as string } });
  });

  test.each([
    ["malformed protobuf", Buffer.from("not protobuf at all"), PROTOBUF, 400, 3],
    ["malformed JSON", "{", JSON_TYPE, 400, 3],
    ["JSON of another shape", '{"resourceSpans": 7}', JSON_TYPE, 400, 3],
    ["a gzip that is none", Buffer.from("plain"), { ...PROTOBUF, "content-encoding": "gzip" }, 400, 3],
    [
      "a gzip that was cut off",
      gzipSync(traceRequest({ spans: 9 }).protobuf).subarray(0, 200),
      { ...PROTOBUF, "content-encoding": "gzip" },
      400,
      3,
    ],
    ["no content type", Buffer.alloc(3), {}, 415, 3],
    ["a content type that OTLP does not have", "x", { "content-type": "text/plain" }, 415, 3],
    ["an encoding that nobody asked for", Buffer.alloc(3), { ...PROTOBUF, "content-encoding": "br" }, 415, 3],
    ["too large a body", Buffer.alloc(BODY_BYTES_MAX + 1), PROTOBUF, 413, 8],
    [
      "too large a body once it is inflated",
      gzipSync(Buffer.alloc(BODY_BYTES_MAX + 1)),
      { ...PROTOBUF, "content-encoding": "gzip" },
      413,
      8,
    ],
    ["a deflate bomb", deflateSync(Buffer.alloc(BODY_BYTES_MAX * 4)), { ...PROTOBUF, "content-encoding": "deflate" }, 413, 8],
  ] as const)("refuses %s", async (...[, body, headers, status, code]) => {
    const response = await post(body, headers as Record<string, string>);
    expect(response.status).toBe(status);
    expect(response.headers.get("retry-after")).toBeNull();
    const answer = await statusBody(response);
    expect(answer.code).toBe(code);
    expect(answer.message).not.toBe("");
  });

  test("answers metrics and logs at the wrong door with what to do", async () => {
    for (const signal of ["metrics", "logs"]) {
      const response = await post(Buffer.alloc(3), PROTOBUF, `/v1/${signal}`);
      expect(response.status).toBe(404);
      expect((await statusBody(response)).message).toContain(`send ${signal} to`);
    }
  });

  test("answers another method with 405 and another path with 404, on the same connection", async () => {
    expect((await fetch(`${gateway.url}/v1/traces`)).status).toBe(405);
    expect((await fetch(`${gateway.url}/nothing`)).status).toBe(404);
  });

  test("lets a body that is late time out with 408", async () => {
    const text = await rawExchange(
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100\r\n\r\nabc",
    );
    expect(text).toMatch(/^HTTP\/1.1 408 /);
  });

  test("refuses headers without end with 431, and what is no HTTP with 400", async () => {
    expect(await rawExchange(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    expect(await rawExchange("\x16\x03\x01hello\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
  });

  test.each([100_000, BODY_BYTES_MAX * 10])("survives connections that are cut in the middle of a body of %d bytes", async (length) => {
    for (let round = 0; round < 20; round += 1) {
      await new Promise<void>((resolve) => {
        const socket = connect(gateway.httpPort, "127.0.0.1", () => {
          socket.write(
            `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${length}\r\n\r\nabc`,
          );
          setTimeout(() => {
            socket.resetAndDestroy();
            resolve();
          }, 5);
        });
      });
    }
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  });
});

describe("the admin endpoints", () => {
  test("/healthz and /readyz answer JSON", async () => {
    expect(await (await fetch(`${gateway.url}/healthz`)).json()).toEqual({ status: "ok" });
    const ready = await fetch(`${gateway.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ status: "ready", sinks: [{ name: "postgres", up: true, spoolBytes: 0 }] });
  });

  test("/metrics counts what arrived, was refused, enriched, failed and stored", async () => {
    const own = await startTestGateway({ DATABASE_URL: database.url });
    try {
      const { protobuf } = traceRequest({ spans: 40, plainEvery: 4, failedEvery: 10 });
      const send = (): Promise<Response> => fetch(`${own.url}/v1/traces`, { method: "POST", body: protobuf, headers: PROTOBUF });
      await send();
      await send();
      await fetch(`${own.url}/v1/traces`, { method: "POST", body: "junk", headers: PROTOBUF });
      const text = await (await fetch(`${own.url}/metrics`)).text();
      const value = (line: string): number => Number(new RegExp(`^${line.replace(/[{}"/]/g, "\\$&")} (\\S+)$`, "m").exec(text)?.[1]);
      expect(value('genai_otel_spans_received_total{transport="http/protobuf"}')).toBe(80);
      expect(value("genai_otel_spans_enriched_total")).toBe(60);
      expect(value('genai_otel_llm_calls_failed_total{error_category="rate_limit"}')).toBe(8);
      expect(value("genai_otel_spans_stored_total")).toBe(40);
      expect(value("genai_otel_spans_duplicate_total")).toBe(40);
      expect(value('genai_otel_requests_refused_total{transport="http",reason="malformed"}')).toBe(1);
      expect(value('genai_otel_sink_up{sink="postgres"}')).toBe(1);
      expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
      expect(text).toContain('http_server_request_duration_seconds_count{http_route="/v1/traces",http_response_status_code="200"} 2');
    } finally {
      await own.close();
    }
  });
});

function spanWith(spanId: string) {
  const startTimeUnixNano = `${BigInt(Date.now()) * 1_000_000n}`;
  return { traceId: "0123456789abcdef0123456789abcdef", spanId, name: "x", startTimeUnixNano, endTimeUnixNano: startTimeUnixNano };
}

function bytesIds(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value), (key, inner: unknown) =>
    key.endsWith("Id") ? [...Buffer.from(String(inner), "hex")] : inner,
  ) as Record<string, unknown>;
}

/** What comes back for these bytes until the connection ends. */
function rawExchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(gateway.httpPort, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
    socket.on("error", reject);
  });
}
