import type { BufferPool } from "../buffer-pool.ts";
import { enrichBatch } from "../core/enrich.ts";
import { enrichColumns } from "../core/enrich-columns.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { ColumnShape } from "../core/span-columns.ts";
import type { SpanShape } from "../core/span-shape.ts";
import { openKernel } from "../kernel/kernel-exports.ts";
import { RequestWriter } from "../kernel/request-writer.ts";
import { createSpanRecogniser, type SpanRecogniser } from "../kernel/span-recogniser.ts";
import type { AttributeEncoder } from "./attribute-encoder.ts";
import { ColumnEmitter } from "./emit-columns.ts";
import { countEnrichments, type EnrichmentCounts, EnrichmentTally } from "./enrichment-counts.ts";
import type { Rejections } from "./partial-success.ts";
import { SPAN_SHAPES } from "./scan-keys.ts";
import { giveTables } from "./scan-tables.ts";
import { scanUnread, type UnreadSpans } from "./scan-unread.ts";
import { ScannedSpan } from "./scanned-span.ts";
import { assertTraces } from "./wrong-signal.ts";

/** A request that was enriched without an object for each of its spans. */
export interface ScannedColumns extends Rejections {
  readonly spanCount: number;
  readonly otlp: Uint8Array;
  readonly counts: EnrichmentCounts;
}

export interface ColumnScanner {
  /**
   * What `scanTraces` makes of a request's bytes; null where it is to be read the ordinary way, all of it. Throws
   * MalformedError where it is no request of traces.
   */
  scan(body: Uint8Array, context: EnrichContext, pool?: BufferPool): ScannedColumns | null;
}

const NONE_UNREAD: readonly null[] = [];
const NO_REJECTIONS: Rejections = { rejectedSpans: 0, rejectionReasons: new Map(), firstRejection: "" };

/**
 * The quick way of a request: spans are recognised by their bytes, quiet traces are enriched by columns, and the others, span
 * by span, the way that every span may go. What that way finds to be of a shape is recognised from then on. null where there
 * is no WebAssembly.
 */
export function createColumnScanner(encoder: AttributeEncoder): ColumnScanner | null {
  const kernel = openKernel();
  const recogniser = createSpanRecogniser(kernel);
  if (kernel === null || recogniser === null) return null;
  const emitter = new ColumnEmitter(new RequestWriter(kernel), encoder);
  return {
    scan(body, context, pool) {
      const columns = recogniser.recognise(body);
      if (columns === null) return null;
      const findings = enrichColumns(columns, context);
      const tally = new EnrichmentTally();
      if (findings.unread.length === 0) {
        const otlp = emitter.emit({ body, columns, findings, unread: null, enrichments: NONE_UNREAD }, tally, pool);
        return { spanCount: columns.spanCount, otlp, counts: tally, ...NO_REJECTIONS };
      }
      const unread = scanUnread(body, columns, findings.unread, { shapes: SPAN_SHAPES });
      if (unread.scan !== null && unread.rejected.length === columns.spanCount) assertTraces(unread.scan);
      const enrichments = enrichUnread(unread, context);
      countEnrichments(enrichments, tally);
      const otlp = emitter.emit({ body, columns, findings, unread, enrichments }, tally, pool);
      teach(recogniser, unread);
      if (unread.scan !== null) giveTables(unread.scan);
      return { spanCount: columns.spanCount - unread.rejected.length, otlp, counts: tally, ...rejectionsOf(unread) };
    },
  };
}

/** Indexes that are reported are those of the request's spans less the refused ones, as if all had been read. */
function enrichUnread({ spans, places, rejected }: UnreadSpans, context: EnrichContext): (Enrichment | null)[] {
  const { onUnclaimedRequest } = context;
  if (onUnclaimedRequest === undefined) return enrichBatch(spans, context);
  return enrichBatch(spans, {
    ...context,
    onUnclaimedRequest(index) {
      const place = places[index] ?? 0;
      onUnclaimedRequest(place - rejected.filter((refused) => refused < place).length);
    },
  });
}

function rejectionsOf({ scan }: UnreadSpans): Rejections {
  if (scan === null) return NO_REJECTIONS;
  return { rejectedSpans: scan.rejected.length, rejectionReasons: scan.rejectionReasons, firstRejection: scan.firstRejection };
}

/** What was not recognised although it is of a known shape; the kernel takes it, or leaves it where something else is odd about it. */
function teach(recogniser: SpanRecogniser, { spans, places }: UnreadSpans): void {
  for (let index = 0; index < places.length; index++) {
    const span = spans[index];
    if (!(span instanceof ScannedSpan) || span.shape === null || span.hasEvents || span.hasStatusMessage) continue;
    recogniser.teach(places[index] ?? 0, columnShapeOf(span, span.shape));
  }
}

/** Made once for each shape: its attributes are decoded for it. */
const COLUMN_SHAPES = new WeakMap<SpanShape, ColumnShape>();

function columnShapeOf(span: ScannedSpan, shape: SpanShape): ColumnShape {
  const before = COLUMN_SHAPES.get(shape);
  if (before !== undefined) return before;
  const { name, kind, statusCode, scopeName, scopeVersion, attributes } = span;
  const columnShape = { shape, name, kind, statusCode, scopeName, scopeVersion, attributes };
  COLUMN_SHAPES.set(shape, columnShape);
  return columnShape;
}
