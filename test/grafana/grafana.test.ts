import { once } from "node:events";
import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { parse } from "yaml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { ALERT_RULES } from "../../dashboards/alerts.ts";
import { expandSql } from "../../dashboards/expand-sql.ts";
import { dashboardsOf } from "../../dashboards/provisioning-files.ts";
import { DEFAULT_PRICE_BOOK } from "../../processor/core/price-book.ts";
import { modelPriceRows, syncModelPrices } from "../../processor/storage/model-prices.ts";
import { TEMPO_ALERT_RULES } from "../../dashboards/tempo-alerts.ts";
import { ALERT_SCENARIOS, callsAt, samplesAt } from "../support/alert-scenarios.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { storeDemoWeek } from "../support/demo-week.ts";
import { callsRequest, storeCalls } from "../support/store-calls.ts";
import { storeSamples } from "../support/store-samples.ts";
import { TEMPO_PROVIDER, TEMPO_SCENARIOS } from "../support/tempo-scenarios.ts";
import { startTestGateway } from "../support/test-gateway.ts";
import { startGrafana, TEMPO_WINDOW_S, type Grafana } from "./start-grafana.ts";

const HOME = process.env["GRAFANA_HOME"];
const URL_GIVEN = process.env["GRAFANA_URL"];
const TEMPO_URL = process.env["TEMPO_URL"];
/** Where that Tempo takes spans. */
const TEMPO_OTLP_URL = process.env["TEMPO_OTLP_URL"] ?? TEMPO_URL?.replace(/:\d+$/, ":4318");
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
if (HOME === undefined && URL_GIVEN === undefined) throw new Error("set GRAFANA_HOME or GRAFANA_URL: see vitest.grafana.config.ts");

const DAY_MS = 86_400_000;
const RULES = join(import.meta.dirname, "../../provisioning/grafana/alerting/postgres-rules.yaml");
/** Grafana's own bookkeeping, not ours. */
const NOT_OURS = new Set(["id", "version"]);

let database: TestDatabase | undefined;
let webhook: Server | undefined;
let grafana: Grafana;
/** Alerts that reached the contact point: title and status. */
const notified = new Set<string>();

