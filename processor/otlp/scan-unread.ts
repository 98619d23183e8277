import { SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import type { RequestScan, SpanOrigin } from "./request-scan.ts";
import { beginScan, readScopeOf, type ScanUses, scanSpanOrReject } from "./scan-request.ts";
import { SCAN_KEYS } from "./scan-keys.ts";

/** Spans of a request of columns that were scanned one by one. */
export interface UnreadSpans {
  /** As of the whole request, with the columns' messages as its regions, but for the spans that are not here. */
  readonly scan: RequestScan;
  /** By index in `scan.spans`: which span of the columns it is. */
  readonly places: readonly number[];
  /** The columns' spans that are refused. */
  readonly rejected: readonly number[];
}

/** Scans those spans of the columns' request; `indexes` are in their order. */
export function scanUnread(body: Uint8Array, columns: SpanColumns, indexes: readonly number[], uses: ScanUses): UnreadSpans {
  const scan = beginScan(body, SCAN_KEYS, uses);
  scan.regions.fill(columns.messages, columns.messageCount);
  const places: number[] = [];
  const rejected: number[] = [];
  let origin: SpanOrigin = { scope: { name: "", version: "" }, resource: {} };
  let originOf = -1;
  for (const index of indexes) {
    const region = columns.spans[index * SPAN_STRIDE + SPAN_COLUMN.message] ?? 0;
    const parent = scan.regions.parent(region);
    if (parent !== originOf) {
      const resource = columns.resources[columns.spans[index * SPAN_STRIDE + SPAN_COLUMN.resource] ?? 0] ?? {};
      origin = { scope: readScopeOf(scan, parent), resource };
      originOf = parent;
    }
    scan.reader.position = scan.regions.start(region);
    (scanSpanOrReject(scan, region, scan.regions.end(region), origin) ? places : rejected).push(index);
  }
  return { scan, places, rejected };
}
