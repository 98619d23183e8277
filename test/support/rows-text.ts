import { callOf, type EncodedRows, rowEnd, rowStart, spanIdOf, tableOf, traceIdOf } from "../../processor/sinks/encoded-rows.ts";
import { CALL_STRIDE } from "../../processor/storage/call-sums.ts";

/** Rows one by one, in an order of their own: which was written first is no part of what is stored. */
export function rowsText(parts: readonly EncodedRows[]): string[] {
  return parts.flatMap((rows) => Array.from({ length: rows.count }, (_, row) => rowText(rows, row))).toSorted();
}

function rowText(rows: EncodedRows, row: number): string {
  const call = callOf(rows, row);
  const counted =
    call < 0
      ? null
      : {
          series: rows.kinds[call]?.series,
          outcome: rows.kinds[call]?.outcome,
          user: rows.users[call],
          numbers: [...rows.numbers.subarray(call * CALL_STRIDE, (call + 1) * CALL_STRIDE)],
        };
  const fields = fieldsOf(rows.bytes.subarray(rowStart(rows, row), rowEnd(rows, row)));
  return JSON.stringify([traceIdOf(rows, row), spanIdOf(rows, row), tableOf(rows, row), rows.micros[row], fields, counted]);
}

/** PostgreSQL manual, COPY, Binary Format, Tuples. */
function fieldsOf(tuple: Buffer): (string | null)[] {
  const fields: (string | null)[] = [];
  const count = tuple.readInt16BE(0);
  let at = 2;
  for (; at < tuple.length;) {
    const length = tuple.readInt32BE(at);
    at += 4;
    fields.push(length < 0 ? null : tuple.toString("latin1", at, at + length));
    at += Math.max(0, length);
  }
  if (fields.length !== count || at !== tuple.length) throw new Error(`a row of ${count} fields has ${fields.length}`);
  return fields;
}
