import type { Enrichment } from "../core/enrichment.ts";
import type { Span } from "../core/span.ts";
import type { AttributeColumns } from "./attribute-columns.ts";
import type { EncodedRows } from "./encoded-rows.ts";

/** One span on its way to storage. */
export interface EnrichedSpan {
  readonly span: Span;
  /** null: the span is not of GenAI; it goes to the waterfall table. */
  readonly enrichment: Enrichment | null;
  /**
   * The span's attributes as the text of a JSON object, UTF-8: what PostgreSQL's jsonb takes as it is (no NUL, no lone
   * surrogate, bounded in depth and size), prompt and completion text left out unless configured in. Good until another span's is
   * asked for: copy what you keep.
   */
  readonly attributesJson: Uint8Array;
  /** Read off the bytes, where that is cheaper than decoding all attributes; missing: they are read off `span`. */
  readonly columns?: AttributeColumns;
  /** A request to a model that no GenAI span stands for so far: stored with a note that it may be a call of its own. */
  readonly unclaimed?: boolean;
}

export interface EnrichedBatch {
  readonly spanCount: number;
  /** About how long `otlp` is, known without making it. */
  readonly sizeBytes: number;
  /** Empty where no sink reads spans: the bytes then are all that lives until the batch is durable. */
  readonly spans: readonly EnrichedSpan[];
  /** The same spans as rows, where they were made when the request came: nobody then needs `spans`, which are made anew for who does. */
  readonly rows?: readonly EncodedRows[] | undefined;
  /** The same spans as an OTLP ExportTraceServiceRequest in protobuf, enriched: what is forwarded. */
  readonly otlp: Uint8Array;
  /** The same spans as they came, in the same order and form; only where spans are kept. */
  readonly plain?: Uint8Array;
  /** `otlp` in pieces, where it is not in one. */
  readonly parts?: readonly Uint8Array[];
  /**
   * Gives the memory of `otlp` and of the spans back: for who knows that nobody looks at them any more, once. Without it, or where it is not
   * called, that is left to the garbage collector.
   */
  release?(): void;
}

/** Where enriched spans go. `write` resolves when the batch is durable there; it rejects when the batch may be tried again. */
export interface Sink {
  readonly name: string;
  /** Whether `write` looks at `spans`; false where the bytes are enough. */
  readonly readsSpans: boolean;
  /** false where `write` looks at `spans` or `rows` alone. */
  readonly readsBytes?: boolean | undefined;
  write(batch: EnrichedBatch): Promise<void>;
  close(): Promise<void>;
}
