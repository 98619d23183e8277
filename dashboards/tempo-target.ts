import { DataqueryBuilder, MetricsQueryType, SearchTableType } from "@grafana/grafana-foundation-sdk/tempo";
import type { TraceqlQuery } from "./panel-query.ts";

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
