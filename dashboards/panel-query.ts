/** SQL of one panel, with Grafana's macros and the dashboard's variables in it, and the columns that the panel relies on. */
export interface SqlQuery {
  readonly language: "sql";
  readonly text: string;
  /** "time_series" needs a `time` column; its text columns become labels of the series. */
  readonly format: "table" | "time_series";
  readonly columns: readonly string[];
}

/** TraceQL of one panel. "search" lists spans or traces; "range" and "instant" are TraceQL metrics. */
export interface TraceqlQuery {
  readonly language: "traceql";
  readonly text: string;
  readonly kind: "range" | "instant" | "spans" | "traces";
}

/**
 * Two TraceQL metrics and their quotient, which Grafana works out: the TraceQL of Tempo 3.0 cannot divide. A label that only
 * one of them has is left out, with a note on the panel; 1 less the share of all others would keep it, but the two answers
 * are of two moments, and what arrived in between would be taken for failures.
 */
export interface TraceqlRatio {
  readonly language: "traceql-ratio";
  readonly part: string;
  readonly whole: string;
  /** "range": at every point. "total": of the sums over the whole range. */
  readonly kind: "range" | "total";
}

export type PanelQuery = SqlQuery | TraceqlQuery | TraceqlRatio;

export function tableQuery(columns: readonly string[], text: string): SqlQuery {
  return { language: "sql", format: "table", columns, text: trimLines(text) };
}

/** Labels are the text columns; the one value column is named `value`. */
export function seriesQuery(labels: readonly string[], text: string): SqlQuery {
  return { language: "sql", format: "time_series", columns: ["time", ...labels, "value"], text: trimLines(text) };
}

/** Several value columns beside `time`, each a series of its own. */
export function wideSeriesQuery(values: readonly string[], text: string): SqlQuery {
  return { language: "sql", format: "time_series", columns: ["time", ...values], text: trimLines(text) };
}

export function traceql(kind: TraceqlQuery["kind"], text: string): TraceqlQuery {
  return { language: "traceql", kind, text: text.trim() };
}

export function traceqlRatio(kind: TraceqlRatio["kind"], part: string, whole: string): TraceqlRatio {
  return { language: "traceql-ratio", kind, part, whole };
}

function trimLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .join("\n")
    .trim();
}
