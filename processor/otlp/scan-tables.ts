import { AttributeMarks } from "./attribute-marks.ts";
import { NumberList } from "./number-list.ts";
import { RegionTable } from "./region-table.ts";

/** Where a scan notes what it finds. */
export interface ScanTables {
  readonly regions: RegionTable;
  readonly marks: AttributeMarks;
  readonly numbers: NumberList;
}

/** As many requests as wait for the database at one time; where only bytes are forwarded, scans do not overlap. */
const SPARE_MAX = 32;
/** Larger ones are left to the garbage collector: one huge request must not hold its memory for ever. */
const SPARE_MARKS_BYTES_MAX = 256 * 1024;

/** Tables that were given back. New ones would be 30 KB of zeros for every request. */
const spare: ScanTables[] = [];

export function takeTables(bodyBytes: number): ScanTables {
  const tables = spare.pop();
  if (tables === undefined) return { regions: new RegionTable(), marks: new AttributeMarks(bodyBytes), numbers: new NumberList() };
  tables.regions.count = 0;
  tables.marks.count = 0;
  tables.numbers.length = 0;
  return tables;
}

/** When nothing of the scan is looked at any more, its spans least of all. */
export function giveTables({ regions, marks, numbers }: ScanTables): void {
  if (spare.length < SPARE_MAX && marks.sizeBytes <= SPARE_MARKS_BYTES_MAX) spare.push({ regions, marks, numbers });
}
