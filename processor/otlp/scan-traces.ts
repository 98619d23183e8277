import { type EnrichContext, enrichBatch } from "../core/enrich.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { Span } from "../core/span.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";
import { attributesJson } from "./attributes-json.ts";
import { emitRequest } from "./emit-request.ts";
import { AttributeEncoder } from "./attribute-encoder.ts";
import type { Rejections } from "./partial-success.ts";
import { DEFAULT_SCAN_LIMITS, type RequestScan, type ScanLimits, type ScannedSpan } from "./request-scan.ts";
import { SCAN_KEYS } from "./scan-keys.ts";
import { scanRequest } from "./scan-request.ts";
import { assertTraces } from "./wrong-signal.ts";

export interface ScanOptions {
  /** Prices, memory of traces and clock: given them, the result depends on the bytes alone. */
  readonly context: EnrichContext;
  /** Keep prompts and completions in `attributesJson`. Default: leave them out. */
  readonly captureContent?: boolean;
  readonly limits?: ScanLimits;
}

/** With the spans that are in no way part of the batch: what partial_success tells the client. */
export interface ScannedBatch extends Rejections {
  readonly batch: EnrichedBatch;
  /** Spans of `batch` that are of GenAI. */
  readonly genAiSpans: number;
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
  const scan = scanRequest(body, SCAN_KEYS, options.limits ?? DEFAULT_SCAN_LIMITS);
  assertTraces(scan);
  const enrichments = enrichBatch(spansOf(scan), options.context);
  const captureContent = options.captureContent ?? false;
  const spans: EnrichedSpan[] = [];
  let genAiSpans = 0;
  for (const scanned of scan.spans) {
    const enrichment = enrichments[spans.length] ?? null;
    if (enrichment !== null) genAiSpans += 1;
    spans.push(new LazySpan(scan, scanned, enrichment, captureContent));
  }
  return {
    batch: { spans, otlp: emitRequest(scan, enrichments, ENCODER) },
    rejectedSpans: scan.rejected.length,
    rejectionReasons: scan.rejectionReasons,
    firstRejection: scan.firstRejection,
    genAiSpans,
  };
}

function spansOf({ spans: scannedSpans }: RequestScan): Span[] {
  const spans: Span[] = [];
  for (const { span } of scannedSpans) spans.push(span);
  return spans;
}

/** Makes its JSON when it is asked for: where spans are only forwarded, nobody pays for it. */
class LazySpan implements EnrichedSpan {
  readonly span: Span;
  readonly enrichment: Enrichment | null;
  private readonly scan: RequestScan;
  private readonly scanned: ScannedSpan;
  private readonly captureContent: boolean;
  private json: Uint8Array | null = null;

  constructor(scan: RequestScan, scanned: ScannedSpan, enrichment: Enrichment | null, captureContent: boolean) {
    this.span = scanned.span;
    this.enrichment = enrichment;
    this.scan = scan;
    this.scanned = scanned;
    this.captureContent = captureContent;
  }

  get attributesJson(): Uint8Array {
    return (this.json ??= attributesJson(this.scan, this.scanned, this.captureContent));
  }
}
