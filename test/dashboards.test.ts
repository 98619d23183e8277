import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ALERT_RULES } from "../dashboards/alerts.ts";
import { expandSql } from "../dashboards/expand-sql.ts";
import type { SqlQuery } from "../dashboards/panel-query.ts";
import { dashboardsOf, provisioningFiles } from "../dashboards/provisioning-files.ts";
import { runbooks } from "../dashboards/runbooks.ts";
import { DEFAULT_PRICE_BOOK } from "../processor/core/price-book.ts";
import { modelPriceRows, syncModelPrices } from "../processor/storage/model-prices.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { storeDemoWeek } from "./support/demo-week.ts";
import { storeSamples } from "./support/store-samples.ts";

const ROOT = join(import.meta.dirname, "..");
const NOW_MS = Math.floor(Date.now() / 60_000) * 60_000;
const DAY_MS = 86_400_000;
const RUNBOOKS = await readFile(join(ROOT, "docs/runbooks.md"), "utf8");
const QUERY_MODULES = [
  "overview",
  "provider-comparison",
  "error-patterns",
  "cost-and-caching",
  "retries",
  "calls",
  "trace",
  "pipeline",
  "gateways",
  "alerts",
];

/** Every SQL query of the folder by "module.name". */
const SQL = new Map<string, SqlQuery>();
for (const module of QUERY_MODULES) {
  const exported = (await import(`../dashboards/queries/${module}.ts`)) as Record<string, unknown>;
  for (const [name, query] of Object.entries(exported)) {
    if (typeof query === "object" && query !== null && "language" in query) SQL.set(`${module}.${name}`, query as SqlQuery);
  }
}

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await storeDemoWeek(database.url, { nowMs: NOW_MS, callsPerDay: 400 });
  await syncModelPrices(database.pool, modelPriceRows(DEFAULT_PRICE_BOOK, NOW_MS));
  await storeSamples(database.pool, [
    { fromMs: NOW_MS - 3 * DAY_MS, toMs: NOW_MS - 60_000 },
    { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS - 60_000, instance: "gateway:2", refused: { unauthenticated: 1 } },
  ]);
});
afterAll(() => database.drop());

const week = { fromMs: NOW_MS - 7 * DAY_MS, toMs: NOW_MS, intervalMs: 1_200_000, chosen: { monthly_budget: ["1000"] } };

describe("queries on a fortnight of the demo's calls", () => {
  test.each([...SQL])("%s has rows with the declared columns", async (_, query) => {
    const { rows, fields } = await database.pool.query(expandSql(query.text, week));
    expect(fields.map(({ name }) => name)).toEqual(query.columns);
    expect(rows.length).toBeGreaterThan(0);
    expect(
      rows.some((row: Record<string, unknown>) => Object.entries(row).some(([name, value]) => name !== "time" && value !== null)),
    ).toBe(true);
  });

  test.each([...SQL])("%s runs within an hour and with every filter set", async (_, query) => {
    const chosen = {
      environment: ["production"],
      service: ["support-chat"],
      provider: ["openai", "it's"],
      model: ["gpt-5-mini"],
      operation: ["chat"],
      category: ["rate_limit"],
      status: ["failed"],
    };
    const hour = { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS, intervalMs: 60_000, chosen: { ...chosen, monthly_budget: [""] } };
    const { fields } = await database.pool.query(expandSql(query.text, hour));
    expect(fields.map(({ name }) => name)).toEqual(query.columns);
  });

  test("the calls of one user are those of that user, with a quote in the name too", async () => {
    const callsOf = async (user: string): Promise<(string | null)[]> => {
      const chosen = { ...week.chosen, user: [user] };
      const { rows } = await database.pool.query<{ user_id: string | null }>(
        expandSql(SQL.get("calls.latestCalls")!.text, { ...week, chosen }),
      );
      return rows.map(({ user_id: id }) => id);
    };
    const named = (await callsOf("")).find((id) => id !== null) ?? "";
    expect(named).not.toBe("");
    expect(new Set(await callsOf(named))).toEqual(new Set([named]));
    expect(await callsOf("o'neill")).toEqual([]);
  });

  test("a time series has one value per label and time", async () => {
    for (const [name, query] of SQL) {
      if (query.format !== "time_series") continue;
      const { rows } = await database.pool.query<Record<string, unknown>>(expandSql(query.text, week));
      const labels = query.columns.filter((column) => typeof rows[0]?.[column] === "string" || column === "time");
      const keys = rows.map((row) => labels.map((label) => String(row[label])).join("|"));
      expect(new Set(keys).size, name).toBe(keys.length);
      expect(
        rows.map((row) => Number(row["time"])),
        `${name} in order of time`,
      ).toEqual(rows.map((row) => Number(row["time"])).toSorted((a, b) => a - b));
    }
  });

  test("the reader may run every query", async () => {
    await database.pool.query("alter role genai_reader login password 'reader'");
    const url = new URL(database.url);
    url.username = "genai_reader";
    url.password = "reader";
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      for (const query of SQL.values()) await client.query(expandSql(query.text, week));
    } finally {
      await client.end();
    }
  });

  test("sums on dashboards are the sums of the rows", async () => {
    const { rows: raw } = await database.pool.query<{ calls: string; failed: string; cost: number }>(
      "select count(*) as calls, count(*) filter (where status = 'failed') as failed, sum(cost_usd) as cost from genai.llm_traces where llm_call and created_at >= $1 and created_at < $2",
      [new Date(week.fromMs), new Date(week.toMs)],
    );
    const value = async (name: string): Promise<number> => {
      const { rows } = await database.pool.query<{ value: number }>(expandSql(SQL.get(name)!.text, week));
      return Number(rows.at(-1)?.value);
    };
    expect(await value("overview.calls")).toBe(Number(raw[0]?.calls));
    expect(await value("error-patterns.failedCalls")).toBe(Number(raw[0]?.failed));
    expect(await value("cost-and-caching.spend")).toBeCloseTo(Number(raw[0]?.cost), 6);
  });

  test("first attempts, recovered and lost operations add up", async () => {
    const { rows } = await database.pool.query<Record<string, number>>(
      expandSql(SQL.get("error-patterns.firstAttemptAgainstFinal")!.text, week),
    );
    for (const row of rows) expect(row["recovered"]! + row["lost"]!).toBe(row["first_failed"]);
    expect(rows.some((row) => row["recovered"]! > 0)).toBe(true);
  });
});

