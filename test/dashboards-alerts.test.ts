import { afterEach, beforeEach, expect, test } from "vitest";
import { ALERT_RULES, type AlertRule } from "../dashboards/alerts.ts";
import { expandSql } from "../dashboards/expand-sql.ts";
import { ALERT_SCENARIOS, callsAt, samplesAt } from "./support/alert-scenarios.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { storeCalls } from "./support/store-calls.ts";
import { storeSamples } from "./support/store-samples.ts";

const NOW_MS = Math.floor(Date.now() / 60_000) * 60_000;
/** Far enough apart for a baseline of a week. */
const EARLIER_MS = NOW_MS - 12 * 86_400_000;

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

test("every rule has a scenario", () => {
  expect(Object.keys(ALERT_SCENARIOS).toSorted()).toEqual(ALERT_RULES.map(({ uid }) => uid).toSorted());
});

test.each(ALERT_RULES.map((rule) => [rule.uid, rule] as const))("%s stays quiet below its limit and fires above it", async (uid, rule) => {
  const scenario = ALERT_SCENARIOS[uid]!;
  await storeCalls(database.url, [...callsAt(scenario.quiet, EARLIER_MS), ...callsAt(scenario.firing, NOW_MS)]);
  const { gateways } = scenario;
  await storeSamples(database.pool, [...samplesAt(gateways?.quiet, EARLIER_MS), ...samplesAt(gateways?.firing, NOW_MS)]);
  expect(await firing(rule, EARLIER_MS)).toEqual([]);
  expect(await firing(rule, NOW_MS)).toEqual([scenario.labels]);
});

test("without calls in its window every rule is quiet and has a row for all it knows", async () => {
  await storeCalls(database.url, [{ count: 3, fromMs: EARLIER_MS - 600_000, toMs: EARLIER_MS - 60_000 }]);
  for (const rule of ALERT_RULES) {
    if (rule.uid !== "genai-pipeline-silent") expect(await firing(rule, NOW_MS), rule.uid).toEqual([]);
    // Spools are those of gateways that speak.
    expect((await evaluate(rule, NOW_MS)).length, rule.uid).toBe(rule.uid === "genai-gateway-spool" ? 0 : 1);
  }
});

type Row = Readonly<Record<string, string | number>>;

async function evaluate(rule: AlertRule, nowMs: number): Promise<Row[]> {
  const sql = expandSql(rule.query.text, { fromMs: nowMs - rule.windowMinutes * 60_000, toMs: nowMs, intervalMs: 60_000 });
  return (await database.pool.query<Row>(sql)).rows;
}

/** Labels of the rows over (or under) the rule's limit. */
async function firing(rule: AlertRule, nowMs: number): Promise<Record<string, string | number>[]> {
  const { when, value } = rule.fires;
  const rows = await evaluate(rule, nowMs);
  const over = rows.filter((row) => (when === "above" ? Number(row["value"]) > value : Number(row["value"]) < value));
  return over.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== "value")));
}
