import { describe, expect, test } from "vitest";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboardsOf } from "../dashboards/provisioning-files.ts";
import { runbooks } from "../dashboards/runbooks.ts";
import { TEMPO_ALERT_RULES } from "../dashboards/tempo-alerts.ts";

/** Rules of Grafana's dashboard linter and best practices, for SQL and TraceQL, which that linter does not read. */
const RUNBOOKS = await readFile(join(import.meta.dirname, "../docs/runbooks.md"), "utf8");
const DASHBOARDS = [...dashboardsOf("postgres"), ...dashboardsOf("tempo"), runbooks(RUNBOOKS)];
const UIDS = new Set(DASHBOARDS.map(({ uid }) => uid));
const WITHOUT_QUERY = new Set(["text", "alertlist"]);
const GRID_COLUMNS = 24;
/** Rows of 30 pixels and a gap of 8: what a screen of 1080 pixels shows below Grafana's bars. */
const SCREEN_ROWS = 24;

interface Target {
  readonly rawSql?: string;
  readonly query?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
}

const panelsOf = (dashboard: (typeof DASHBOARDS)[number]): Panel[] => (dashboard.panels ?? []) as Panel[];
const PANELS = DASHBOARDS.flatMap((dashboard) => panelsOf(dashboard).map((panel) => [`${dashboard.uid}: ${panel.title}`, panel] as const));

describe.each(DASHBOARDS.map((dashboard) => [dashboard.uid, dashboard] as const))("%s", (_, dashboard) => {
  test("has an address, a description, tags, links, and is not edited in the browser", () => {
    expect(dashboard.uid).toMatch(/^genai-[a-z-]{3,34}$/);
    expect(dashboard).toMatchObject({ id: null, schemaVersion: 42, editable: false, graphTooltip: 1 });
    expect(dashboard.description).not.toBe("");
    expect(dashboard.tags).toContain("genai");
    expect(dashboard.links).toMatchObject([{ keepTime: true, includeVars: true }]);
  });

  test("names its panels by unique ids and lays them without gaps or overlaps", () => {
    const panels = panelsOf(dashboard);
    const ids = panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = new Set<string>();
    for (const { gridPos, title } of panels) {
      const { x, y, w, h } = gridPos!;
      expect(x + w, title).toBeLessThanOrEqual(GRID_COLUMNS);
      for (let row = y; row < y + h; row += 1) {
        for (let column = x; column < x + w; column += 1) {
          expect(cells.has(`${row}/${column}`), `${title} overlaps`).toBe(false);
          cells.add(`${row}/${column}`);
        }
      }
    }
    const bottom = Math.max(...panels.map(({ gridPos }) => gridPos!.y + gridPos!.h));
    if (dashboard.uid !== "genai-runbooks") expect(cells.size).toBe(bottom * GRID_COLUMNS);
  });

  test("reads its variables anew when the time changes, and uses every one", () => {
    const text = JSON.stringify(dashboard.panels);
    for (const variable of dashboard.templating.list ?? []) {
      if (variable.type === "query") expect(variable, variable.name).toMatchObject({ refresh: 2, multi: true, includeAll: true });
      expect(text, `${variable.name} is used`).toMatch(new RegExp(`\\$\\{?${variable.name}\\b`));
    }
    if (text.includes("rawSql") || text.includes("traceql"))
      expect(dashboard.templating.list?.[0]).toMatchObject({ type: "datasource", label: "Data source" });
  });
});

