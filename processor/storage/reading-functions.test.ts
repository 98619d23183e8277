import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../../test/support/database.ts";
import { batchOf, spanTraffic } from "../../test/support/enriched-spans.ts";
import { wilsonInterval } from "../report/wilson-interval.ts";
import { postgresSink } from "../sinks/postgres.ts";
import { histogramBin } from "./rollup-delta.ts";

const DAY_MS = 86_400_000;
const START_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - 6 * DAY_MS;
let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  const sink = postgresSink({ url: database.url });
  await sink.write(batchOf(spanTraffic({ count: 4000, startMs: START_MS, spreadMs: 5 * DAY_MS, userShare: 0.5 })));
  await sink.close();
});
afterAll(() => database.drop());

async function one<Row extends object>(sql: string, values: unknown[] = []): Promise<Row> {
  const { rows } = await database.pool.query<Row>(sql, values);
  return rows[0] as Row;
}

/** Any two times around the data, to the millisecond, in any time zone of a session. */
const anyRange = fc.record({
  fromMs: fc.integer({ min: START_MS - DAY_MS, max: START_MS + 6 * DAY_MS }),
  lengthMs: fc.oneof(
    fc.integer({ min: 0, max: 7 * DAY_MS }),
    fc.integer({ min: 0, max: 3 * 3_600_000 }),
    fc.integer({ min: 0, max: 120_000 }),
  ),
  zone: fc.constantFrom("UTC", "Asia/Kolkata", "America/St_Johns"),
});

test("calls, latencies and users between any two times are those of the rows, whole minutes and hours at the edges", async () => {
  const session = await database.pool.connect();
  await fc.assert(
    fc.asyncProperty(anyRange, async ({ fromMs, lengthMs, zone }) => {
      const values = [new Date(fromMs), new Date(fromMs + lengthMs)];
      await session.query(`set timezone = '${zone}'`);
      const edges = (width: string): string =>
        `created_at >= date_trunc('${width}', $1::timestamptz, 'UTC') and created_at < date_trunc('${width}', $2::timestamptz + interval '1 ${width}' - interval '1 microsecond', 'UTC')`;
      const read = await session.query(
        `select coalesce((select sum(calls)::int from genai.calls($1, $2)), 0) as calls,
          coalesce((select sum(calls)::int from genai.latencies($1, $2) where measure = 'duration'), 0) as durations,
          coalesce((select sum(calls)::int from genai.users($1, $2)), 0) as users`,
        values,
      );
      const counted = await session.query(
        `select (count(*) filter (where ${edges("minute")}))::int as calls, (count(*) filter (where ${edges("minute")}))::int as durations,
          (count(user_id) filter (where ${edges("hour")}))::int as users from genai.llm_traces`,
        values,
      );
      expect(read.rows).toEqual(counted.rows);
    }),
    { numRuns: 60 },
  );
  session.release(true);
});

test.each(["10 seconds", "5 minutes", "1 hour", "6 hours", "1 day"])(
  "over time by %s: every call once, in buckets of the step or of what is kept",
  async (step) => {
    const values = [new Date(START_MS), new Date(START_MS + 5 * DAY_MS), step];
    const whole = await one<{ calls: number; aligned: boolean }>(
      `select sum(calls)::int as calls, bool_and(bucket = genai.utc_floor($3, bucket)) as aligned from genai.calls_over_time($1, $2, $3)`,
      values,
    );
    expect(whole).toEqual({ calls: 4000, aligned: true });
    expect(
      await one("select sum(calls)::int as calls from genai.latencies_over_time($1, $2, $3) where measure = 'duration'", values),
    ).toEqual({ calls: 4000 });
  },
);

test("quantiles are within a bin of the exact ones", async () => {
  for (const quantile of [0, 0.01, 0.5, 0.9, 0.95, 0.99, 1]) {
    const { read, exact } = await one<{ read: number; exact: number }>(
      `select (select genai.histogram_quantile(genai.histogram(bin, calls), $3) from genai.latencies($1, $2) where measure = 'duration') as read,
        (select percentile_disc($3) within group (order by duration_ms) from genai.llm_traces) as exact`,
      [new Date(START_MS), new Date(START_MS + 6 * DAY_MS), quantile],
    );
    expect(Math.abs(Math.log2(read / exact))).toBeLessThanOrEqual(1 / 8 + 1e-9);
  }
  expect(await one("select genai.histogram_quantile('{}', 0.5) as empty, genai.histogram_quantile(null, 0.5) as none")).toEqual({
    empty: null,
    none: null,
  });
});

test("the bins of the gateway are those of SQL, at their bounds too", async () => {
  const values = [
    0,
    0.5,
    1,
    1.0000001,
    2,
    4,
    8,
    1024,
    2 ** 31,
    ...Array.from({ length: 60 }, (_, i) => 2 ** (i / 8)),
    ...Array.from({ length: 200 }, (_, i) => 1.37 ** (i / 3)),
  ];
  const { rows } = await database.pool.query<{ bin: number }>(
    "select genai.histogram_bin(ms) as bin from unnest($1::float8[]) with ordinality u (ms, n) order by n",
    [values],
  );
  expect(rows.map(({ bin }) => bin)).toEqual(values.map(histogramBin));
});

test("Wilson's interval is the same in SQL and in the report", async () => {
  for (const [successes, total] of [
    [0, 1],
    [1, 1],
    [5, 10],
    [98, 100],
    [1000, 1000],
    [3, 10_000],
  ] as const) {
    const { low, high } = await one<{ low: number; high: number }>(
      "select genai.wilson_lower($1, $2) as low, genai.wilson_upper($1, $2) as high",
      [successes, total],
    );
    expect(low).toBeCloseTo(wilsonInterval(successes, total).low, 4);
    expect(high).toBeCloseTo(wilsonInterval(successes, total).high, 4);
  }
});
