import type { BufferPool } from "../buffer-pool.ts";
import { type EnrichContext, enrichBatch } from "../core/enrich.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { AttributeColumns } from "../sinks/attribute-columns.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";
import { attributesJson } from "./attributes-json.ts";
import { emitRequest } from "./emit-request.ts";
import { AttributeEncoder } from "./attribute-encoder.ts";
import { countEnrichments, type EnrichmentCounts } from "./enrichment-counts.ts";
import type { Rejections } from "./partial-success.ts";
import { type ColumnScanner, createColumnScanner } from "./scan-columns.ts";
import { DEFAULT_SCAN_LIMITS, type RequestScan, type ScanLimits } from "./request-scan.ts";
import type { ScannedSpan } from "./scanned-span.ts";
import { readMarkedColumns } from "./read-attribute-columns.ts";
import { SCAN_KEYS, SPAN_SHAPES } from "./scan-keys.ts";
import { giveTables } from "./scan-tables.ts";
import { scanRequest } from "./scan-request.ts";
import { assertTraces } from "./wrong-signal.ts";

export interface ScanOptions {
  /** Prices, memory of traces and clock: given them, the result depends on the bytes alone. */
  readonly context: EnrichContext;
  /** Keep prompts and completions in `attributesJson`. Default: leave them out. */
  readonly captureContent?: boolean;
  readonly limits?: ScanLimits;
  /** false: the batch is of bytes and counts alone, and nothing of the scan outlives it. Default: spans are kept. */
  readonly keepSpans?: boolean;
  /** Where the batch's bytes come from, without spans, and go back to when they are released. */
  readonly pool?: BufferPool;
}

/** With the spans that are in no way part of the batch: what partial_success tells the client. */
export interface ScannedBatch extends Rejections {
  readonly batch: EnrichedBatch;
  readonly counts: EnrichmentCounts;
}

/** Remembers the bytes of the few keys that enrichment writes. */
const ENCODER = new AttributeEncoder();

/**
 * The whole way of a request's bytes: read once, enriched, and written with attributes appended or replaced, every other
 * byte as it came. `body` is an ExportTraceServiceRequest in protobuf and must not be changed while the batch lives: spans
 * make their JSON from it when a sink asks for it. Throws MalformedError where it is no such message; a span that alone
 * is wrong is refused alone.
 */
export function scanTraces(body: Uint8Array, options: ScanOptions): ScannedBatch {
  return scanByColumns(body, options) ?? scanSpans(body, options);
}

/** undefined until it is asked for: compiling it is nothing for a command that reads no requests. */
let columnScanner: ColumnScanner | null | undefined;

/** null where spans are kept, where the options are not those of a gateway, or where the request is for the ordinary way. */
function scanByColumns(
  body: Uint8Array,
  { context, keepSpans = true, limits = DEFAULT_SCAN_LIMITS, pool }: ScanOptions,
): ScannedBatch | null {
  if (keepSpans || limits !== DEFAULT_SCAN_LIMITS || context.settled === true) return null;
  if (columnScanner === undefined) columnScanner = createColumnScanner(ENCODER);
  const scanned = columnScanner?.scan(body, context, pool) ?? null;
  if (scanned === null) return null;
  const { spanCount, otlp, counts, rejectedSpans, rejectionReasons, firstRejection } = scanned;
  return { batch: new ByteBatch(spanCount, otlp, pool), counts, rejectedSpans, rejectionReasons, firstRejection };
}

/** The ordinary way: every span is read, and may be kept. */
function scanSpans(body: Uint8Array, options: ScanOptions): ScannedBatch {
  const scan = scanRequest(body, SCAN_KEYS, { limits: options.limits ?? DEFAULT_SCAN_LIMITS, shapes: SPAN_SHAPES });
  assertTraces(scan);
  const unclaimed = new Set<number>();
  const enrichments = enrichBatch(scan.spans, notingUnclaimed(options.context, unclaimed));
  const keepSpans = options.keepSpans ?? true;
  return {
    batch: keepSpans
      ? new KeptBatch(scan, { enrichments, unclaimed, captureContent: options.captureContent ?? false }, options.pool)
      : bytesOf(scan, enrichments, options.pool),
    rejectedSpans: scan.rejected.length,
    rejectionReasons: scan.rejectionReasons,
    firstRejection: scan.firstRejection,
    counts: countEnrichments(enrichments),
  };
}

