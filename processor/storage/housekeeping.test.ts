import { afterEach, beforeEach, expect, test } from "vitest";
import { assertRollupsMatchRows } from "../../test/support/assert-rollups.ts";
import { createDatabase, type TestDatabase } from "../../test/support/database.ts";
import { batchOf, spanTraffic } from "../../test/support/enriched-spans.ts";
import { storeSamples } from "../../test/support/store-samples.ts";
import { postgresSink } from "../sinks/postgres.ts";
import { keepHouse, type HouseKept } from "./housekeeping.ts";

const DAY_MS = 86_400_000;
const now = Date.now();
let database: TestDatabase;

beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

async function keep(retentionDays: number, nowMs = now): Promise<HouseKept | null> {
  const client = await database.pool.connect();
  try {
    return await keepHouse(client, { retentionDays, nowMs });
  } finally {
    client.release();
  }
}

/** Ten calls and ten other spans at noon of each of these days before today. */
async function store(daysAgo: readonly number[], retentionDays: number): Promise<void> {
  const sink = postgresSink({ url: database.url, retentionDays });
  const noon = Math.floor(now / DAY_MS) * DAY_MS + DAY_MS / 2;
  for (const days of daysAgo) {
    await sink.write(
      batchOf(spanTraffic({ count: 20, genaiShare: 0.5, seed: days + 100_000, startMs: noon - days * DAY_MS, spreadMs: 1000 })),
    );
  }
  await sink.close();
}

const rowsOf = async (table: string): Promise<number> =>
  (await database.pool.query<{ n: number }>(`select count(*)::int as n from genai.${table}`)).rows[0]?.n ?? -1;

async function partitions(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    "select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'genai.llm_traces'::regclass order by 1",
  );
  return rows.map(({ name }) => name);
}

const nameOf = (timeMs: number): string => `llm_traces_${new Date(timeMs).toISOString().slice(0, 10).replaceAll("-", "")}`;

test("days beyond the retention are dropped whole, with what counts them by the minute", async () => {
  await store([0, 3, 9, 10, 11, 25], 30);
  const before = (await rowsOf("llm_traces")) + (await rowsOf("spans"));
  expect(before).toBe(120);
  const kept = await keep(10);
  expect(kept).toMatchObject({ daysDropped: 2 });
  expect((await rowsOf("llm_traces")) + (await rowsOf("spans"))).toBe(80);
  expect(await partitions()).not.toContain(nameOf(now - 11 * DAY_MS));
  expect(await partitions()).toContain(nameOf(now - 10 * DAY_MS));
  const { rows } = await database.pool.query<{ minutes: number; days: number }>(
    "select (select sum(calls)::int from genai.rollup_minute) as minutes, (select sum(calls)::int from genai.rollup_day) as days",
  );
  const calls = await rowsOf("llm_traces");
  expect(rows[0]?.minutes).toBe(calls);
  expect(rows[0]?.days).toBeGreaterThan(calls);
  expect(await keep(10)).toMatchObject({ daysDropped: 0, daysMade: 0, deleted: 0 });
});

test("what gateways said of themselves goes with the rows", async () => {
  await storeSamples(database.pool, [
    { fromMs: now - 12 * DAY_MS, toMs: now - 12 * DAY_MS + 600_000 },
    { fromMs: now - 600_000, toMs: now },
  ]);
  expect(await keep(10)).toMatchObject({ deleted: 11 });
  expect(await rowsOf("gateway_samples")).toBe(11);
});

test("late rows that had no day yet are moved into it, and a resend still finds them", async () => {
  // As a sink with a short window leaves them: in the default partition.
  await store([20], 5);
  expect((await rowsOf("llm_traces_default")) + (await rowsOf("spans_default"))).toBe(20);
  expect(await keep(30)).toMatchObject({ deleted: 0 });
  expect((await rowsOf("llm_traces_default")) + (await rowsOf("spans_default"))).toBe(0);
  await store([20], 30);
  expect((await rowsOf("llm_traces")) + (await rowsOf("spans"))).toBe(20);
  await assertRollupsMatchRows(database.pool);
});

test("rows of wild clocks go once they are as far away as the retention is long", async () => {
  await store([0, 20_000, -20_000], 30);
  expect((await rowsOf("llm_traces")) + (await rowsOf("spans"))).toBe(60);
  await keep(30);
  expect((await rowsOf("llm_traces")) + (await rowsOf("spans"))).toBe(20);
});

test("partitions of the coming days are made ahead", async () => {
  await keep(30, now + 30 * DAY_MS);
  const names = await partitions();
  for (const ahead of [0, 1, 2, 3]) expect(names).toContain(nameOf(now + (30 + ahead) * DAY_MS));
});

test("one process at a time keeps house, and writers go on meanwhile", async () => {
  await store([40, 41, 42, 43], 60);
  const [results] = await Promise.all([Promise.all([keep(30), keep(30), keep(30), keep(30)]), store([0, 1, 35, 36, 44], 60)]);
  expect(results.filter((kept) => kept !== null).length).toBeGreaterThanOrEqual(1);
  expect(await rowsOf(nameOf(now))).toBeGreaterThan(0);
});
