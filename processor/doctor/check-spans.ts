import type { Database } from "./check-database.ts";
import type { Finding } from "./finding.ts";

/** Rows of one check that are listed by name; the rest is counted. */
const NAMES_MAX = 3;

/** A question to the last day of calls whose rows are a problem each: `share` of `calls`, with a name. */
interface SpanCheck {
  readonly station: "spans" | "prices";
  readonly sql: (schema: string) => string;
  /** Shares below this are the noise of ordinary operation. */
  readonly shareMin: number;
  readonly fine: string;
  readonly what: (names: string, percent: string) => string;
  readonly next: string;
}

interface Row {
  readonly name: string;
  readonly calls: number;
  readonly total: number;
}

const DAY = "bucket >= now() - interval '24 hours'";

const CHECKS: readonly SpanCheck[] = [
  {
    station: "spans",
    sql: (schema) =>
      `select coalesce(error_category, '') as name, sum(calls)::float8 as calls, (select sum(calls)::float8 from ${schema}.calls_by_hour where ${DAY} and status = 'failed') as total
       from ${schema}.calls_by_hour where ${DAY} and status = 'failed' and error_category = 'unknown' group by 1`,
    shareMin: 0.1,
    fine: "failed calls have a category",
    what: (_, percent) => `${percent} of the failed calls say too little to be categorised`,
    next: "look at error_type and error_message of these rows; `genai-otel categorize` shows which rule decided",
  },
  {
    station: "spans",
    sql: (schema) =>
      `select service_name as name, sum(calls)::float8 as calls, sum(sum(calls)) over ()::float8 as total
       from ${schema}.calls_by_hour where ${DAY} and (cost_status = 'no_usage') and status = 'completed' group by 1 order by 2 desc`,
    shareMin: 0.01,
    fine: "successful calls carry their token counts",
    what: (names) => `successful calls without token counts, so without a cost: ${names}`,
    next: "their instrumentation does not read usage (streams without include_usage, an unsupported SDK version): load genai-otel/register",
  },
  {
    station: "spans",
    sql: (schema) =>
      `select service_name as name, count(*)::float8 as calls, sum(count(*)) over ()::float8 as total
       from ${schema}.llm_traces where created_at >= now() - interval '1 hour' and llm_call
       group by 1 having count(retry_count) = 0 and count(*) >= 20 order by 2 desc`,
    shareMin: 0,
    fine: "retries can be seen",
    what: (names) => `no evidence of attempts in the last hour, so retries are invisible: ${names}`,
    next: "load genai-otel/register there, or add an HTTP client instrumentation (instrumentation-undici, -httpx)",
  },
  {
    station: "prices",
    sql: (schema) =>
      `select model_provider || ' ' || model as name, sum(calls)::float8 as calls, (select sum(calls)::float8 from ${schema}.calls_by_hour where ${DAY}) as total
       from ${schema}.calls_by_hour where ${DAY} and cost_status in ('unknown_model', 'unknown_provider', 'unknown_tier') group by 1 order by 2 desc`,
    shareMin: 0.001,
    fine: "every model that was used has a price",
    what: (names, percent) => `${percent} of the calls have no price: ${names}`,
    next: "put their prices into the file that GENAI_OTEL_PRICES names (docs/costs.md), or refresh genai-otel",
  },
  {
    station: "prices",
    sql: (schema) =>
      `select service_name as name, sum(calls)::float8 as calls, (select sum(calls)::float8 from ${schema}.calls_by_hour where ${DAY}) as total
       from ${schema}.calls_by_hour where ${DAY} and cost_status = 'ambiguous_usage' group by 1 order by 2 desc`,
    shareMin: 0.01,
    fine: "token counts are read without doubt",
    what: (names, percent) => `${percent} of the calls are priced by a guess whether input tokens include cached ones: ${names}`,
    next: "docs/costs.md, “Inclusive or exclusive”: newer versions of the instrumentation say it",
  },
];

/** What the stored calls of the last day lack. */
export async function checkSpans(database: Database, schema: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    const { rows } = await database.query<Row>(check.sql(schema));
    findings.push(describe(check, rows));
  }
  return findings;
}

function describe(check: SpanCheck, rows: readonly Row[]): Finding {
  const calls = rows.reduce((sum, row) => sum + row.calls, 0);
  const total = rows[0]?.total ?? 0;
  const share = total > 0 ? calls / total : 0;
  if (calls === 0 || share < check.shareMin) return { station: check.station, verdict: "ok", what: check.fine };
  return { station: check.station, verdict: "warning", what: check.what(nameRows(rows), formatPercent(share)), next: check.next };
}

function nameRows(rows: readonly Row[]): string {
  const named = rows.slice(0, NAMES_MAX).map(({ name, calls }) => `${name} (${calls})`);
  const rest = rows.length - named.length;
  return rest > 0 ? `${named.join(", ")} and ${rest} more` : named.join(", ");
}

function formatPercent(share: number): string {
  return share < 0.01 ? "under 1 %" : `${Math.round(share * 100)} %`;
}
