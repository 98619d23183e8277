/** What Grafana and its browser put into a query before it reaches the database. */
export interface Expansion {
  readonly fromMs: number;
  readonly toMs: number;
  /** Width of a graph's point as Grafana works it out from the range and the panel's width. */
  readonly intervalMs: number;
  /** Chosen values by variable; a variable that is left out is on "All". */
  readonly chosen?: Readonly<Record<string, readonly string[]>>;
}

/** Custom all-values of variables.ts. */
const ALL_VALUES: Readonly<Record<string, string>> = {
  environment: "environment",
  service: "service_name",
  provider: "model_provider",
  model: "model",
  operation: "operation",
  category: "error_category",
  status: "status",
};
/** Text boxes: their value stands between quotes in the query. */
const TEXTS: readonly string[] = ["trace_id", "monthly_budget", "user"];

/** A panel's SQL as PostgreSQL gets it; for tests and benchmarks, which have no Grafana. */
export function expandSql(sql: string, { fromMs, toMs, intervalMs, chosen = {} }: Expansion): string {
  const from = `'${new Date(fromMs).toISOString()}'`;
  const to = `'${new Date(toMs).toISOString()}'`;
  return sql
    .replaceAll(/\$__timeFilter\(([^)]+)\)/g, (_, column: string) => `${column} BETWEEN ${from} AND ${to}`)
    .replaceAll("$__timeFrom()", from)
    .replaceAll("$__timeTo()", to)
    .replaceAll("$__interval_ms", String(intervalMs))
    .replaceAll(/\$(\w+)/g, (whole, name: string) => {
      const values = chosen[name];
      if (TEXTS.includes(name)) return (values?.[0] ?? "").replaceAll("'", "''");
      if (values !== undefined) return values.map((value) => `'${value.replaceAll("'", "''")}'`).join(",");
      return ALL_VALUES[name] ?? whole;
    });
}
