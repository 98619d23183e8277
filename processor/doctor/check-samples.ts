import { type Database, formatAge } from "./check-database.ts";
import type { Finding } from "./finding.ts";

interface Samples {
  /** null: no gateway ever wrote about itself. */
  readonly last: Date | null;
  readonly processes: number;
  readonly received: number;
  readonly lost: number;
  readonly spool_age_ms: number;
  readonly refused: Readonly<Record<string, number>> | null;
}

/** Each process writes a row a minute. */
const SILENCE_MS_MAX = 5 * 60_000;
const BACKLOG_MS_MAX = 10 * 60_000;

/** What the gateways that write into this database say of themselves, of the last hour. */
export async function checkSamples(database: Database, schema: string, nowMs: number): Promise<Finding[]> {
  const { rows: found } = await database.query<{ table: string | null }>("select to_regclass($1)::text as table", [
    `${schema}.gateway_samples`,
  ]);
  // A schema of before, or none: checkDatabase has said so.
  if ((found[0]?.table ?? null) === null) return [];
  const { rows } = await database.query<Samples>(samplesSql(schema), [new Date(nowMs)]);
  const samples = rows[0];
  if (samples === undefined || samples.last === null) return [];
  return [describeLast(samples.last, samples, nowMs), ...describeTrouble(samples)];
}

const samplesSql = (schema: string): string => `
with hour as (select * from ${schema}.gateway_samples where sampled_at > $1::timestamptz - interval '1 hour'),
reasons as (select r.key as reason, sum(r.value::bigint)::float8 as count from hour, jsonb_each_text(refused_by_reason) r group by 1)
select (select max(sampled_at) from ${schema}.gateway_samples) as last,
  count(distinct instance) filter (where sampled_at > $1::timestamptz - interval '5 minutes')::integer as processes,
  coalesce(sum(received_spans), 0)::float8 as received, coalesce(sum(lost_spans), 0)::float8 as lost,
  coalesce(max(spool_age_ms) filter (where sampled_at > $1::timestamptz - interval '2 minutes'), 0) as spool_age_ms,
  (select json_object_agg(reason, count order by count desc) from reasons) as refused
from hour`;

function describeLast(last: Date, { processes, received }: Samples, nowMs: number): Finding {
  const ageMs = nowMs - last.getTime();
  if (ageMs > SILENCE_MS_MAX) {
    return {
      station: "database",
      verdict: "warning",
      what: `no gateway has written here for ${formatAge(ageMs)}, and each writes about itself once a minute`,
      next: "start it, or look in its log for why it cannot reach this database",
    };
  }
  const who = processes === 1 ? "one gateway process writes" : `${processes} gateway processes write`;
  return { station: "database", verdict: "ok", what: `${who} here: ${received} spans received within the hour` };
}

function describeTrouble({ refused, lost, spool_age_ms: backlogMs }: Samples): Finding[] {
  const findings: Finding[] = [];
  if (refused !== null) {
    const reasons = Object.entries(refused).map(([reason, count]) => `${reason} ${count}`);
    findings.push({
      station: "database",
      verdict: "warning",
      what: `gateways refused requests or spans within the hour: ${reasons.join(", ")}`,
      next: "docs/runbooks.md, “genai-gateway-refusals”, says what each reason means",
    });
  }
  if (lost > 0) {
    findings.push({
      station: "database",
      verdict: "warning",
      what: `${lost} spans were accepted within the hour and then refused by PostgreSQL or the OTLP backend`,
      next: "the gateway's log says which and why",
    });
  }
  if (backlogMs > BACKLOG_MS_MAX) {
    findings.push({
      station: "database",
      verdict: "warning",
      what: `spans have been waiting in a gateway's spool for ${formatAge(backlogMs)}`,
      next: "its /readyz names the sink that is away",
    });
  }
  return findings;
}
