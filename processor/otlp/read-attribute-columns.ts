import type { AttributeValue } from "../core/span.ts";
import { ATTRIBUTE_COLUMN_KEYS, httpStatusOf, type AttributeColumns } from "../sinks/attribute-columns.ts";
import { label } from "../sinks/label.ts";
import { readAnyValue } from "./any-value.ts";
import type { RequestScan } from "./request-scan.ts";
import type { ScannedSpan } from "./scanned-span.ts";

/** Where a key stands: which column it is of, and how many keys of that column go before it. */
export interface ColumnKey {
  readonly column: number;
  readonly rank: number;
}

const COLUMNS = Object.keys(ATTRIBUTE_COLUMN_KEYS) as (keyof AttributeColumns)[];
const USER_ID = COLUMNS.indexOf("userId");
const CONVERSATION_ID = COLUMNS.indexOf("conversationId");
const AGENT_NAME = COLUMNS.indexOf("agentName");
const TOOL_NAME = COLUMNS.indexOf("toolName");
const HTTP_STATUS = COLUMNS.indexOf("httpStatus");

/** By attribute key. */
export const COLUMN_KEYS: ReadonlyMap<string, ColumnKey> = new Map(
  COLUMNS.flatMap((name, column) => ATTRIBUTE_COLUMN_KEYS[name].map((key, rank): [string, ColumnKey] => [key, { column, rank }])),
);

const NO_COLUMNS: AttributeColumns = { userId: null, conversationId: null, agentName: null, toolName: null, httpStatus: null };

/** By column, of the span that is being read. */
const values: (string | number | null)[] = COLUMNS.map(() => null);
const ranks = new Float64Array(COLUMNS.length);

/** The same as `readAttributeColumns` reads off decoded attributes, without decoding the others: most spans have none or one. */
export function readMarkedColumns(scan: RequestScan, span: ScannedSpan): AttributeColumns {
  const { marks } = scan;
  let found = false;
  for (let index = span.firstMark; index < span.endMark; index += 1) {
    const key = marks.key(index)?.column ?? null;
    if (key === null) continue;
    if (!found) {
      found = true;
      values.fill(null);
      ranks.fill(Infinity);
    }
    note(key, readValue(scan, index));
  }
  return found ? columnsFound() : NO_COLUMNS;
}

function readValue({ marks, reader }: RequestScan, index: number): AttributeValue | undefined {
  const start = marks.valueStart(index);
  if (start < 0) return undefined;
  reader.position = start;
  return readAnyValue(reader, marks.valueEnd(index), 0);
}

/** The key that goes before all others of its column counts. A key that comes twice has its last value. */
function note({ column, rank }: ColumnKey, value: AttributeValue | undefined): void {
  if (rank > (ranks[column] ?? 0)) return;
  const read = column === HTTP_STATUS ? httpStatusOf(value) : label(value);
  if (read === null) return;
  ranks[column] = rank;
  values[column] = read;
}

const columnsFound = (): AttributeColumns => ({
  userId: textOf(USER_ID),
  conversationId: textOf(CONVERSATION_ID),
  agentName: textOf(AGENT_NAME),
  toolName: textOf(TOOL_NAME),
  httpStatus: numberOf(HTTP_STATUS),
});

function textOf(column: number): string | null {
  const value = values[column];
  return typeof value === "string" ? value : null;
}

function numberOf(column: number): number | null {
  const value = values[column];
  return typeof value === "number" ? value : null;
}
