import { createRollupDelta, type GrowingDelta } from "../storage/rollup-delta.ts";
import { COPY_HEADER, COPY_TRAILER } from "./copy-buffer.ts";
import type { CopyMemory } from "./copy-memory.ts";
import { COPY_DATA_HEAD_BYTES, COPY_DONE, writeCopyDataHead } from "./copy-query.ts";
import { callOf, compareIds, type EncodedRows, keyTextOf, rowEnd, rowStart, TABLE, tableOf } from "./encoded-rows.ts";
import type { EnrichedSpan } from "./sink.ts";
import { sortByNumber } from "./sort-by-number.ts";

/** Rows of many requests as one batch. */
export interface MergedRows {
  /** In the order of TABLE. */
  readonly tables: readonly MergedTable[];
  /** Rows that another of the batch is the same as. */
  readonly repeated: number;
  readonly delta: GrowingDelta;
  readonly held: readonly EnrichedSpan[];
}

export interface MergedTable {
  readonly count: number;
  /** As the messages of a COPY, in the order of the table's key; without rows it is empty. */
  readonly messages: Buffer;
  /** Times of the rows, microseconds since 1970, one for each day at least. */
  readonly days: readonly number[];
  /** By key text: what a row adds to a delta. Made when it is asked for. */
  readonly rowsByKey: () => Map<string, (delta: GrowingDelta) => void>;
}

/** Which rows are wanted. */
export type RowFilter = (rows: EncodedRows, row: number) => boolean;

const DAY_MICROS = 86_400_000_000;

/** Rows of all parts, each by a number: that of the first row of its part, and on from there. */
interface Numbered {
  readonly parts: readonly EncodedRows[];
  /** By part. */
  readonly firsts: readonly number[];
  /** By number: the part. */
  readonly partOf: Uint32Array;
}

/**
 * Sorted, because two batches with the same rows in different order would wait for each other in a circle. Of rows with one
 * key the first counts. The streams are in `memory`.
 */
export function mergeRows(parts: readonly EncodedRows[], filter: RowFilter | null, memory: CopyMemory): MergedRows {
  const numbered = numberRows(parts);
  const delta = createRollupDelta();
  const picked = pickRows(numbered, filter);
  const orders = picked.map((numbers) => distinct(numbered, sortRows(numbered, numbers)));
  const tables = orders.map((order) => tableOfRows(numbered, order, memory));
  for (const number of orders[TABLE.traces] ?? []) addToDelta(numbered, number, delta);
  const kept = tables.reduce((sum, { count }) => sum + count, 0);
  return {
    tables,
    repeated: picked.reduce((sum, { length }) => sum + length, 0) - kept,
    delta,
    held: parts.flatMap(({ held }) => held),
  };
}

function numberRows(parts: readonly EncodedRows[]): Numbered {
  const firsts: number[] = [];
  let count = 0;
  for (const part of parts) {
    firsts.push(count);
    count += part.count;
  }
  const partOf = new Uint32Array(count);
  for (let part = 1; part < parts.length; part++) partOf.fill(part, firsts[part], (firsts[part] ?? 0) + (parts[part]?.count ?? 0));
  return { parts, firsts, partOf };
}

/** By table. */
function pickRows({ parts, firsts, partOf }: Numbered, filter: RowFilter | null): Uint32Array[] {
  const picked = [new Uint32Array(partOf.length), new Uint32Array(partOf.length)];
  const counts = [0, 0];
  for (const [part, rows] of parts.entries()) {
    const first = firsts[part] ?? 0;
    for (let row = 0; row < rows.count; row++) {
      if (filter !== null && !filter(rows, row)) continue;
      const table = tableOf(rows, row);
      const count = counts[table] ?? 0;
      (picked[table] as Uint32Array)[count] = first + row;
      counts[table] = count + 1;
    }
  }
  return picked.map((numbers, table) => numbers.subarray(0, counts[table]));
}

/** By time, then by ids. */
function sortRows(numbered: Numbered, numbers: Uint32Array): Uint32Array {
  const keys = new Float64Array(numbers.length);
  for (let index = 0; index < numbers.length; index++) keys[index] = microsOf(numbered, numbers[index] ?? 0);
  return sortTies(numbered, sortByNumber(numbers, keys));
}

const microsOf = ({ parts, firsts, partOf }: Numbered, number: number): number => {
  const part = partOf[number] ?? 0;
  return parts[part]?.micros[number - (firsts[part] ?? 0)] ?? 0;
};

