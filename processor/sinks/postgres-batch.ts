import { type EncodedRows, TABLE, tableOf, traceIdOf } from "./encoded-rows.ts";
import type { RowFilter } from "./merge-rows.ts";

export type SpansStored = "all" | "genai" | "none";

/** Trace ids with a GenAI span that are remembered, for spans of the same trace that come in a later batch. */
const GENAI_TRACES_MAX = 50_000;

/** Answers for a batch which of its rows are to be stored; null: all of them. */
export function createRowChoice(storeSpans: SpansStored): (parts: readonly EncodedRows[]) => RowFilter | null {
  if (storeSpans === "all") return () => null;
  if (storeSpans === "none") return () => isTrace;
  const genaiTraces = new Set<string>();
  return (parts) => {
    if (genaiTraces.size > GENAI_TRACES_MAX) genaiTraces.clear();
    for (const rows of parts) {
      for (let row = 0; row < rows.count; row++) if (isTrace(rows, row)) genaiTraces.add(traceIdOf(rows, row));
    }
    return (rows, row) => isTrace(rows, row) || genaiTraces.has(traceIdOf(rows, row));
  };
}

const isTrace: RowFilter = (rows, row) => tableOf(rows, row) === TABLE.traces;
