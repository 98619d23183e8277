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

/** The same as `readAttributeColumns` reads off decoded attributes, without decoding the others: most spans have none or one. */
export function readMarkedColumns(scan: RequestScan, span: ScannedSpan): AttributeColumns {
  const { marks } = scan;
  let found: Found | null = null;
  for (let index = span.firstMark; index < span.endMark; index += 1) {
    const key = marks.key(index)?.column ?? null;
    if (key !== null) (found ??= new Found()).add(key, readValue(scan, index));
  }
  return found === null ? NO_COLUMNS : found.columns();
}

function readValue({ marks, reader }: RequestScan, index: number): AttributeValue | undefined {
  const start = marks.valueStart(index);
  if (start < 0) return undefined;
  reader.position = start;
  return readAnyValue(reader, marks.valueEnd(index), 0);
}

/** The value of the key that goes before all others of its column. A key that comes twice has its last value. */
class Found {
  private readonly values: (string | number | null)[] = [null, null, null, null, null];
  private readonly ranks = [Infinity, Infinity, Infinity, Infinity, Infinity];

  add({ column, rank }: ColumnKey, value: AttributeValue | undefined): void {
    const best = this.ranks[column] ?? Infinity;
    if (rank > best) return;
    const read = column === HTTP_STATUS ? httpStatusOf(value) : label(value);
    if (read === null) return;
    this.ranks[column] = rank;
    this.values[column] = read;
  }

  columns(): AttributeColumns {
    return {
      userId: this.text(USER_ID),
      conversationId: this.text(CONVERSATION_ID),
      agentName: this.text(AGENT_NAME),
      toolName: this.text(TOOL_NAME),
      httpStatus: Number(this.values[HTTP_STATUS] ?? 0) || null,
    };
  }

  private text(column: number): string | null {
    const value = this.values[column];
    return typeof value === "string" ? value : null;
  }
}
