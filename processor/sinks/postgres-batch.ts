import { readSpanRow, readTraceRow, type SpanRow, type TraceRow } from "./postgres-row.ts";
import type { EnrichedSpan } from "./sink.ts";

/** The rows of a batch, by table, in the order of the tables' keys. */
export interface Rows {
  readonly traces: readonly TraceRow[];
  readonly spans: readonly SpanRow[];
}

export type SpansStored = "all" | "genai" | "none";

/** Trace ids with a GenAI span that are remembered, for spans of the same trace that come in a later batch. */
const GENAI_TRACES_MAX = 50_000;

export function readRows(storeSpans: SpansStored): (spans: readonly EnrichedSpan[]) => Rows {
  const genaiTraces = new Set<string>();
  return (spans) => {
    const rows: { traces: TraceRow[]; spans: SpanRow[] } = { traces: [], spans: [] };
    for (const enriched of spans) {
      if (enriched.enrichment !== null) rows.traces.push(readTraceRow(enriched, enriched.enrichment));
      else if (storeSpans !== "none") rows.spans.push(readSpanRow(enriched));
    }
    if (storeSpans === "genai") {
      if (genaiTraces.size > GENAI_TRACES_MAX) genaiTraces.clear();
      for (const { span } of rows.traces) genaiTraces.add(span.traceId);
      rows.spans = rows.spans.filter(({ span }) => genaiTraces.has(span.traceId));
    }
    return rows;
  };
}

/** Sorted, because two batches with the same rows in different order would wait for each other in a circle. */
export function dedupe({ traces, spans }: Rows): { rows: Rows; repeated: number } {
  const rows = { traces: distinct(traces), spans: distinct(spans) };
  return { rows, repeated: traces.length + spans.length - countRows(rows) };
}

export const countRows = ({ traces, spans }: Rows): number => traces.length + spans.length;

export function halve(rows: Rows): [Rows, Rows] {
  const middle = Math.ceil(countRows(rows) / 2);
  const traces = Math.min(middle, rows.traces.length);
  const spans = middle - traces;
  return [
    { traces: rows.traces.slice(0, traces), spans: rows.spans.slice(0, spans) },
    { traces: rows.traces.slice(traces), spans: rows.spans.slice(spans) },
  ];
}

/** What the unique index of a table is over. */
export const keyOf = ({ span: { traceId, spanId }, createdAtMicros }: SpanRow): string => `${createdAtMicros} ${spanId} ${traceId}`;

function distinct<Row extends SpanRow>(rows: readonly Row[]): Row[] {
  const sorted = [...rows].sort(compareKeys);
  return sorted.filter((row, i) => i === 0 || compareKeys(row, sorted[i - 1] as Row) !== 0);
}

function compareKeys(a: SpanRow, b: SpanRow): number {
  return a.createdAtMicros - b.createdAtMicros || compareText(a.span.spanId, b.span.spanId) || compareText(a.span.traceId, b.span.traceId);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
