import type { Enrichment } from "../core/enrichment.ts";
import type { Span } from "../core/span.ts";

/** One span on its way to storage. */
export interface EnrichedSpan {
  readonly span: Span;
  /** null: the span is not of GenAI; it goes to the waterfall table. */
  readonly enrichment: Enrichment | null;
  /**
   * The span's attributes as the text of a JSON object, UTF-8: what PostgreSQL's jsonb takes as it is (no NUL, no lone
   * surrogate, bounded in depth and size), prompt and completion text left out unless configured in.
   */
  readonly attributesJson: Uint8Array;
}

export interface EnrichedBatch {
  readonly spans: readonly EnrichedSpan[];
  /** The same spans as an OTLP ExportTraceServiceRequest in protobuf, enriched: what is forwarded and what the spool keeps. */
  readonly otlp: Uint8Array;
}

/** Where enriched spans go. `write` resolves when the batch is durable there; it rejects when the batch may be tried again. */
export interface Sink {
  readonly name: string;
  write(batch: EnrichedBatch): Promise<void>;
  close(): Promise<void>;
}
