import type { CallKind } from "../storage/call-kinds.ts";
import type { EnrichedSpan } from "./sink.ts";

/** Numbers in `EncodedRows.facts` for each row, and what each of them is. */
export const FACT_STRIDE = 4;
export const FACT = {
  /** Where it ends in `bytes`; it begins where the one before ends. */
  end: 0,
  /** Where its field trace_id begins in `bytes`, behind which is span_id. */
  ids: 1,
  /** One of TABLE. */
  table: 2,
  /** Its place among the rows' calls, -1 for a row that is not counted. */
  call: 3,
} as const;

/** The order of the tables is everywhere the same. */
export const TABLE = { traces: 0, spans: 1 } as const;

/**
 * The spans of a request as COPY takes them, and what has to be known of each row without reading it. Bytes and tables are
 * one piece of memory, which goes back to where it came from with the batch.
 */
export interface EncodedRows {
  readonly count: number;
  /** One row after another (PostgreSQL manual, COPY, Binary Format, Tuples). */
  readonly bytes: Buffer;
  readonly facts: Int32Array;
  /** By row: created_at, microseconds since 1970. */
  readonly micros: Float64Array;
  /** By call: what it is counted as, what it adds (CALL_STRIDE numbers each), and who asked. */
  readonly kinds: readonly CallKind[];
  readonly numbers: Float64Array;
  readonly users: readonly (string | null)[];
  /** What whoever made them wants to keep beside them. */
  readonly values: Float64Array;
  /** Of all spans, those that may be calls of their own: held_requests remembers them, whether or not the plain row is wanted. */
  readonly held: readonly EnrichedSpan[];
  /** What all of it stands in. */
  readonly memory: Uint8Array;
}

const LENGTH_BYTES = 4;

export const rowStart = ({ facts }: EncodedRows, row: number): number => (row === 0 ? 0 : (facts[(row - 1) * FACT_STRIDE + FACT.end] ?? 0));

export const rowEnd = ({ facts }: EncodedRows, row: number): number => facts[row * FACT_STRIDE + FACT.end] ?? 0;

export const tableOf = ({ facts }: EncodedRows, row: number): number => facts[row * FACT_STRIDE + FACT.table] ?? 0;

export const callOf = ({ facts }: EncodedRows, row: number): number => facts[row * FACT_STRIDE + FACT.call] ?? -1;

export function traceIdOf({ bytes, facts }: EncodedRows, row: number): string {
  return fieldText(bytes, facts[row * FACT_STRIDE + FACT.ids] ?? 0);
}

export function spanIdOf({ bytes, facts }: EncodedRows, row: number): string {
  const traceId = facts[row * FACT_STRIDE + FACT.ids] ?? 0;
  return fieldText(bytes, traceId + LENGTH_BYTES + bytes.readInt32BE(traceId));
}

/** Ids are text of ASCII. */
function fieldText(bytes: Buffer, at: number): string {
  const start = at + LENGTH_BYTES;
  return bytes.toString("utf8", start, start + bytes.readInt32BE(at));
}

/** What the unique index of a table is over. */
export const keyTextOf = (rows: EncodedRows, row: number): string => `${rows.micros[row]} ${spanIdOf(rows, row)} ${traceIdOf(rows, row)}`;

/** The order of the index, of rows that began at the same time. */
export function compareIds(a: EncodedRows, rowA: number, b: EncodedRows, rowB: number): number {
  return compareText(spanIdOf(a, rowA), spanIdOf(b, rowB)) || compareText(traceIdOf(a, rowA), traceIdOf(b, rowB));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
