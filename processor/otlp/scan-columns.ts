import type { BufferPool } from "../buffer-pool.ts";
import { enrichBatch } from "../core/enrich.ts";
import { enrichColumns } from "../core/enrich-columns.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { PRESENCE_KEYS, VALUE_KEYS } from "../core/read-keys.ts";
import { type ColumnShape, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import { STATUS, type Attributes, type AttributeValue } from "../core/span.ts";
import type { SpanShape } from "../core/span-shape.ts";
import type { KernelExports } from "../kernel/kernel-exports.ts";
import { RequestWriter } from "../kernel/request-writer.ts";
import { createSpanRecogniser, type SpanRecogniser } from "../kernel/span-recogniser.ts";
import type { AttributeEncoder } from "./attribute-encoder.ts";
import { ColumnEmitter } from "./emit-columns.ts";
import { countEnrichments, type EnrichmentCounts, EnrichmentTally } from "./enrichment-counts.ts";
import { FailureTextReader } from "./failure-texts.ts";
import type { Rejections } from "./partial-success.ts";
import type { ColumnRecord, ReadFindings, RequestRows } from "./request-rows.ts";
import { SPAN_SHAPES } from "./scan-keys.ts";
import { giveTables } from "./scan-tables.ts";
import { SpanScanner, scanUnread, type UnreadSpans } from "./scan-unread.ts";
import { ScannedSpan } from "./scanned-span.ts";
import { assertTraces } from "./wrong-signal.ts";

/** A request that was enriched without an object for each of its spans. */
export interface ScannedColumns extends Rejections {
  readonly spanCount: number;
  /** null: nobody asked for it. */
  readonly otlp: Uint8Array | null;
  /** null: nobody asked for rows. */
  readonly record: ColumnRecord | null;
  /** Indexes of the HTTP requests to a model that no GenAI span stands for so far. */
  readonly unclaimed: ReadonlySet<number>;
  readonly counts: EnrichmentCounts;
}

/** What is to be made of a request. */
export interface ColumnUses {
  readonly pool: BufferPool | undefined;
  /** Its bytes, to be forwarded. */
  readonly writesBytes: boolean;
  /** Its rows; null: nobody stores them. */
  readonly rows: RequestRows | null;
  readonly captureContent: boolean;
}

export interface ColumnScanner {
  /**
   * What `scanTraces` makes of a request's bytes; null where it is to be read the ordinary way, all of it. Throws
   * MalformedError where it is no request of traces.
   */
  scan(body: Uint8Array, context: EnrichContext, uses: ColumnUses): ScannedColumns | null;
}

const NO_REJECTIONS: Rejections = { rejectedSpans: 0, rejectionReasons: new Map(), firstRejection: "" };

/** The spans that were enriched one by one, and what was found of them. */
interface ReadSpans extends Pick<ReadFindings, "enrichments" | "unclaimed"> {
  readonly unread: UnreadSpans | null;
  /** `unclaimed` as it is reported. */
  readonly reported: ReadonlySet<number>;
}

const USES = { shapes: SPAN_SHAPES };
const NO_INDEXES: ReadonlySet<number> = new Set();
const NONE_READ: ReadSpans = { unread: null, enrichments: [], unclaimed: NO_INDEXES, reported: NO_INDEXES };

/**
 * The quick way of a request: spans are recognised by their bytes, quiet traces are enriched by columns, and the others, span
 * by span, the way that every span may go. What that way finds to be of a shape is recognised from then on. null where there
 * is no WebAssembly.
 */
export function createColumnScanner(kernel: KernelExports | null, encoder: AttributeEncoder): ColumnScanner | null {
  const recogniser = createSpanRecogniser(kernel);
  if (kernel === null || recogniser === null) return null;
  const emitter = new ColumnEmitter(new RequestWriter(kernel), encoder);
  const texts = new FailureTextReader();
  return {
    scan(body, context, uses) {
      const columns = recogniser.recognise(body);
      if (columns === null) return null;
      const scanner = new SpanScanner(body, columns, USES);
      texts.begin(body, columns);
      const findings = enrichColumns(columns, context, (index) => texts.read(index));
      const read = findings.unread.length === 0 ? NONE_READ : readUnread(columns, findings.unread, scanner, context);
      const { unread, enrichments } = read;
      const tally = new EnrichmentTally();
      countEnrichments(enrichments, tally);
      const request = { body, columns, findings, unread, enrichments };
      const otlp = uses.writesBytes ? emitter.emit(request, tally, uses.pool) : null;
      if (otlp === null) emitter.count(request, tally);
      const record = uses.rows?.ofColumns(request, { ...read, captureContent: uses.captureContent }, uses.pool) ?? null;
      if (unread !== null) teach(recogniser, columns, unread);
      if (scanner.begun !== null) giveTables(scanner.begun);
      const spanCount = columns.spanCount - (unread?.rejected.length ?? 0);
      return { spanCount, otlp, record, unclaimed: read.reported, counts: tally, ...rejectionsOf(unread) };
    },
  };
}

function readUnread(columns: SpanColumns, indexes: readonly number[], scanner: SpanScanner, context: EnrichContext): ReadSpans {
  const unread = scanUnread(columns, indexes, scanner);
  if (unread.scan !== null && unread.rejected.length === columns.spanCount) assertTraces(unread.scan);
  const { onUnclaimedRequest } = context;
  if (onUnclaimedRequest === undefined) return { ...NONE_READ, unread, enrichments: enrichBatch(unread.spans, context) };
  const unclaimed = new Set<number>();
  const reported = new Set<number>();
  const enrichments = enrichBatch(unread.spans, {
    ...context,
    onUnclaimedRequest(index) {
      const taken = indexAmongTaken(unread, index);
      unclaimed.add(index);
      reported.add(taken);
      onUnclaimedRequest(taken);
    },
  });
  return { unread, enrichments, unclaimed, reported };
}

/** Indexes that are reported are those of the request's spans less the refused ones, as if all had been read. */
function indexAmongTaken({ places, rejected }: UnreadSpans, index: number): number {
  const place = places[index] ?? 0;
  return place - rejected.filter((refused) => refused < place).length;
}

function rejectionsOf(unread: UnreadSpans | null): Rejections {
  const scan = unread?.scan ?? null;
  if (scan === null) return NO_REJECTIONS;
  return { rejectedSpans: scan.rejected.length, rejectionReasons: scan.rejectionReasons, firstRejection: scan.firstRejection };
}

/** What was not recognised although it is of a known shape; the kernel takes it, or leaves it where something else is odd about it. */
function teach(recogniser: SpanRecogniser, columns: SpanColumns, { spans, places }: UnreadSpans): void {
  for (let index = 0; index < places.length; index++) {
    const span = spans[index];
    const place = places[index] ?? 0;
    if (!(span instanceof ScannedSpan) || span.shape === null || isKnown(columns, place)) continue;
    if (span.hasStatusMessage && span.statusCode !== STATUS.error) continue;
    recogniser.teach(place, columnShapeOf(span, span.shape));
  }
}

/** What was recognised may be scanned for its texts. */
function isKnown({ spans }: SpanColumns, span: number): boolean {
  return (spans[span * SPAN_STRIDE + SPAN_COLUMN.shape] ?? -1) >= 0;
}

/** Made once for each shape: its attributes are decoded for it. */
const COLUMN_SHAPES = new WeakMap<SpanShape, ColumnShape>();

function columnShapeOf(span: ScannedSpan, shape: SpanShape): ColumnShape {
  const before = COLUMN_SHAPES.get(shape);
  if (before !== undefined) return before;
  const { name, kind, statusCode, scopeName, scopeVersion } = span;
  const columnShape = { shape, name, kind, statusCode, scopeName, scopeVersion, attributes: sharedAttributes(span.attributes) };
  COLUMN_SHAPES.set(shape, columnShape);
  return columnShape;
}

/** Without what spans of one shape have each for itself: a text of some KB may stand where only its key matters. */
function sharedAttributes(attributes: Attributes): Attributes {
  const shared: Record<string, AttributeValue | undefined> = Object.create(null);
  for (const key in attributes) {
    if (VALUE_KEYS.has(key)) shared[key] = attributes[key];
    else if (PRESENCE_KEYS.has(key)) shared[key] = true;
  }
  return shared;
}
