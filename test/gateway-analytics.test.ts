import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { startTestGateway, type TestGateway } from "./support/test-gateway.ts";
import { traceRequest } from "./support/trace-requests.ts";

let database: TestDatabase;
let gateway: TestGateway;

beforeAll(async () => {
  database = await createDatabase();
  gateway = await startTestGateway({ DATABASE_URL: database.url });
  for (const [provider, spans] of [
    ["openai", 90],
    ["anthropic", 10],
  ] as const) {
    const { json } = traceRequest({ spans, provider, failedEvery: 10 });
    await fetch(`${gateway.url}/v1/traces`, { method: "POST", headers: { "content-type": "application/json" }, body: json });
  }
});
afterAll(async () => {
  await gateway.close();
  await database.drop();
});

const ask = (path: string): Promise<Response> => fetch(`${gateway.url}/api/analytics/${path}`);

describe("GET /api/analytics", () => {
  test("compares providers", async () => {
    const { comparison } = (await (await ask("provider-comparison?timeRange=24h")).json()) as { comparison: Record<string, unknown>[] };
    expect(comparison.map(({ provider, totalCalls, errorRate, topErrors }) => ({ provider, totalCalls, errorRate, topErrors }))).toEqual([
      { provider: "openai", totalCalls: 90, errorRate: 10, topErrors: [{ category: "rate_limit", count: 9 }] },
      { provider: "anthropic", totalCalls: 10, errorRate: 10, topErrors: [{ category: "rate_limit", count: 1 }] },
    ]);
  });

  test("shows the patterns of errors, over seven days unless told otherwise", async () => {
    const answer = await (await ask("error-patterns")).json();
    expect(answer).toMatchObject({
      patterns: [{ category: "rate_limit", count: 10, percentage: 100, affectedProviders: ["openai", "anthropic"] }],
    });
  });

  test.each(["", "7", "7y", "0d", "-1d", "99999d", "7d;drop table x"])("refuses timeRange=%j", async (range) => {
    const response = await ask(`provider-comparison?timeRange=${encodeURIComponent(range)}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining("timeRange") as string });
  });

  test("says so where there is no database to ask", async () => {
    const forwarding = await startTestGateway({ FORWARD_OTLP_ENDPOINT: "http://127.0.0.1:9" });
    try {
      const response = await fetch(`${forwarding.url}/api/analytics/provider-comparison`);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ message: expect.stringContaining("DATABASE_URL") as string });
    } finally {
      await forwarding.close();
    }
  });
});
