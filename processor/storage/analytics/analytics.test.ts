import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { batchOf, spanTraffic } from "../../../test/support/enriched-spans.ts";
import { postgresSink } from "../../sinks/postgres.ts";
import { affectedOperationsSql, errorPatterns, errorPatternsSql, errorsOverTimeSql } from "./error-patterns.ts";
import { modelEconomics, modelEconomicsSql } from "./model-economics.ts";
import { providerComparison, providerComparisonSql } from "./provider-comparison.ts";

const DAY_MS = 86_400_000;
const nowMs = Date.now();
let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  const sink = postgresSink({ url: database.url });
  // Five days, an hour and a bit: every width of rollup takes part, and the edges are in the middle of each.
  for (let i = 0; i < 5; i += 1) {
    await sink.write(
      batchOf(spanTraffic({ count: 2000, seed: i + 1, startMs: nowMs - 5 * DAY_MS - 3_700_000 + i * DAY_MS, spreadMs: DAY_MS })),
    );
  }
  await sink.close();
});
afterAll(() => database.drop());

/** The minute that a range begins in counts whole. */
const sinceMinute = (sinceMs: number): Date => new Date(Math.floor((nowMs - sinceMs) / 60_000) * 60_000);

const RANGES = [60_000, 3_600_000, 7 * 3_600_000, DAY_MS, 2 * DAY_MS + 1234, 7 * DAY_MS, 400 * DAY_MS];

describe("answers from the rollups are answers from the rows", () => {
  test.each(RANGES)("provider comparison over %d ms", async (sinceMs) => {
    const { comparison } = await providerComparison(database.pool, { sinceMs, nowMs });
    const { rows } = await database.pool.query(
      `select model_provider as provider, count(*)::float8 as "totalCalls",
        100 * count(*) filter (where status = 'completed') / count(*)::float8 as "successRate",
        100 * count(*) filter (where status = 'failed') / count(*)::float8 as "errorRate",
        avg(duration_ms) filter (where status = 'completed') as "avgLatencyMs",
        percentile_cont(0.95) within group (order by duration_ms) filter (where status = 'completed') as p95,
        avg(ttft_ms) as "avgTTFTMs", avg(output_tokens_per_second) as "avgThroughput", avg(cost_usd) as "avgCostPerCall",
        sum(cost_usd) as "totalCost", coalesce(sum(total_tokens), 0)::float8 as "totalTokens",
        100 * sum(cache_read_input_tokens)::float8 / nullif(sum(input_tokens), 0)::float8 as "cacheHitRate",
        sum(cache_savings_usd) as "cacheSavings", 100 * count(*) filter (where retry_count > 0) / count(*)::float8 as "retryRate"
       from genai.llm_traces where llm_call and created_at >= $1 and created_at < $2 group by 1 order by 2 desc, 1`,
      [sinceMinute(sinceMs), new Date(nowMs)],
    );
    expect(comparison.map(({ provider }) => provider)).toEqual(rows.map(({ provider }) => provider));
    for (const [i, { p95, provider: _, ...expected }] of rows.entries()) {
      for (const [name, value] of Object.entries(expected)) {
        if (value === null) expect(comparison[i]).toHaveProperty(name, null);
        else expect(comparison[i]?.[name as "totalCalls"], name).toBeCloseTo(Number(value), 6);
      }
      // A bin is 9 % wide; with few calls the exact quantile lies between two of them.
      if ((comparison[i]?.totalCalls ?? 0) > 300) expect(comparison[i]?.p95LatencyMs).toBeLessThan(p95 * 1.06);
      if ((comparison[i]?.totalCalls ?? 0) > 300) expect(comparison[i]?.p95LatencyMs).toBeGreaterThan(p95 * 0.94);
    }
  });

  test("top errors, patterns and affected operations", async () => {
    const range = { sinceMs: 7 * DAY_MS, nowMs };
    const { comparison } = await providerComparison(database.pool, range);
    const { patterns, overTime, operations } = await errorPatterns(database.pool, range);
    const { rows } = await database.pool.query<{ category: string; count: number; duration: number }>(
      "select error_category as category, count(*)::int as count, avg(duration_ms) as duration from genai.llm_traces where status = 'failed' group by 1 order by 2 desc, 1",
    );
    expect(patterns.map(({ category, count }) => ({ category, count }))).toEqual(rows.map(({ category, count }) => ({ category, count })));
    expect(patterns[0]?.avgDurationMs).toBeCloseTo(rows[0]?.duration ?? 0, 6);
    expect(patterns.reduce((sum, { percentage }) => sum + percentage, 0)).toBeCloseTo(100, 9);
    expect(patterns[0]?.affectedProviders.length).toBe(4);
    expect(patterns[0]?.suggestedAction).toMatch(/\w+/);
    const failures = rows.reduce((sum, { count }) => sum + count, 0);
    const counted = (items: readonly { count: number }[]): number => items.reduce((sum, { count }) => sum + count, 0);
    expect(counted(overTime)).toBe(failures);
    expect(counted(operations)).toBe(failures);
    expect(comparison.reduce((sum, { topErrors }) => sum + counted(topErrors), 0)).toBe(failures);
  });

  test("model economics", async () => {
    const economics = await modelEconomics(database.pool, { sinceMs: 30 * DAY_MS, nowMs });
    const { rows } = await database.pool.query<{ calls: number; cost: number; priced: number; operations: number; limited: number }>(
      `select count(*)::int as calls, sum(cost_usd) as cost, count(cost_usd)::int as priced, count(*)::int - count(retry_of)::int as operations,
        count(*) filter (where error_category = 'rate_limit' or retry_reason = 'rate_limit' and retry_of is null)::int as limited from genai.llm_traces where llm_call`,
    );
    const sum = (name: "calls" | "costUsd" | "pricedCalls" | "operations" | "rateLimited"): number =>
      economics.reduce((total, row) => total + row[name], 0);
    expect(sum("calls")).toBe(rows[0]?.calls);
    expect(sum("costUsd")).toBeCloseTo(rows[0]?.cost ?? 0, 6);
    expect(sum("pricedCalls")).toBe(rows[0]?.priced);
    expect(sum("operations")).toBe(rows[0]?.operations);
    expect(sum("rateLimited")).toBe(rows[0]?.limited);
  });
});

test("no query reads the rows, and none reads a rollup from end to end for a short range", async () => {
  const queries = { providerComparisonSql, errorPatternsSql, affectedOperationsSql, modelEconomicsSql };
  await database.pool.query("analyze");
  for (const [name, sql] of [...Object.entries(queries), ["errorsOverTimeSql", errorsOverTimeSql] as const]) {
    const times = [new Date(nowMs - 3 * 3_600_000), new Date(nowMs), ...(name === "errorsOverTimeSql" ? ["5 minutes"] : [])];
    const { rows } = await database.pool.query<{ "QUERY PLAN": string }>(`explain ${sql("genai")}`, times);
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan, name).not.toMatch(/llm_traces|on spans/);
    expect(plan, name).not.toMatch(/Seq Scan on (?:rollup|histogram)_(?:minute|hour)/);
  }
});

test("an empty database has no answers, and no error", async () => {
  const empty = await createDatabase();
  expect(await providerComparison(empty.pool, { sinceMs: DAY_MS })).toEqual({ comparison: [] });
  expect(await errorPatterns(empty.pool, { sinceMs: DAY_MS })).toEqual({ patterns: [], overTime: [], operations: [] });
  await empty.drop();
});
