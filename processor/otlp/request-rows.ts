import type { BufferPool } from "../buffer-pool.ts";
import type { EnrichmentTemplate } from "../core/enrichment-template.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { MESSAGE_COLUMN, MESSAGE_STRIDE, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import type { EncodedRows } from "../sinks/encoded-rows.ts";
import { RowsWriter } from "../sinks/rows-writer.ts";
import { ColumnRows, type RowColumns } from "./column-rows.ts";
import { findingAt, LazySpan, type ScanFindings } from "./lazy-span.ts";
import type { RequestScan } from "./request-scan.ts";
import { createRowHeads, type SpanPlace } from "./row-heads.ts";
import { SCAN_KEYS } from "./scan-keys.ts";
import { scanSpansAt, type UnreadSpans } from "./scan-unread.ts";
import { ScannedSpan } from "./scanned-span.ts";
import { enrichmentOf } from "./span-template.ts";
import { WireReader } from "./wire-reader.ts";

/** A request of columns with its bytes. */
export interface RowRequest extends RowColumns {
  readonly body: Uint8Array;
  /** null: none was read by itself. */
  readonly unread: UnreadSpans | null;
}

/** Of the spans that were read by themselves, by their index there. */
export type ReadFindings = ScanFindings;

/** Rows of a request, and what was found of its spans for as long as they may be wanted in another form. */
export interface ColumnRecord {
  readonly rows: EncodedRows;
  /** By span less the refused ones, as `enrichBatch` would say it. */
  readonly enrichments: () => (Enrichment | null)[];
}

/** A span whose row takes more than what is known of its shape. */
interface OddSpan {
  readonly place: number;
  readonly enrichment: Enrichment | null;
  readonly unclaimed: boolean;
}

/** Makes the rows of requests, of one after another. */
export class RequestRows {
  private readonly writer = new RowsWriter(createRowHeads());
  private readonly columnRows = new ColumnRows(this.writer);

  /** Of a request that was scanned, all of it. */
  ofScan(scan: RequestScan, found: ScanFindings, pool: BufferPool | undefined): EncodedRows {
    this.writer.begin({ reader: scan.reader, keys: SCAN_KEYS, captureContent: found.captureContent });
    for (const [index, span] of scan.spans.entries()) this.addScanned(scan, new LazySpan(scan, span, findingAt(found, index)));
    return this.writer.end(pool);
  }

  /** Of a request whose spans were recognised, or read by themselves. */
  ofColumns(request: RowRequest, found: ReadFindings, pool: BufferPool | undefined): ColumnRecord {
    const { columns, findings, body, unread } = request;
    this.writer.begin({ reader: new WireReader(body), keys: SCAN_KEYS, captureContent: found.captureContent });
    const odd = this.columnRows.add(request).map((place): OddSpan => ({ place, enrichment: foundAt(request, place), unclaimed: false }));
    if (unread !== null) this.addUnread(columns, unread, found, odd);
    if (odd.length > 0) this.addOdd(request, odd, found.captureContent);
    const rows = this.writer.end(pool, this.columnRows.takeValues());
    const kept = { templates: findings.templates.slice(0, columns.spanCount), values: rows.values };
    const read = { places: unread?.places ?? [], rejected: unread?.rejected ?? [], enrichments: found.enrichments };
    return { rows, enrichments: () => enrichmentsOf(kept, read) };
  }

  private addScanned({ regions }: RequestScan, enriched: LazySpan): void {
    const { region } = enriched.span;
    this.writer.add(enriched, { start: regions.start(region), end: regions.end(region) });
  }

  private addUnread(columns: SpanColumns, { spans, places, scan }: UnreadSpans, found: ReadFindings, odd: OddSpan[]): void {
    for (let index = 0; index < places.length; index++) {
      const span = spans[index];
      const finding = findingAt(found, index);
      if (scan !== null && span instanceof ScannedSpan) {
        this.addScanned(scan, new LazySpan(scan, span, finding));
        continue;
      }
      const place = places[index] ?? 0;
      const { enrichment, unclaimed } = finding;
      // All that a row has of a span but its head is part of its shape; who holds one wants all of it.
      if (span === undefined || unclaimed || !this.writer.addByHead(span, enrichment, placeOf(columns, place)))
        odd.push({ place, enrichment, unclaimed });
    }
  }

  private addOdd({ body, columns }: RowRequest, odd: readonly OddSpan[], captureContent: boolean): void {
    const inOrder = odd.toSorted((a, b) => a.place - b.place);
    const scan = scanSpansAt(
      body,
      columns,
      inOrder.map(({ place }) => place),
    );
    for (const [index, { enrichment, unclaimed }] of inOrder.entries()) {
      const span = scan.spans[index];
      if (span !== undefined) this.addScanned(scan, new LazySpan(scan, span, { enrichment, unclaimed, captureContent }));
    }
  }
}

function placeOf({ spans, messages }: SpanColumns, span: number): SpanPlace {
  const at = (spans[span * SPAN_STRIDE + SPAN_COLUMN.message] ?? 0) * MESSAGE_STRIDE;
  return { start: messages[at + MESSAGE_COLUMN.start] ?? 0, end: messages[at + MESSAGE_COLUMN.end] ?? 0 };
}

function foundAt({ findings }: RowColumns, place: number): Enrichment | null {
  const template = findings.templates[place] ?? null;
  return template === null ? null : enrichmentOf(template, findings.values, findings.firstValue[place] ?? 0);
}

interface KeptFindings {
  readonly templates: readonly (EnrichmentTemplate | null)[];
  /** Of the templates, one span after another. */
  readonly values: Float64Array;
}

type ReadPlaces = Pick<UnreadSpans, "places" | "rejected"> & Pick<ReadFindings, "enrichments">;

function enrichmentsOf({ templates, values }: KeptFindings, read: ReadPlaces): (Enrichment | null)[] {
  const { places, rejected, enrichments } = read;
  let value = 0;
  const found = templates.map((template) => {
    if (template === null) return null;
    const enrichment = enrichmentOf(template, values, value);
    value += template.numberKeys.length;
    return enrichment;
  });
  for (const [index, place] of places.entries()) found[place] = enrichments[index] ?? null;
  const refused = new Set(rejected);
  return refused.size === 0 ? found : found.filter((_, index) => !refused.has(index));
}
