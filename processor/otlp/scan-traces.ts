import type { BufferPool } from "../buffer-pool.ts";
import { type EnrichContext, enrichBatch } from "../core/enrich.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";
import { emitRequest } from "./emit-request.ts";
import { AttributeEncoder } from "./attribute-encoder.ts";
import { countEnrichments, type EnrichmentCounts } from "./enrichment-counts.ts";
import { type KernelExports, openKernel } from "../kernel/kernel-exports.ts";
import { KeptBatch } from "./kept-batch.ts";
import type { ScanFindings } from "./lazy-span.ts";
import type { Rejections } from "./partial-success.ts";
import { type ColumnScanner, createColumnScanner } from "./scan-columns.ts";
import { DEFAULT_SCAN_LIMITS, type RequestScan, type ScanLimits } from "./request-scan.ts";
import { RequestRows } from "./request-rows.ts";
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
  /** false: the batch is of bytes and counts alone. Default: its spans may be asked for, and it has their rows. */
  readonly keepSpans?: boolean;
  /** false: nobody is likely to ask for the bytes of a batch with spans. Default: they are written. */
  readonly writesBytes?: boolean;
  /** Where the batch's memory comes from, and goes back to when it is released. */
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

/** undefined until they are asked for: compiling them is nothing for a command that reads no requests. */
let kernel: KernelExports | null | undefined;
let columnScanner: ColumnScanner | null | undefined;
let requestRows: RequestRows | undefined;

const theKernel = (): KernelExports | null => (kernel === undefined ? (kernel = openKernel()) : kernel);
const rowsOfRequests = (): RequestRows => (requestRows ??= new RequestRows(theKernel()));

/** null where the options are not those of a gateway, or where the request is for the ordinary way. */
function scanByColumns(body: Uint8Array, options: ScanOptions): ScannedBatch | null {
  const { context, limits = DEFAULT_SCAN_LIMITS, pool, keepSpans = true, writesBytes = true, captureContent = false } = options;
  if (limits !== DEFAULT_SCAN_LIMITS || context.settled === true) return null;
  if (columnScanner === undefined) columnScanner = createColumnScanner(theKernel(), ENCODER);
  const uses = { pool, writesBytes: writesBytes || !keepSpans, rows: keepSpans ? rowsOfRequests() : null, captureContent };
  const scanned = columnScanner?.scan(body, context, uses) ?? null;
  if (scanned === null) return null;
  const { spanCount, otlp, record, unclaimed, counts, rejectedSpans, rejectionReasons, firstRejection } = scanned;
  const batch =
    record === null
      ? new ByteBatch(spanCount, otlp ?? body, pool)
      : new KeptBatch(
          { body, spanCount, hasRefused: rejectedSpans > 0, ...record, otlp, unclaimed, captureContent, limits },
          ENCODER,
          pool,
        );
  return { batch, counts, rejectedSpans, rejectionReasons, firstRejection };
}

/** The ordinary way: every span is read. */
function scanSpans(body: Uint8Array, options: ScanOptions): ScannedBatch {
  const { limits = DEFAULT_SCAN_LIMITS, keepSpans = true, pool } = options;
  const scan = scanRequest(body, SCAN_KEYS, { limits, shapes: SPAN_SHAPES });
  assertTraces(scan);
  const unclaimed = new Set<number>();
  const enrichments = enrichBatch(scan.spans, notingUnclaimed(options.context, unclaimed));
  const { spans, rejected, rejectionReasons, firstRejection } = scan;
  const batch = keepSpans
    ? keptBatchOf(scan, { enrichments, unclaimed, captureContent: options.captureContent ?? false }, { ...options, limits })
    : new ByteBatch(spans.length, emitRequest(scan, enrichments, ENCODER, pool), pool);
  giveTables(scan);
  return { batch, rejectedSpans: rejected.length, rejectionReasons, firstRejection, counts: countEnrichments(enrichments) };
}

function keptBatchOf(scan: RequestScan, found: ScanFindings, options: ScanOptions & { readonly limits: ScanLimits }): KeptBatch {
  const { pool, limits, writesBytes = true } = options;
  const { enrichments, unclaimed, captureContent } = found;
  const request = {
    body: scan.reader.bytes,
    spanCount: scan.spans.length,
    hasRefused: scan.rejected.length > 0,
    rows: rowsOfRequests().ofScan(scan, found, pool),
    otlp: writesBytes ? emitRequest(scan, enrichments, ENCODER, pool) : null,
    enrichments: () => enrichments,
    unclaimed,
    captureContent,
    limits,
  };
  return new KeptBatch(request, ENCODER, pool);
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