/** Rows of the same time, of which there are few. */
function sortTies(numbered: Numbered, sorted: Uint32Array): Uint32Array {
  for (let start = 0; start < sorted.length;) {
    const time = microsOf(numbered, sorted[start] ?? 0);
    let end = start + 1;
    while (end < sorted.length && microsOf(numbered, sorted[end] ?? 0) === time) end++;
    if (end > start + 1) sorted.subarray(start, end).sort((a, b) => compareRows(numbered, a, b));
    start = end;
  }
  return sorted;
}

function compareRows(numbered: Numbered, a: number, b: number): number {
  const difference = microsOf(numbered, a) - microsOf(numbered, b);
  return difference === 0 ? compareKeys(numbered, a, b) || a - b : difference;
}

function compareKeys(numbered: Numbered, a: number, b: number): number {
  const [left, right] = [placeOf(numbered, a), placeOf(numbered, b)];
  return compareIds(left.rows, left.row, right.rows, right.row);
}

function placeOf({ parts, firsts, partOf }: Numbered, number: number): { readonly rows: EncodedRows; readonly row: number } {
  const part = partOf[number] ?? 0;
  const rows = parts[part];
  if (rows === undefined) throw new RangeError(`no row ${number}`);
  return { rows, row: number - (firsts[part] ?? 0) };
}

function distinct(numbered: Numbered, sorted: Uint32Array): Uint32Array {
  let kept = 0;
  for (let index = 0; index < sorted.length; index++) {
    const number = sorted[index] ?? 0;
    const before = sorted[kept - 1] ?? 0;
    const isRepeated = kept > 0 && microsOf(numbered, before) === microsOf(numbered, number) && compareKeys(numbered, before, number) === 0;
    if (!isRepeated) sorted[kept++] = number;
  }
  return sorted.subarray(0, kept);
}

function tableOfRows(numbered: Numbered, order: Uint32Array, memory: CopyMemory): MergedTable {
  return {
    count: order.length,
    messages: order.length === 0 ? NOTHING : writeMessages(numbered, order, memory),
    days: daysOf(numbered, order),
    rowsByKey: () =>
      new Map(
        Array.from(order, (number) => {
          const { rows, row } = placeOf(numbered, number);
          return [keyTextOf(rows, row), (delta: GrowingDelta): void => addToDelta(numbered, number, delta)];
        }),
      ),
  };
}

const NOTHING = Buffer.alloc(0);

function writeMessages({ parts, firsts, partOf }: Numbered, order: Uint32Array, memory: CopyMemory): Buffer {
  let bytes = COPY_HEADER.length + COPY_TRAILER.length;
  for (const number of order) {
    const part = partOf[number] ?? 0;
    const rows = parts[part] as EncodedRows;
    const row = number - (firsts[part] ?? 0);
    bytes += rowEnd(rows, row) - rowStart(rows, row);
  }
  const messages = memory.take(COPY_DATA_HEAD_BYTES + bytes + COPY_DONE.length);
  writeCopyDataHead(messages, bytes);
  messages.set(COPY_HEADER, COPY_DATA_HEAD_BYTES);
  let at = COPY_DATA_HEAD_BYTES + COPY_HEADER.length;
  for (const number of order) {
    const part = partOf[number] ?? 0;
    const rows = parts[part] as EncodedRows;
    const row = number - (firsts[part] ?? 0);
    const start = rowStart(rows, row);
    const end = rowEnd(rows, row);
    messages.set(rows.bytes.subarray(start, end), at);
    at += end - start;
  }
  messages.set(COPY_TRAILER, at);
  messages.set(COPY_DONE, at + COPY_TRAILER.length);
  return messages;
}

function daysOf(numbered: Numbered, order: Uint32Array): number[] {
  const days: number[] = [];
  let nextDay = -1;
  for (const number of order) {
    const micros = microsOf(numbered, number);
    if (micros < nextDay) continue;
    days.push(micros);
    nextDay = (Math.floor(micros / DAY_MICROS) + 1) * DAY_MICROS;
  }
  return days;
}

function addToDelta(numbered: Numbered, number: number, delta: GrowingDelta): void {
  const { rows, row } = placeOf(numbered, number);
  const call = callOf(rows, row);
  if (call >= 0) delta.add(rows, call, rows.micros[row] ?? 0);
}