function bytesOf(scan: RequestScan, enrichments: readonly (Enrichment | null)[], pool: BufferPool | undefined): ByteBatch {
  const batch = new ByteBatch(scan.spans.length, emitRequest(scan, enrichments, ENCODER, pool), pool);
  giveTables(scan);
  return batch;
}

function notingUnclaimed(context: EnrichContext, unclaimed: Set<number>): EnrichContext {
  const { onUnclaimedRequest } = context;
  if (onUnclaimedRequest === undefined) return context;
  return {
    ...context,
    onUnclaimedRequest(index) {
      unclaimed.add(index);
      onUnclaimedRequest(index);
    },
  };
}

const NO_SPANS: readonly EnrichedSpan[] = [];

/** All of a batch where no sink reads spans. */
class ByteBatch implements EnrichedBatch {
  readonly spanCount: number;
  readonly spans = NO_SPANS;
  readonly otlp: Uint8Array;
  private readonly pool: BufferPool | undefined;

  constructor(spanCount: number, otlp: Uint8Array, pool: BufferPool | undefined) {
    this.spanCount = spanCount;
    this.otlp = otlp;
    this.pool = pool;
  }

  get sizeBytes(): number {
    return this.otlp.length;
  }

  release(): void {
    this.pool?.give(this.otlp);
  }
}

/** By index of the span in the scan. */
interface Findings {
  readonly enrichments: readonly (Enrichment | null)[];
  readonly unclaimed: ReadonlySet<number>;
  readonly captureContent: boolean;
}

const NO_ENRICHMENTS: readonly null[] = [];

/** Makes its bytes when they are asked for: where spans become rows alone, nobody pays for them. */
class KeptBatch implements EnrichedBatch {
  readonly spans: readonly EnrichedSpan[];
  readonly sizeBytes: number;
  private readonly scan: RequestScan;
  private readonly enrichments: readonly (Enrichment | null)[];
  private readonly pool: BufferPool | undefined;
  private bytes: Uint8Array | null = null;
  private released = false;

  constructor(scan: RequestScan, found: Findings, pool: BufferPool | undefined) {
    this.scan = scan;
    this.pool = pool;
    this.enrichments = found.enrichments;
    this.sizeBytes = scan.reader.bytes.length;
    this.spans = scan.spans.map((_, index) => new LazySpan(scan, index, found));
  }

  get plain(): Uint8Array {
    return emitRequest(this.scan, NO_ENRICHMENTS, ENCODER);
  }

  /** The request's bytes and the tables of its scan too: the spans are views of both. */
  release(): void {
    if (this.released) return;
    this.released = true;
    this.pool?.give(this.scan.reader.bytes);
    giveTables(this.scan);
  }

  get spanCount(): number {
    return this.spans.length;
  }

  get otlp(): Uint8Array {
    return (this.bytes ??= emitRequest(this.scan, this.enrichments, ENCODER));
  }
}

/** Makes its JSON when it is asked for: where spans are only forwarded, nobody pays for it. */
class LazySpan implements EnrichedSpan {
  readonly span: ScannedSpan;
  readonly enrichment: Enrichment | null;
  private readonly scan: RequestScan;
  readonly unclaimed: boolean;
  private readonly captureContent: boolean;

  constructor(scan: RequestScan, index: number, { enrichments, unclaimed, captureContent }: Findings) {
    this.span = scan.spans[index] as ScannedSpan;
    this.enrichment = enrichments[index] ?? null;
    this.unclaimed = unclaimed.has(index);
    this.scan = scan;
    this.captureContent = captureContent;
  }

  get columns(): AttributeColumns {
    return readMarkedColumns(this.scan, this.span);
  }

  get attributesJson(): Uint8Array {
    return attributesJson(this.scan, this.span, this.captureContent);
  }
}
