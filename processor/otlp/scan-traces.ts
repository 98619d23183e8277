import { type EnrichContext, enrichBatch } from "../core/enrich.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { READ_KEYS } from "../core/read-keys.ts";
import type { Span } from "../core/span.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";
import { attributesJson } from "./attributes-json.ts";
import { emitRequest } from "./emit-request.ts";
import { AttributeEncoder } from "./encode-attributes.ts";
import { KeyDictionary } from "./key-dictionary.ts";
import { DEFAULT_SCAN_LIMITS, type RejectionReason, type RequestScan, type ScanLimits, type ScannedSpan } from "./request-scan.ts";
import { scanRequest } from "./scan-request.ts";

export interface ScanOptions {
  /** Prices, memory of traces and clock: given them, the result depends on the bytes alone. */
  readonly context: EnrichContext;
  /** Keep prompts and completions in `attributesJson`. Default: leave them out. */
  readonly captureContent?: boolean;
  readonly limits?: ScanLimits;
}

export interface ScannedBatch {
  readonly batch: EnrichedBatch;
  /** Spans that are in no way of the batch, and how many for which reason: what partial_success tells the client. */
  readonly rejectedSpans: number;
  readonly rejectionReasons: ReadonlyMap<RejectionReason, number>;
  /** What was wrong with the first malformed span; "" when there is none. */
  readonly firstRejection: string;
  /** Spans of `batch` that are of GenAI. */
  readonly genAiSpans: number;
}

/** What both remember is a function of bytes alone and bounded, so that all requests of a process may share it. */
const KEYS = new KeyDictionary(READ_KEYS);
const ENCODER = new AttributeEncoder();

/**
 * The whole way of a request's bytes: read once, enriched, and written with attributes appended or replaced, every other
 * byte as it came. `body` is an ExportTraceServiceRequest in protobuf and must not be changed while the batch lives: spans
 * make their JSON from it when a sink asks for it. Throws MalformedError where it is no such message; a span that alone
 * is wrong is refused alone.
 */
export function scanTraces(body: Uint8Array, options: ScanOptions): ScannedBatch {
  const scan = scanRequest(body, KEYS, options.limits ?? DEFAULT_SCAN_LIMITS);
  const enrichments = enrichBatch(
    scan.spans.map((scanned) => scanned.span),
    options.context,
  );
  const captureContent = options.captureContent ?? false;
  return {
    batch: {
      spans: scan.spans.map((scanned, index) => new LazySpan({ scan, scanned, enrichment: enrichments[index] ?? null, captureContent })),
      otlp: emitRequest(scan, enrichments, ENCODER),
    },
    rejectedSpans: scan.rejected.length,
    rejectionReasons: scan.rejectionReasons,
    firstRejection: scan.firstRejection,
    genAiSpans: enrichments.reduce((count, enrichment) => (enrichment === null ? count : count + 1), 0),
  };
}

interface SpanSource {
  readonly scan: RequestScan;
  readonly scanned: ScannedSpan;
  readonly enrichment: Enrichment | null;
  readonly captureContent: boolean;
}

/** Makes its JSON when it is asked for: where spans are only forwarded, nobody pays for it. */
class LazySpan implements EnrichedSpan {
  readonly span: Span;
  readonly enrichment: Enrichment | null;
  private readonly source: SpanSource;
  private json: Uint8Array | null = null;

  constructor(source: SpanSource) {
    this.span = source.scanned.span;
    this.enrichment = source.enrichment;
    this.source = source;
  }

  get attributesJson(): Uint8Array {
    return (this.json ??= attributesJson(this.source.scan, this.source.scanned, this.source.captureContent));
  }
}
