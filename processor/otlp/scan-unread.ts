import { ColumnSpan } from "../core/quiet-span.ts";
import { SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import type { Span } from "../core/span.ts";
import type { RequestScan, SpanOrigin } from "./request-scan.ts";
import { beginScan, readScopeOf, type ScanUses, scanSpanOrReject } from "./scan-request.ts";
import { SCAN_KEYS } from "./scan-keys.ts";

/** Spans of a request of columns that are enriched one by one, in their order. */
export interface UnreadSpans {
  readonly spans: readonly Span[];
  /** By index in `spans`: which span of the columns it is. */
  readonly places: readonly number[];
  /** The columns' spans that are refused. */
  readonly rejected: readonly number[];
  /**
   * Of those that were scanned: as a scan of the whole request, with the columns' messages as its regions, but for the
   * spans that are not here. null: none was.
   */
  readonly scan: RequestScan | null;
}

/**
 * Those spans of the columns' request, `indexes` in their order: what was recognised and has no texts of its own as it is in the
 * columns, the others scanned.
 */
export function scanUnread(columns: SpanColumns, indexes: readonly number[], scanner: SpanScanner): UnreadSpans {
  const spans: Span[] = [];
  const places: number[] = [];
  const rejected: number[] = [];
  let last: ColumnSpan | null = null;
  let lastTrace = -1;
  for (const index of indexes) {
    const at = index * SPAN_STRIDE;
    if ((columns.spans[at + SPAN_COLUMN.shape] ?? -1) >= 0 && columns.spans[at + SPAN_COLUMN.ownTexts] !== 1) {
      const trace = columns.spans[at + SPAN_COLUMN.trace] ?? 0;
      last = new ColumnSpan(columns, index, trace === lastTrace ? last : null);
      lastTrace = trace;
      spans.push(last);
    } else {
      const span = scanner.read(index);
      if (span === null) {
        rejected.push(index);
        continue;
      }
      spans.push(span);
    }
    places.push(index);
  }
  return { spans, places, rejected, scan: scanner.begun };
}

/** Those spans of the columns' request as they are scanned; one that is refused is left out. */
export function scanSpansAt(body: Uint8Array, columns: SpanColumns, indexes: readonly number[]): RequestScan {
  const scanner = new SpanScanner(body, columns, {});
  for (const index of indexes) scanner.read(index);
  return scanner.scan;
}

const NOWHERE: SpanOrigin = { scope: { name: "", version: "" }, resource: {} };

/** Scans spans of a columns' request one by one. */
export class SpanScanner {
  /** null until there is one to be scanned. */
  begun: RequestScan | null = null;
  private readonly body: Uint8Array;
  private readonly columns: SpanColumns;
  private readonly uses: ScanUses;
  /** Of the span that was scanned last, and the ScopeSpans that it was of. */
  private origin = NOWHERE;
  private scope = -1;

  constructor(body: Uint8Array, columns: SpanColumns, uses: ScanUses) {
    this.body = body;
    this.columns = columns;
    this.uses = uses;
  }

  get scan(): RequestScan {
    return (this.begun ??= this.begin());
  }

  /** null: it is refused. */
  read(index: number): Span | null {
    const { scan, columns } = this;
    const { reader, regions, spans } = scan;
    const at = index * SPAN_STRIDE;
    const region = columns.spans[at + SPAN_COLUMN.message] ?? 0;
    const parent = regions.parent(region);
    if (parent !== this.scope) {
      const resource = columns.resources[columns.spans[at + SPAN_COLUMN.resource] ?? 0] ?? NOWHERE.resource;
      this.origin = { scope: readScopeOf(scan, parent), resource };
      this.scope = parent;
    }
    reader.position = regions.start(region);
    return scanSpanOrReject(scan, region, regions.end(region), this.origin) ? (spans.at(-1) ?? null) : null;
  }

  private begin(): RequestScan {
    const scan = beginScan(this.body, SCAN_KEYS, this.uses);
    scan.regions.fill(this.columns.messages, this.columns.messageCount);
    return scan;
  }
}
