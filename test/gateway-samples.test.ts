import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, createEmptyDatabase, type TestDatabase } from "./support/database.ts";
import { startTestGateway } from "./support/test-gateway.ts";
import { traceRequest } from "./support/trace-requests.ts";

// What a gateway says of itself in genai.gateway_samples: the row that it writes when it ends, which needs no minute of waiting.

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

const post = (url: string, json: string | Buffer): Promise<Response> =>
  fetch(`${url}/v1/traces`, { method: "POST", headers: { "content-type": "application/json" }, body: json });

test("counts what it took, stored, found stored and refused, and times it", async () => {
  const gateway = await startTestGateway({ DATABASE_URL: database.url, FORWARD_OTLP_ENDPOINT: "http://127.0.0.1:9" });
  const { json } = traceRequest({ spans: 20, failedEvery: 10 });
  for (let sent = 0; sent < 3; sent += 1) expect((await post(gateway.url, json)).status).toBe(200);
  expect((await post(gateway.url, "no JSON")).status).toBe(400);
  await gateway.close();
  const { rows } = await database.pool.query<Record<string, unknown>>("select * from genai.gateway_samples");
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    received_spans: "60",
    genai_spans: "60",
    llm_calls: "60",
    stored_spans: "20",
    duplicate_spans: "40",
    refused_spans: "0",
    refused_requests: "1",
    lost_spans: "0",
    store_failures: "0",
    forwarded_spans: "0",
    forward_p99_ms: null,
    requests: "4",
    sinks_away: 1,
    refused_by_reason: { malformed: 1 },
  });
  expect(rows[0]?.["instance"]).toMatch(new RegExp(`:${process.pid}$`));
  const numbers = ["seconds", "store_p50_ms", "store_p99_ms", "request_p50_ms", "request_p99_ms", "spool_age_ms", "cpu_ms"];
  for (const name of numbers) expect(rows[0]?.[name], name).toBeGreaterThan(0);
  for (const name of ["store_writes", "forward_failures", "spool_bytes", "rss_bytes"])
    expect(Number(rows[0]?.[name]), name).toBeGreaterThan(0);
  expect(rows[0]?.["store_p99_ms"]).toBeGreaterThanOrEqual(Number(rows[0]?.["store_p50_ms"]));
});

test("a database that does not take the row is no reason to end late or to refuse spans", async () => {
  const other = await createEmptyDatabase();
  const gateway = await startTestGateway({ DATABASE_URL: other.url });
  await other.pool.query("drop table genai.gateway_samples");
  expect((await post(gateway.url, traceRequest({ spans: 5 }).json)).status).toBe(200);
  const startMs = Date.now();
  await gateway.close();
  expect(Date.now() - startMs).toBeLessThan(4000);
  expect((await other.pool.query("select from genai.llm_traces")).rowCount).toBe(5);
  await other.drop();
});
