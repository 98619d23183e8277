import type { BufferPool } from "../buffer-pool.ts";
import type { EnrichmentTemplate } from "../core/enrichment-template.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { MESSAGE_COLUMN, MESSAGE_STRIDE, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import type { Span } from "../core/span.ts";
import type { KernelExports } from "../kernel/kernel-exports.ts";
import { openRowModule } from "../kernel/row-exports.ts";
import type { EncodedRows } from "../sinks/encoded-rows.ts";
import { RowsWriter } from "../sinks/rows-writer.ts";
import { ColumnRows, type RowColumns } from "./column-rows.ts";
import { findingAt, LazySpan, type ScanFindings, type SpanFinding } from "./lazy-span.ts";
import type { RequestScan } from "./request-scan.ts";
import { RowHeads, type SpanPlace } from "./row-heads.ts";
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

const NO_PLACES: readonly number[] = [];

/** A span whose row takes more than what is known of its shape. */
interface OddSpan {
  readonly place: number;
  readonly enrichment: Enrichment | null;
  readonly unclaimed: boolean;
}

/** Makes the rows of requests, of one after another. */
export class RequestRows {
  private readonly writer: RowsWriter;
  private readonly columnRows: ColumnRows | null;

  /** `kernel` is the one that recognises the requests; null: none is recognised. */
  constructor(kernel: KernelExports | null) {
    const heads = kernel === null ? null : new RowHeads(openRowModule(kernel));
    this.writer = new RowsWriter(heads);
    this.columnRows = heads === null ? null : new ColumnRows(this.writer, heads);
  }

  /** Of a request that was scanned, all of it. */
  ofScan(scan: RequestScan, found: ScanFindings, pool: BufferPool | undefined): EncodedRows {
    this.writer.begin({ reader: scan.reader, keys: SCAN_KEYS, captureContent: found.captureContent });
    for (const [index, span] of scan.spans.entries()) this.addScanned(scan, new LazySpan(scan, span, findingAt(found, index)));
    return this.writer.end(pool);
  }

  /** Of the request whose spans were recognised last, or read by themselves. */
  ofColumns(request: RowRequest, found: ReadFindings, pool: BufferPool | undefined): ColumnRecord {
    const { columns, findings, body, unread } = request;
    const { columnRows, writer } = this;
    if (columnRows === null) throw new RangeError("spans were recognised by another kernel");
    writer.begin({ reader: new WireReader(body), keys: SCAN_KEYS, captureContent: found.captureContent }, true);
    const plain = unread === null ? NO_PLACES : plainOf(unread, found);
    const odd = columnRows
      .add({ columns, findings, plain })
      .map((place): OddSpan => ({ place, enrichment: foundAt(request, place), unclaimed: false }));
    if (unread !== null) this.addUnread(columns, unread, found, odd);
    if (odd.length > 0) this.addOdd(request, odd, found.captureContent);
    const rows = writer.end(pool, columnRows.keptCount(request));
    columnRows.keepValues(request, rows.values);
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
      if (span !== undefined && isPlain(span, finding)) continue;
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

/** All that the row of such a span says is known of its shape. */
const isPlain = (span: Span, { enrichment, unclaimed }: SpanFinding): boolean =>
  enrichment === null && !unclaimed && !(span instanceof ScannedSpan);

const plainOf = ({ spans, places }: UnreadSpans, found: ReadFindings): readonly number[] =>
  places.filter((_, index) => isPlain(spans[index] as Span, findingAt(found, index)));

const messageOf = ({ spans }: SpanColumns, span: number): number => spans[span * SPAN_STRIDE + SPAN_COLUMN.message] ?? 0;

function placeOf(columns: SpanColumns, span: number): SpanPlace {
  const { messages } = columns;
  const at = messageOf(columns, span) * MESSAGE_STRIDE;
  return { start: messages[at + MESSAGE_COLUMN.start] ?? 0, end: messages[at + MESSAGE_COLUMN.end] ?? 0 };
}

function foundAt({ findings }: RowColumns, place: number): Enrichment | null {
  const template = findings.templates[place] ?? null;
  return template === null ? null : enrichmentOf(template, findings.values, findings.firstValue[place] ?? 0);
}

interface KeptFindings {
  readonly templates: readonly (EnrichmentTemplate | null)[];
  /** By span where its values begin behind these, and then the values. */
  readonly values: Float64Array;
}

type ReadPlaces = Pick<UnreadSpans, "places" | "rejected"> & Pick<ReadFindings, "enrichments">;

function enrichmentsOf({ templates, values }: KeptFindings, read: ReadPlaces): (Enrichment | null)[] {
  const { places, rejected, enrichments } = read;
  const found = templates.map((template, span) => {
    return template === null ? null : enrichmentOf(template, values, templates.length + (values[span] ?? 0));
  });
  for (const [index, place] of places.entries()) found[place] = enrichments[index] ?? null;
  const refused = new Set(rejected);
  return refused.size === 0 ? found : found.filter((_, index) => !refused.has(index));
}