describe.each(PANELS)("%s", (_, panel) => {
  test("says what it shows, in which unit, and asks the data source of the variable within the time range", () => {
    expect(panel.title).not.toBe("");
    expect(panel.description?.length ?? 0).toBeGreaterThan(15);
    if (WITHOUT_QUERY.has(panel.type)) return;
    expect(panel.datasource?.uid).toBe("${datasource}");
    const targets = (panel.targets ?? []) as unknown as Target[];
    expect(targets.length).toBeGreaterThan(0);
    for (const { rawSql, datasource } of targets) {
      expect(["${datasource}", "__expr__"]).toContain(datasource?.uid);
      if (rawSql === undefined) continue;
      expect(rawSql).toMatch(/\$__time(Filter|From|To)\b/);
      expect(rawSql, "neither Grafana nor its browser replaces these in SQL").not.toMatch(/\$\{?__(range|rate_interval)/);
      expect(rawSql, "PostgreSQL does not read the browser's escapes").not.toMatch(/\$\{\w+:(sqlstring|singlequote|regex)\}/);
    }
    if (panel.type === "traces") return;
    expect(panel.fieldConfig?.defaults?.unit ?? "").not.toBe("");
    expect(panel.fieldConfig?.defaults?.noValue).toBe("–");
  });

  test("draws no pie, keeps no default threshold, and tables its legend with calculations", () => {
    expect(panel.type).not.toBe("piechart");
    expect(JSON.stringify(panel.fieldConfig?.defaults?.thresholds ?? {})).not.toContain('"value":80}');
    if (panel.type !== "timeseries") return;
    const { legend } = panel.options as { legend: { displayMode: string; calcs: string[] } };
    expect(legend.displayMode).toBe("table");
    expect(legend.calcs.length).toBeGreaterThan(0);
  });

  test("links to dashboards that exist and takes the time range along", () => {
    for (const [link, uid] of JSON.stringify(panel).matchAll(/\/d\/([\w-]+)[^"]*/g)) {
      expect(UIDS.has(uid), link).toBe(true);
      expect(link).toContain("${__url_time_range}");
    }
  });
});

test("every aggregate of the PostgreSQL dashboards leads on to calls, failures or a dashboard", () => {
  const aggregates = PANELS.filter(([name, { type }]) => !name.startsWith("genai-tempo") && (type === "timeseries" || type === "table"));
  const unlinked = aggregates.filter(([, panel]) => !JSON.stringify(panel).includes("/d/")).map(([name]) => name);
  expect(unlinked).toEqual([...UNLINKED]);
});

test("TraceQL sums only spans that have the attribute: without it a whole interval's sum vanishes", () => {
  const queries = [...JSON.stringify([...PANELS, TEMPO_ALERT_RULES]).matchAll(/\{[^{}]*\} \| sum_over_time\(([\w.]+)\)/g)];
  expect(queries.length).toBeGreaterThan(5);
  for (const [query, attribute] of queries) expect(query).toContain(`${attribute} != nil`);
});

/** Ends of the road, and sums over everything that is selected. */
const UNLINKED = [
  "genai-calls: Calls per minute by status",
  "genai-trace: The trace",
  "genai-trace: Model calls in order",
  "genai-trace: Requests on the wire",
  "genai-pipeline: Refused per minute by reason",
  "genai-pipeline: Spool",
  "genai-pipeline: How long answers and writes take",
  "genai-pipeline: Spans per batch",
  "genai-pipeline: Gateway processes",
  "genai-pipeline: Tables",
] as const;

test.each([
  ["best success rate", "genai-provider-comparison", "Providers and models"],
  ["most cost-effective", "genai-provider-comparison", "Providers and models"],
  ["cache hit rate", "genai-cost-and-caching", "Cache hit rate"],
  ["most common error", "genai-error-patterns", "Most common error"],
  ["rate limits by provider", "genai-error-patterns", "Rate limits by provider"],
  ["retry rate", "genai-retries", "Retry rate"],
  ["savings", "genai-cost-and-caching", "Net savings"],
  ["all seven", "genai-overview", "Seven questions"],
])("%s is answered within one screen of %s", (_, uid, title) => {
  const panel = panelsOf(DASHBOARDS.find((each) => each.uid === uid)!).find((each) => each.title === title);
  expect(panel!.gridPos!.y + panel!.gridPos!.h).toBeLessThanOrEqual(SCREEN_ROWS);
});
