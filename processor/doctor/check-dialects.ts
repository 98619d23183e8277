import { dialectOfMarks, dialectOfScope } from "../core/dialect.ts";
import type { Attributes } from "../core/span.ts";
import type { Database } from "./check-database.ts";
import type { Finding } from "./finding.ts";

/** Spans that are looked at: the newest ones, read by the time index. */
const SPANS_MAX = 20_000;
const NAMES_MAX = 3;

interface ScopeRow {
  readonly scope: string | null;
  readonly name: string;
  readonly attributes: Attributes;
  readonly spans: number;
}

/**
 * Do the spans come from instrumentations whose quirks somebody has looked at? Others are read by the OpenTelemetry
 * convention, which is right as long as the emitter follows it: whether its input tokens include cached ones, nobody checked.
 */
export async function checkDialects(database: Database, schema: string): Promise<Finding[]> {
  const { rows } = await database.query<ScopeRow>(
    `select scope_name as scope, (array_agg(name))[1] as name, (array_agg(attributes))[1] as attributes, count(*)::float8 as spans
     from (select scope_name, name, attributes from ${schema}.llm_traces where created_at >= now() - interval '24 hours' order by created_at desc limit ${SPANS_MAX}) newest
     group by 1 order by 4 desc`,
  );
  const total = rows.reduce((sum, { spans }) => sum + spans, 0);
  const unknown = rows.filter(({ scope, name, attributes }) => !isKnown(scope ?? "", name, attributes));
  if (total === 0) return [];
  if (unknown.length === 0) return [{ station: "spans", verdict: "ok", what: `${rows.length} instrumentation scopes, every one known` }];
  const spans = unknown.reduce((sum, row) => sum + row.spans, 0);
  const names = unknown.slice(0, NAMES_MAX).map(({ scope }) => (scope === null || scope === "" ? "(no scope name)" : scope));
  const rest = unknown.length > NAMES_MAX ? ` and ${unknown.length - NAMES_MAX} more` : "";
  return [
    {
      station: "spans",
      verdict: "warning",
      what: `${Math.ceil((100 * spans) / total)} % of your GenAI spans come from a scope I don't know: ${names.join(", ")}${rest}`,
      next: "they are read by the OpenTelemetry convention; compare a span's tokens with the provider's answer, and tell us of the scope",
    },
  ];
}

function isKnown(scope: string, name: string, attributes: Attributes): boolean {
  const dialect = dialectOfScope(scope) ?? dialectOfMarks(name, attributes);
  return dialect?.known ?? false;
}