beforeAll(async () => {
  if (HOME === undefined) {
    grafana = {
      url: URL_GIVEN ?? "",
      user: process.env["GRAFANA_USER"] ?? "admin:admin",
      log: async () => "",
      close: async () => undefined,
    };
    return;
  }
  database = await createDatabase();
  await database.pool.query("alter role genai_reader login password 'reader'");
  await syncModelPrices(database.pool, modelPriceRows(DEFAULT_PRICE_BOOK, Date.now()));
  await storeDemoWeek(database.url, { nowMs: Date.now(), callsPerDay: 600 });
  await storeSamples(database.pool, [{ fromMs: Date.now() - DAY_MS, toMs: Date.now() }]);
  webhook = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { alerts } = JSON.parse(body) as { alerts: { status: string; labels: Record<string, string> }[] };
      for (const { status, labels } of alerts) notified.add(`${labels["alertname"]} ${status}`);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(webhook, "listening");
  const reader = new URL(database.url);
  reader.username = "genai_reader";
  reader.password = "reader";
  const webhookUrl = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`;
  grafana = await startGrafana({ home: HOME, databaseUrl: reader.href, tempoUrl: TEMPO_URL, webhookUrl });
});
afterAll(async () => {
  await grafana?.close();
  webhook?.close();
  await database?.drop();
});

async function api<T>(path: string, body?: unknown): Promise<T> {
  const response = await fetch(grafana.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Basic ${Buffer.from(grafana.user).toString("base64")}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

const DASHBOARDS = [...dashboardsOf("postgres"), ...(HOME !== undefined && TEMPO_URL === undefined ? [] : dashboardsOf("tempo"))];

describe.each(DASHBOARDS.map((dashboard) => [String(dashboard.uid), dashboard] as const))("%s", (uid, dashboard) => {
  test("is in Grafana as it is in the file", async () => {
    const read = await api<{ dashboard: Record<string, unknown>; meta: { provisioned: boolean } }>(`/api/dashboards/uid/${uid}`);
    const ours = JSON.parse(JSON.stringify(dashboard)) as Record<string, unknown>;
    expect(read.meta.provisioned).toBe(true);
    for (const key of Object.keys(ours).filter((each) => !NOT_OURS.has(each))) expect(read.dashboard[key], key).toEqual(ours[key]);
  });

  test("answers every panel through Grafana", async () => {
    for (const panel of (dashboard.panels as Panel[]).filter(({ targets }) => (targets ?? []).length > 0)) {
      expect(await rowsOf(panel), `${uid} ${panel.title}`).toBeGreaterThan(0);
    }
  });
});

const RANGE = { fromMs: Date.now() - 7 * DAY_MS, toMs: Date.now(), intervalMs: 1_200_000, chosen: { monthly_budget: ["1000"] } };

interface Target {
  readonly refId: string;
  readonly datasource: { readonly uid: string };
  readonly rawSql?: string;
  readonly query?: string;
  readonly hide?: boolean;
}

/** Rows of all visible answers to a panel, with the variables on "All" as the browser puts them in. */
async function rowsOf(panel: Panel): Promise<number> {
  const targets = (panel.targets ?? []) as unknown as Target[];
  const queries = targets.map((target) => ({
    ...target,
    ...(target.rawSql === undefined ? {} : { rawSql: expandSql(target.rawSql, RANGE) }),
    ...(target.query === undefined ? {} : { query: target.query.replaceAll(/\$(service|provider|model)\b/g, ".*") }),
    datasource: { uid: target.datasource.uid === "__expr__" ? "__expr__" : target.rawSql === undefined ? "genai-tempo" : "genai-postgres" },
    intervalMs: RANGE.intervalMs,
    maxDataPoints: 500,
  }));
  const { results } = await api<DataAnswer>("/api/ds/query", { queries, from: String(RANGE.fromMs), to: String(RANGE.toMs) });
  const visible = targets.filter(({ hide }) => hide !== true);
  return visible.reduce(
    (sum, { refId }) => sum + (results[refId]?.frames ?? []).reduce((rows, { data }) => rows + (data.values[0]?.length ?? 0), 0),
    0,
  );
}

interface DataAnswer {
  readonly results: Readonly<Record<string, { readonly frames: readonly { readonly data: { readonly values: readonly unknown[][] } }[] }>>;
}

interface RuleFile {
  readonly groups: readonly { readonly folder: string; readonly rules: readonly (Record<string, unknown> & { readonly uid: string })[] }[];
}

test("rules are in Grafana as they are in the file", async () => {
  const { groups } = parse(await readFile(RULES, "utf8")) as RuleFile;
  for (const rule of groups.flatMap(({ rules }) => rules)) {
    const exported = parse(await exportOf(rule.uid)) as RuleFile;
    const read = exported.groups[0]?.rules[0];
    expect(read, rule.uid).toMatchObject({
      title: rule["title"],
      condition: rule["condition"],
      noDataState: rule["noDataState"],
      execErrState: rule["execErrState"],
      labels: rule["labels"],
    });
    const data = (each: unknown): { refId: string; datasourceUid: string; model: { rawSql?: string } }[] => each as never;
    expect(data(read?.["data"]).map(({ model }) => model.rawSql)).toEqual(data(rule["data"]).map(({ model }) => model.rawSql));
    for (const key of ["summary", "description", "runbook_url"])
      expect((read?.["annotations"] as Record<string, string> | undefined)?.[key]).toBe(
        (rule["annotations"] as Record<string, string>)[key],
      );
  }
});

async function exportOf(uid: string): Promise<string> {
  const response = await fetch(`${grafana.url}/api/v1/provisioning/alert-rules/${uid}/export?format=yaml`, {
    headers: { authorization: `Basic ${Buffer.from(grafana.user).toString("base64")}` },
  });
  return response.text();
}

describe.skipIf(HOME === undefined)("alerts", () => {
  /** Silence is of all or of none: these cannot fire beside the others. */
  const SILENCE = ["genai-pipeline-silent", "genai-gateway-silent"];
  const own = ALERT_RULES.filter(({ uid }) => !SILENCE.includes(uid));

  test("every rule fires on the calls that it is for, reaches the contact point, and resolves", async () => {
    await clear();
    const nowMs = Date.now();
    // Each rule's calls in an environment of their own: what else fires does not matter.
    await storeCalls(
      database!.url,
      own.flatMap(({ uid }) => callsAt(ALERT_SCENARIOS[uid]!.firing, nowMs).map((batch) => ({ ...batch, environment: uid }))),
    );
    await storeSamples(
      database!.pool,
      own.flatMap(({ uid }) => samplesAt(ALERT_SCENARIOS[uid]!.gateways?.firing, nowMs)),
    );
    await until("every rule fires", async () => {
      const alerts = await activeAlerts();
      return own.filter(({ uid }) => !alerts.some((alert) => alert.uid === uid && matches(alert.labels, uid))).map(({ uid }) => uid);
    });
    await until("the contact point knows", async () => own.filter(({ title }) => !notified.has(`${title} firing`)).map(({ uid }) => uid));
    await clear();
    await until("every rule resolves", async () => (await activeAlerts()).map(({ uid }) => uid));
  });

  test("silence fires, and ends with the next call and the next word of a gateway", async () => {
    await clear();
    await storeCalls(database!.url, callsAt(ALERT_SCENARIOS["genai-pipeline-silent"]!.firing, Date.now()));
    await storeSamples(database!.pool, samplesAt(ALERT_SCENARIOS["genai-gateway-silent"]!.gateways?.firing, Date.now()));
    await until("silence fires", async () => {
      const alerts = await activeAlerts();
      return SILENCE.filter((silent) => !alerts.some(({ uid }) => uid === silent));
    });
    await storeCalls(database!.url, [{ count: 3, fromMs: Date.now() - 60_000, toMs: Date.now() - 1000 }]);
    await storeSamples(database!.pool, [{ fromMs: Date.now() - 1000, toMs: Date.now() }]);
    await until("silence resolves", async () => (await activeAlerts()).map(({ uid }) => uid));
  });

  test.skipIf(TEMPO_URL === undefined)(
    "every rule on Tempo fires on the spans that it is for, and resolves when they are past",
    { timeout: 900_000 },
    async () => {
      const gateway = await startTestGateway({ FORWARD_OTLP_ENDPOINT: TEMPO_OTLP_URL ?? "" });
      const nowMs = Date.now();
      const scenarios = Object.values(TEMPO_SCENARIOS);
      const calls = scenarios.flatMap(({ quiet, firing }) => [...quiet, ...firing]);
      const request = callsRequest(calls.map((batch) => ({ ...batch, fromMs: nowMs - 20_000, toMs: nowMs - 2000 })));
      const response = await fetch(`${gateway.url}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      expect(response.status).toBe(200);
      await gateway.close();
      const firingOf = async (): Promise<string[]> => {
        const alerts = await activeAlerts("genai-tempo");
        return TEMPO_ALERT_RULES.map(({ uid }) => uid).filter((uid) => {
          const wanted = Object.entries(TEMPO_SCENARIOS[uid]!.labels);
          return alerts.some((alert) => alert.uid === uid && wanted.every(([name, value]) => alert.labels[name] === value));
        });
      };
      await until("every rule on Tempo fires", async () => {
        const firing = await firingOf();
        return TEMPO_ALERT_RULES.map(({ uid }) => uid).filter((uid) => !firing.includes(uid));
      });
      const quiet = new Set(scenarios.flatMap((scenario) => scenario.quiet.map(({ provider }) => JSON.stringify(provider))));
      for (const { uid, labels } of await activeAlerts("genai-tempo")) expect(quiet.has(labels[TEMPO_PROVIDER] ?? ""), uid).toBe(false);
      await until("every rule on Tempo resolves", firingOf, 2 * TEMPO_WINDOW_S * 1000);
    },
  );

  test("no rule is unhealthy and nothing of ours is complained of in the log", async () => {
    const { data } = await api<RulesAnswer>("/api/prometheus/grafana/api/v1/rules");
    for (const rule of data.groups.flatMap(({ rules }) => rules)) expect(`${rule.uid} ${rule.health}`).toBe(`${rule.uid} ok`);
    // For a minute after its first start Grafana's router does not know the receivers of rules and asks for a mail server.
    const early = /grafana-default-email/;
    const complaints = (await grafana.log())
      .split("\n")
      .filter(
        (line) =>
          /level=(warn|error)/.test(line) &&
          /provision|alert|datasource|tsdb|dashboard/.test(line) &&
          !/logger=migrator|apiserver/.test(line) &&
          !early.test(line),
      );
    expect(complaints).toEqual([]);
  });

  async function clear(): Promise<void> {
    await database!.pool.query(`truncate genai.llm_traces, genai.spans, genai.rollup_minute, genai.rollup_hour, genai.rollup_day,
      genai.histogram_minute, genai.histogram_hour, genai.histogram_day, genai.user_hour, genai.user_day, genai.gateway_samples`);
  }

  function matches(labels: Readonly<Record<string, string>>, uid: string): boolean {
    const wanted = ALERT_SCENARIOS[uid]!.labels;
    const inOwn = "environment" in wanted ? { ...wanted, environment: uid } : wanted;
    return Object.entries(inOwn).every(([name, value]) => labels[name] === value);
  }
});

