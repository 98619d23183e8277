import type { Enrichment } from "../core/enrichment.ts";
import type { AttributeColumns } from "../sinks/attribute-columns.ts";
import type { EnrichedSpan } from "../sinks/sink.ts";
import { attributesJson } from "./attributes-json.ts";
import { readMarkedColumns } from "./read-attribute-columns.ts";
import type { RequestScan } from "./request-scan.ts";
import type { ScannedSpan } from "./scanned-span.ts";

/** By index of the span among those that were enriched. */
export interface ScanFindings {
  readonly enrichments: readonly (Enrichment | null)[];
  readonly unclaimed: ReadonlySet<number>;
  /** Keep prompts and completions in `attributesJson`. */
  readonly captureContent: boolean;
}

export interface SpanFinding {
  readonly enrichment: Enrichment | null;
  readonly unclaimed: boolean;
  readonly captureContent: boolean;
}

export function findingAt({ enrichments, unclaimed, captureContent }: ScanFindings, index: number): SpanFinding {
  return { enrichment: enrichments[index] ?? null, unclaimed: unclaimed.has(index), captureContent };
}

/** Makes its JSON when it is asked for: where its row is made of its bytes, nobody pays for it. */
export class LazySpan implements EnrichedSpan {
  readonly span: ScannedSpan;
  readonly enrichment: Enrichment | null;
  readonly unclaimed: boolean;
  private readonly scan: RequestScan;
  private readonly captureContent: boolean;

  constructor(scan: RequestScan, span: ScannedSpan, { enrichment, unclaimed, captureContent }: SpanFinding) {
    this.span = span;
    this.enrichment = enrichment;
    this.unclaimed = unclaimed;
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