describe("files in provisioning/grafana", () => {
  test("are what the code says", async () => {
    for (const [path, text] of provisioningFiles(RUNBOOKS)) {
      expect(await readFile(join(ROOT, "provisioning/grafana", path), "utf8"), `${path}: npm run dashboards`).toBe(text);
    }
  });

  test("every rule has a runbook, a panel that exists, and the parts that Grafana drops in silence when misspelt", async () => {
    const panels = new Map(
      [...dashboardsOf("postgres"), ...dashboardsOf("tempo"), runbooks(RUNBOOKS)].map((each) => [
        each.uid,
        new Set((each.panels ?? []).map(({ id }) => id)),
      ]),
    );
    for (const file of ["postgres-rules.yaml", "tempo-rules.yaml"]) {
      const { groups } = parse(await readFile(join(ROOT, "provisioning/grafana/alerting", file), "utf8")) as {
        groups: { folder: string; interval: string; rules: Rule[] }[];
      };
      for (const rule of groups.flatMap(({ rules }) => rules)) {
        expect(rule.uid.length).toBeLessThanOrEqual(40);
        expect(RUNBOOKS).toContain(`\n## ${rule.uid}\n`);
        expect(panels.get(rule.annotations["__dashboardUid__"] ?? "")?.has(Number(rule.annotations["__panelId__"]))).toBe(true);
        expect(rule.data.map(({ refId }) => refId)).toContain(rule.condition);
        expect(rule).toMatchObject({ noDataState: "OK", execErrState: "Error", notification_settings: { receiver: "GenAI" } });
        expect(Object.keys(rule).toSorted()).toEqual(RULE_KEYS);
        // `labels` are interpolated by Grafana: a $ there would be a variable.
        expect(JSON.stringify(rule.labels)).not.toContain("$");
      }
    }
  });

  test("alert queries answer one number column and unique labels", async () => {
    for (const { uid, query, windowMinutes } of ALERT_RULES) {
      const { rows, fields } = await database.pool.query<Record<string, unknown>>(
        expandSql(query.text, { ...week, fromMs: NOW_MS - windowMinutes * 60_000 }),
      );
      const numbers = fields.filter(({ dataTypeID }) => dataTypeID !== pg.types.builtins.TEXT);
      expect(
        numbers.map(({ name }) => name),
        uid,
      ).toEqual(["value"]);
      const labels = rows.map((row) => JSON.stringify({ ...row, value: null }));
      expect(new Set(labels).size).toBe(labels.length);
      expect(
        rows.every((row) => typeof row["value"] === "number"),
        uid,
      ).toBe(true);
    }
  });
});

interface Rule {
  readonly uid: string;
  readonly condition: string;
  readonly data: readonly { readonly refId: string }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const RULE_KEYS = [
  "annotations",
  "condition",
  "data",
  "execErrState",
  "for",
  "isPaused",
  "keepFiringFor",
  "labels",
  "noDataState",
  "notification_settings",
  "title",
  "uid",
];
