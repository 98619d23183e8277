import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { assertRollupsMatchRows } from "../../test/support/assert-rollups.ts";
import { createEmptyDatabase, type TestDatabase } from "../../test/support/database.ts";
import { batchOf, spanTraffic } from "../../test/support/enriched-spans.ts";
import { postgresSink } from "../sinks/postgres.ts";
import { migrate } from "./migrate.ts";

const MIGRATIONS = join(import.meta.dirname, "migrations");
/** The last schema whose rollups knew the mean of attempts only. */
const BEFORE_ATTEMPTS = 4;
let database: TestDatabase;

beforeEach(async () => {
  database = await createEmptyDatabase();
  await database.pool.query("create schema genai");
  await database.pool.query(
    "create table genai.migrations (version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())",
  );
  for (const name of (await readdir(MIGRATIONS)).sort().slice(0, BEFORE_ATTEMPTS)) await applyAsBefore(name);
});
afterEach(() => database.drop());

async function applyAsBefore(name: string): Promise<void> {
  const sql = await readFile(join(MIGRATIONS, name), "utf8");
  await database.pool.query(`begin; set local search_path to genai; ${sql}; commit`);
  await database.pool.query("insert into genai.migrations (version, name, checksum) values ($1, $2, $3)", [
    Number(name.slice(0, 4)),
    name,
    createHash("sha256").update(sql).digest("hex"),
  ]);
}

async function upgrade(): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await migrate(client);
  await client.end();
}

const traffic = (seed: number, count = 400) =>
  batchOf(spanTraffic({ count, seed, startMs: Date.now() - 3 * 86_400_000 + (seed % 60) * 3_600_000, spreadMs: 3_000_000 }));

test("calls of before are counted by their attempts, while gateways go on writing", async () => {
  const sink = postgresSink({ url: database.url });
  for (let seed = 1; seed <= 20; seed += 1) await sink.write(traffic(seed));
  let writing = true;
  const writers = [0, 1, 2, 3].map(async (writer) => {
    for (let round = 0; writing; round += 1) await sink.write(traffic(1000 + writer + 4 * (round % 200), 50));
  });
  await upgrade();
  writing = false;
  await Promise.all(writers);
  await sink.write(traffic(65));
  await sink.close();
  await assertRollupsMatchRows(database.pool);
  const { rows } = await database.pool.query<Record<string, number>>(
    "select sum(retried)::int as retried, sum(retried_once)::int as once, sum(retried_twice)::int as twice, sum(retried_more)::int as more from genai.calls(now() - interval '9 days', now() + interval '1 day')",
  );
  const { retried = 0, once = 0, twice = 0, more = 0 } = rows[0] ?? {};
  expect(once + twice + more).toBe(retried);
  expect(Math.min(once, twice, more)).toBeGreaterThan(0);
});

test("what an older gateway counts is retried, by nobody knows how many attempts", async () => {
  await upgrade();
  await database.pool.query(
    `select genai.count_calls('[{"bucket": "2026-11-24T00:00:00Z", "series_id": 1, "outcome_id": 1, "calls": 3, "retried": 2, "retries": 5}]')`,
  );
  const { rows } = await database.pool.query(
    "select calls, retried, retries, retried_once, retried_twice, retried_more from genai.rollup_hour",
  );
  expect(rows).toEqual([{ calls: "3", retried: "2", retries: "5", retried_once: "0", retried_twice: "0", retried_more: "0" }]);
});
