import { DataqueryBuilder, MetricsQueryType, SearchTableType } from "@grafana/grafana-foundation-sdk/tempo";
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { TraceqlQuery, TraceqlRatio } from "./panel-query.ts";

export const TEMPO = "tempo";
export const TEMPO_DATASOURCE = { type: TEMPO, uid: "${datasource}" };

/** Traces, or spans, that a search lists. */
const SEARCH_LIMIT = 100;
const SPANS_PER_TRACE = 3;

export function tempoTarget(query: TraceqlQuery, refId = "A"): DataqueryBuilder {
  const target = new DataqueryBuilder().refId(refId).datasource(TEMPO_DATASOURCE).queryType("traceql").query(query.text);
  switch (query.kind) {
    case "range":
      return target.metricsQueryType(MetricsQueryType.Range);
    case "instant":
      return target.metricsQueryType(MetricsQueryType.Instant);
    case "spans":
      return target.limit(SEARCH_LIMIT).spss(SPANS_PER_TRACE).tableType(SearchTableType.Spans);
    case "traces":
      return target.limit(SEARCH_LIMIT).spss(SPANS_PER_TRACE).tableType(SearchTableType.Traces);
  }
}

const EXPRESSION = { type: "__expr__", uid: "__expr__" };

/** Both metrics, hidden, and Grafana's expressions over them. */
export function tempoRatioTargets(ratio: TraceqlRatio): Builder<Dataquery>[] {
  const part = tempoTarget({ language: "traceql", kind: "range", text: withoutExemplars(ratio.part) }, "A").hide(true);
  const whole = tempoTarget({ language: "traceql", kind: "range", text: withoutExemplars(ratio.whole) }, "B").hide(true);
  if (ratio.kind === "range") return [part, whole, expressionTarget("C", { type: "math", expression: "$A / $B" })];
  return [
    part,
    whole,
    expressionTarget("D", { type: "reduce", expression: "A", reducer: "sum", settings: { mode: "dropNN" }, hide: true }),
    expressionTarget("E", { type: "reduce", expression: "B", reducer: "sum", settings: { mode: "dropNN" }, hide: true }),
    expressionTarget("C", { type: "math", expression: "$D / $E" }),
  ];
}

/** Grafana's expressions refuse the exemplars' frames ("must be a wide series but got type long"); a limit of 0 means the default. */
export function withoutExemplars(traceql: string): string {
  return `${traceql} with (exemplars=false)`;
}

function expressionTarget(refId: string, expression: object): Builder<Dataquery> {
  return { build: () => ({ refId, datasource: EXPRESSION, ...expression, _implementsDataqueryVariant: () => undefined }) };
}
