import { stringify } from "yaml";
import { ALERT_RULES, type AlertRule } from "./alerts.ts";
import { DASHBOARD_UIDS } from "./links.ts";
import { runbookPanelId } from "./runbooks.ts";
import { withoutExemplars } from "./tempo-target.ts";
import { TEMPO_ALERT_RULES, type TempoAlertRule } from "./tempo-alerts.ts";
import { POSTGRES_UID, TEMPO_UID } from "./variables.ts";

/** Name of the contact point in provisioning/grafana/alerting/contact-point.yaml. */
export const CONTACT_POINT = "GenAI";
/** The folders of the dashboards; Grafana finds or makes them by title. */
export const FOLDERS = { postgres: "GenAI", tempo: "GenAI on Tempo" } as const;
/** Marks the rules of this project for the alert list on the overview. */
const TEAM = "genai";
const HEADER = "# Written by `npm run dashboards` from dashboards/alerts.ts, tempo-alerts.ts and alert-settings.ts: edit those.\n";

/** Files below provisioning/grafana/alerting. */
export function alertFiles(): Map<string, string> {
  return new Map([
    [
      "alerting/postgres-rules.yaml",
      ruleFile(
        FOLDERS.postgres,
        ALERT_RULES.map((rule) => [rule, sqlData(rule)] as const),
      ),
    ],
    [
      "alerting/tempo-rules.yaml",
      ruleFile(
        FOLDERS.tempo,
        TEMPO_ALERT_RULES.map((rule) => [rule, tempoData(rule)] as const),
      ),
    ],
  ]);
}

type CommonRule = Omit<AlertRule, "query">;

/** Rules that are evaluated equally often share a group. */
function ruleFile(folder: string, rules: readonly (readonly [CommonRule, readonly object[]])[]): string {
  const intervals = [...new Set(rules.map(([rule]) => rule.evaluateMinutes))].toSorted((a, b) => a - b);
  const groups = intervals.map((minutes) => ({
    orgId: 1,
    name: `${folder} every ${minutes} m`,
    folder,
    interval: `${minutes}m`,
    rules: rules.filter(([rule]) => rule.evaluateMinutes === minutes).map(([rule, data]) => ruleOf(rule, data)),
  }));
  return HEADER + stringify({ apiVersion: 1, groups }, { lineWidth: 0 });
}

function ruleOf(rule: CommonRule, data: readonly object[]) {
  return {
    uid: rule.uid,
    title: rule.title,
    condition: "C",
    data,
    for: `${rule.forMinutes}m`,
    keepFiringFor: `${rule.keepFiringMinutes}m`,
    // A quiet night is no incident: silence has a rule of its own. A query that breaks must be seen.
    noDataState: "OK",
    execErrState: "Error",
    labels: { severity: rule.severity, team: TEAM },
    annotations: {
      summary: rule.summary,
      description: rule.description,
      __dashboardUid__: DASHBOARD_UIDS[rule.panel.dashboard],
      __panelId__: String(rule.panel.id),
      // docs/runbooks.md#uid, shown by this same Grafana.
      runbook_url: `{{ externalURL }}d/${DASHBOARD_UIDS.runbooks}?viewPanel=panel-${runbookPanelId(rule.uid)}#${rule.uid}`,
    },
    isPaused: false,
    notification_settings: { receiver: CONTACT_POINT, group_by: ["alertname", "grafana_folder", "environment"] },
  };
}

function sqlData(rule: AlertRule): object[] {
  const model = { refId: "A", editorMode: "code", format: "table", rawQuery: true, rawSql: rule.query.text };
  return [{ ...query("A", POSTGRES_UID, rule.windowMinutes), model }, threshold("C", "A", rule.fires)];
}

/** Range queries, summed here: Tempo 3.0's instant sum_over_time answers with the last interval's sum only. */
function tempoData(rule: TempoAlertRule): object[] {
  const queries = Object.entries(rule.queries).flatMap(([refId, text]) => {
    const range = query(`${refId}0`, TEMPO_UID, rule.windowMinutes);
    const model = {
      refId: `${refId}0`,
      query: withoutExemplars(text),
      queryType: "traceql",
      metricsQueryType: "range",
      tableType: "traces",
      limit: 20,
      filters: [],
    };
    return [
      { ...range, model },
      expression(refId, { type: "reduce", expression: `${refId}0`, reducer: "sum", settings: { mode: "dropNN" } }),
    ];
  });
  const { math } = rule;
  const value = math === undefined ? "A" : "M";
  const own = math === undefined ? [] : [expression("M", { type: "math", expression: math })];
  return [...queries, ...own, threshold("C", value, rule.fires)];
}

function query(refId: string, datasourceUid: string, windowMinutes: number) {
  return { refId, datasourceUid, relativeTimeRange: { from: windowMinutes * 60, to: 0 } };
}

function threshold(refId: string, of: string, fires: AlertRule["fires"]) {
  const evaluator = { type: fires.when === "above" ? "gt" : "lt", params: [fires.value] };
  return expression(refId, { type: "threshold", expression: of, conditions: [{ evaluator }] });
}

function expression(refId: string, model: object) {
  return { refId, datasourceUid: "__expr__", model: { refId, ...model } };
}