interface RulesAnswer {
  readonly data: {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly uid: string;
        readonly health: string;
        readonly alerts?: readonly { readonly state: string; readonly labels: Record<string, string> }[];
      }[];
    }[];
  };
}

async function activeAlerts(store: "genai-" | "genai-tempo" = "genai-"): Promise<{ uid: string; labels: Record<string, string> }[]> {
  const { data } = await api<RulesAnswer>("/api/prometheus/grafana/api/v1/rules");
  const rules = data.groups
    .flatMap(({ rules: own }) => own)
    .filter(({ uid }) => uid.startsWith("genai-tempo") === (store === "genai-tempo"));
  return rules.flatMap(({ uid, alerts }) =>
    (alerts ?? []).filter(({ state }) => /^(alerting|firing)/i.test(state)).map(({ labels }) => ({ uid, labels })),
  );
}

const WAIT_MS_MAX = 180_000;

/** Asks for what is still missing until nothing is. */
async function until(what: string, missing: () => Promise<readonly string[]>, waitMsMax = WAIT_MS_MAX): Promise<void> {
  let left: readonly string[] = [];
  for (const startMs = Date.now(); Date.now() - startMs < waitMsMax;) {
    left = await missing();
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  throw new Error(`${what}: still waiting for ${left.join(", ")}`);
}

describe.each(["light", "dark"] as const)("screenshots, %s", (theme) => {
  test("every panel shows something", { timeout: 900_000 }, async () => {
    if (database !== undefined) {
      await storeDemoWeek(database.url, { nowMs: Date.now(), callsPerDay: 600 });
      await storeSamples(database.pool, [{ fromMs: Date.now() - DAY_MS, toMs: Date.now() }]);
    }
    const folder = process.env["SCREENSHOTS"] ?? (await mkdtemp(join(tmpdir(), "genai-otel-screenshots-")));
    await mkdir(folder, { recursive: true });
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    });
    try {
      const context = await browser.newContext({ viewport: SCREEN, timezoneId: "UTC" });
      const [user, password] = grafana.user.split(":");
      await context.request.post(`${grafana.url}/login`, { data: { user, password } });
      for (const dashboard of DASHBOARDS) await shoot(dashboard);
      async function shoot({ uid }: Dashboard): Promise<void> {
        const page = await context.newPage();
        await page.goto(`${grafana.url}/d/${uid}?kiosk=1&theme=${theme}`, { waitUntil: "networkidle" });
        await untilLoaded(page);
        const bad = await page.evaluate(`[...document.querySelectorAll('[data-viz-panel-key]')]
          .filter((panel) => panel.querySelector('[data-testid*="Panel status error"]') || /^(No data|Err)$/m.test(panel.innerText) ||
            (panel.querySelector('canvas') === null && panel.innerText.trim().split('\\n').length < 2)).map((panel) => panel.innerText.slice(0, 80))`);
        expect(bad, uid).toEqual([]);
        await page.screenshot({ path: join(folder, `${uid}-${theme}.png`), clip: { x: 0, y: 0, ...PICTURE } });
        await page.close();
      }
    } finally {
      await browser.close();
    }
  });
});

/** High enough for every dashboard: Grafana does not load what nobody sees. */
const SCREEN = { width: 1600, height: 2400 };
/** What of it is kept. */
const PICTURE = { width: 1600, height: 1250 };
const LOAD_MS_MAX = 90_000;
/** Loading panels finish one after the other; what has been still for so long is done. */
const STILL_MS = 2500;

/** Until panels are there and none of them loads: a panel that still loads is empty, and would pass for one without an error. */
async function untilLoaded(page: Page): Promise<void> {
  const busy =
    "document.querySelector('[data-viz-panel-key]') === null || document.querySelector('[aria-label=\"Panel loading bar\"]') !== null";
  let stillSinceMs = Date.now();
  for (const startMs = Date.now(); Date.now() - startMs < LOAD_MS_MAX;) {
    if (await page.evaluate(busy)) stillSinceMs = Date.now();
    if (Date.now() - stillSinceMs >= STILL_MS) return;
    await page.waitForTimeout(200);
  }
  throw new Error(`${page.url()}: panels still load`);
}
