import { microsOf, type GenAiSpan } from "./postgres-row.ts";
import type { EnrichedSpan } from "./sink.ts";

/** The spans of a batch by the table that they go to, in the order of the tables' keys. */
export interface Rows {
  readonly traces: readonly GenAiSpan[];
  readonly spans: readonly EnrichedSpan[];
  /** Of all spans, those that may be calls of their own: held_requests remembers them, whether or not the plain row is wanted. */
  readonly held: readonly EnrichedSpan[];
}

export type SpansStored = "all" | "genai" | "none";

/** Trace ids with a GenAI span that are remembered, for spans of the same trace that come in a later batch. */
const GENAI_TRACES_MAX = 50_000;

export function readRows(storeSpans: SpansStored): (spans: readonly EnrichedSpan[]) => Rows {
  const genaiTraces = new Set<string>();
  return (spans) => {
    const rows: { traces: GenAiSpan[]; spans: EnrichedSpan[]; held: EnrichedSpan[] } = { traces: [], spans: [], held: [] };
    for (const enriched of spans) {
      if (isGenAi(enriched)) rows.traces.push(enriched);
      else if (storeSpans !== "none") rows.spans.push(enriched);
      if (enriched.unclaimed === true) rows.held.push(enriched);
    }
    if (storeSpans === "genai") {
      if (genaiTraces.size > GENAI_TRACES_MAX) genaiTraces.clear();
      for (const { span } of rows.traces) genaiTraces.add(span.traceId);
      rows.spans = rows.spans.filter(({ span }) => genaiTraces.has(span.traceId));
    }
    return rows;
  };
}

const isGenAi = (enriched: EnrichedSpan): enriched is GenAiSpan => enriched.enrichment !== null;

/** Sorted, because two batches with the same rows in different order would wait for each other in a circle. */
export function dedupe({ traces, spans, held }: Rows): { rows: Rows; repeated: number } {
  const rows = { traces: distinct(traces), spans: distinct(spans), held };
  return { rows, repeated: traces.length + spans.length - countRows(rows) };
}

export const countRows = ({ traces, spans }: Rows): number => traces.length + spans.length;

export function halve(rows: Rows): [Rows, Rows] {
  const middle = Math.ceil(countRows(rows) / 2);
  const traces = Math.min(middle, rows.traces.length);
  const spans = middle - traces;
  return [
    { traces: rows.traces.slice(0, traces), spans: rows.spans.slice(0, spans), held: rows.held },
    { traces: rows.traces.slice(traces), spans: rows.spans.slice(spans), held: [] },
  ];
}

/** What the unique index of a table is over. */
export const keyOf = ({ span: { startMs, traceId, spanId } }: EnrichedSpan): string => `${microsOf(startMs)} ${spanId} ${traceId}`;

function distinct<Enriched extends EnrichedSpan>(spans: readonly Enriched[]): Enriched[] {
  const micros = Float64Array.from(spans, ({ span }) => microsOf(span.startMs));
  const order = Uint32Array.from(spans, (_, index) => index).sort((a, b) => {
    const difference = (micros[a] ?? 0) - (micros[b] ?? 0);
    return difference === 0 ? compareIds(spans[a] as Enriched, spans[b] as Enriched) : difference;
  });
  const kept: Enriched[] = [];
  let before = -1;
  for (const index of order) {
    const enriched = spans[index] as Enriched;
    const isRepeated = before >= 0 && micros[before] === micros[index] && compareIds(spans[before] as Enriched, enriched) === 0;
    if (!isRepeated) kept.push(enriched);
    before = index;
  }
  return kept;
}

function compareIds({ span: a }: EnrichedSpan, { span: b }: EnrichedSpan): number {
  return compareText(a.spanId, b.spanId) || compareText(a.traceId, b.traceId);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
