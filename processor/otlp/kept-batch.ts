import type { BufferPool } from "../buffer-pool.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { EncodedRows } from "../sinks/encoded-rows.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";
import type { AttributeEncoder } from "./attribute-encoder.ts";
import { emitRequest } from "./emit-request.ts";
import { findingAt, LazySpan } from "./lazy-span.ts";
import type { RequestScan, ScanLimits } from "./request-scan.ts";
import { SCAN_KEYS } from "./scan-keys.ts";
import { scanRequest } from "./scan-request.ts";

/** What is kept of a request until it is durable. */
export interface KeptRequest {
  readonly body: Uint8Array;
  readonly spanCount: number;
  /** Some span of the body is no part of the batch. */
  readonly hasRefused: boolean;
  readonly rows: EncodedRows;
  /** The enriched request, where it was written already. */
  readonly otlp: Uint8Array | null;
  /** By span. */
  readonly enrichments: () => readonly (Enrichment | null)[];
  /** Indexes. */
  readonly unclaimed: ReadonlySet<number>;
  readonly captureContent: boolean;
  readonly limits: ScanLimits;
}

const NO_ENRICHMENTS: readonly null[] = [];

/**
 * A batch of rows. Its spans, and its bytes where nobody forwards, are made of the request once more for the few who ask:
 * kept, they would be what the garbage collector has most to do with.
 */
export class KeptBatch implements EnrichedBatch {
  readonly spanCount: number;
  readonly sizeBytes: number;
  readonly rows: readonly EncodedRows[];
  private readonly request: KeptRequest;
  private readonly encoder: AttributeEncoder;
  private readonly pool: BufferPool | undefined;
  private rescanned: RequestScan | null = null;
  private released = false;

  constructor(request: KeptRequest, encoder: AttributeEncoder, pool: BufferPool | undefined) {
    this.request = request;
    this.encoder = encoder;
    this.pool = pool;
    this.spanCount = request.spanCount;
    this.sizeBytes = request.body.length;
    this.rows = [request.rows];
  }

  get spans(): readonly EnrichedSpan[] {
    const { unclaimed, captureContent } = this.request;
    const found = { enrichments: this.request.enrichments(), unclaimed, captureContent };
    const scan = this.scan();
    return scan.spans.map((span, index) => new LazySpan(scan, span, findingAt(found, index)));
  }

  get plain(): Uint8Array {
    const { body, hasRefused } = this.request;
    return hasRefused ? emitRequest(this.scan(), NO_ENRICHMENTS, this.encoder) : body;
  }

  get otlp(): Uint8Array {
    return this.request.otlp ?? emitRequest(this.scan(), this.request.enrichments(), this.encoder);
  }

  /** Everything that it stands in. */
  release(): void {
    if (this.released) return;
    this.released = true;
    const { body, rows, otlp } = this.request;
    this.pool?.give(rows.memory);
    this.pool?.give(body);
    if (otlp !== null) this.pool?.give(otlp);
  }

  private scan(): RequestScan {
    const { body, limits } = this.request;
    return (this.rescanned ??= scanRequest(body, SCAN_KEYS, { limits }));
  }
}
