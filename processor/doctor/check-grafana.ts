import type { Finding } from "./finding.ts";

const ANSWER_MS_MAX = 5000;

export interface GrafanaAccess {
  readonly url: string;
  /** Service account token, or null to try without. */
  readonly token: string | null;
}

interface SearchHit {
  readonly uid: string;
  readonly title: string;
  readonly tags?: readonly string[];
}

interface DataSource {
  readonly uid: string;
  readonly type: string;
  readonly name: string;
}

/** Does Grafana answer, has it our data source, dashboards and rules, and does the data source reach the database? */
export async function checkGrafana(grafana: GrafanaAccess): Promise<Finding[]> {
  const health = await ask<{ version?: string }>(grafana, "/api/health");
  if (!health.ok) {
    return [
      problem(`no Grafana answers at ${grafana.url} (${health.reason})`, "`docker compose up`, or say where it is with --grafana URL"),
    ];
  }
  const findings: Finding[] = [{ station: "grafana", verdict: "ok", what: `Grafana ${health.value.version ?? ""} at ${grafana.url}` }];
  const search = await ask<SearchHit[]>(grafana, "/api/search?type=dash-db&tag=genai-otel&limit=100");
  if (!search.ok) {
    return [
      ...findings,
      {
        station: "grafana",
        verdict: "unchecked",
        what: `its dashboards could not be listed (${search.reason})`,
        next: "pass a service account token with --grafana-token",
      },
    ];
  }
  findings.push(
    search.value.length > 0
      ? { station: "grafana", verdict: "ok", what: `${search.value.length} genai-otel dashboards` }
      : problem("no genai-otel dashboard is provisioned", "copy provisioning/grafana into Grafana's provisioning folder and restart it"),
  );
  return [...findings, ...(await checkDataSources(grafana)), await checkRules(grafana)];
}

async function checkDataSources(grafana: GrafanaAccess): Promise<Finding[]> {
  const sources = await ask<DataSource[]>(grafana, "/api/datasources");
  if (!sources.ok) return [{ station: "grafana", verdict: "unchecked", what: `its data sources could not be listed (${sources.reason})` }];
  const ours = sources.value.filter(({ type }) => type === "grafana-postgresql-datasource" || type === "postgres" || type === "tempo");
  if (ours.length === 0) return [problem("it has no PostgreSQL or Tempo data source", "provisioning/grafana/datasources shows one")];
  return Promise.all(ours.map((source) => checkDataSource(grafana, source)));
}

async function checkDataSource(grafana: GrafanaAccess, { uid, name }: DataSource): Promise<Finding> {
  const answer = await ask<{ status?: string; message?: string }>(grafana, `/api/datasources/uid/${encodeURIComponent(uid)}/health`);
  if (answer.ok && answer.value.status === "OK") return { station: "grafana", verdict: "ok", what: `data source ${name} works` };
  return problem(
    `data source ${name} does not work: ${answer.ok ? (answer.value.message ?? "") : answer.reason}`,
    "check its address, user and password",
  );
}

interface RuleList {
  readonly data?: {
    readonly groups?: readonly {
      readonly rules?: readonly { readonly name: string; readonly health?: string; readonly state?: string }[];
    }[];
  };
}

async function checkRules(grafana: GrafanaAccess): Promise<Finding> {
  const list = await ask<RuleList>(grafana, "/api/prometheus/grafana/api/v1/rules");
  if (!list.ok) return { station: "grafana", verdict: "unchecked", what: `its alert rules could not be listed (${list.reason})` };
  const rules = (list.value.data?.groups ?? []).flatMap((group) => group.rules ?? []);
  const broken = rules.filter(({ health }) => health === "error");
  if (rules.length === 0) return problem("no alert rule is provisioned", "copy provisioning/grafana/alerting and restart Grafana");
  if (broken.length > 0)
    return problem(`alert rules that fail: ${broken.map(({ name }) => name).join(", ")}`, "open them in Grafana: the error is shown there");
  const firing = rules.filter(({ state }) => state === "firing");
  return { station: "grafana", verdict: "ok", what: `${rules.length} alert rules, ${firing.length} firing` };
}

const problem = (what: string, next: string): Finding => ({ station: "grafana", verdict: "problem", what, next });

type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

async function ask<T>(grafana: GrafanaAccess, path: string): Promise<Answer<T>> {
  try {
    const headers =
      grafana.token === null ? {} : { authorization: grafana.token.includes(":") ? basic(grafana.token) : `Bearer ${grafana.token}` };
    const response = await fetch(new URL(path, grafana.url), { headers, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    if (!response.ok) return { ok: false, reason: `HTTP ${response.status}` };
    return { ok: true, value: (await response.json()) as T };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { ok: false, reason: cause instanceof Error ? cause.message || cause.name : String(cause) };
  }
}

const basic = (userAndPassword: string): string => `Basic ${Buffer.from(userAndPassword).toString("base64")}`;
