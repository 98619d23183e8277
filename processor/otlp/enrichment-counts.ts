import type { Enrichment } from "../core/enrichment.ts";

/** What enrichment found in one request, for metrics: so much can outlive the spans. */
export interface EnrichmentCounts {
  /** Spans of GenAI. */
  readonly genAiSpans: number;
  /** Of these the calls to a model. */
  readonly llmCalls: number;
  /** Failed calls by error_category. */
  readonly failedCalls: ReadonlyMap<string, number>;
  /** Calls without a cost by cost_status. */
  readonly unpricedCalls: ReadonlyMap<string, number>;
}

const NONE: ReadonlyMap<string, number> = new Map();

/** What one enrichment counts as: the same for all that differ in numbers alone. */
export interface CountLabels {
  readonly llmCall: boolean;
  readonly failed: string | null;
  readonly unpriced: string | null;
}

export class EnrichmentTally implements EnrichmentCounts {
  genAiSpans = 0;
  llmCalls = 0;
  private failed: Map<string, number> | null = null;
  private unpriced: Map<string, number> | null = null;

  get failedCalls(): ReadonlyMap<string, number> {
    return this.failed ?? NONE;
  }

  get unpricedCalls(): ReadonlyMap<string, number> {
    return this.unpriced ?? NONE;
  }

  add({ llmCall, failed, unpriced }: CountLabels): void {
    this.genAiSpans += 1;
    if (!llmCall) return;
    this.llmCalls += 1;
    if (failed !== null) countLabel((this.failed ??= new Map()), failed);
    if (unpriced !== null) countLabel((this.unpriced ??= new Map()), unpriced);
  }
}

export function countEnrichments(enrichments: readonly (Enrichment | null)[], tally = new EnrichmentTally()): EnrichmentTally {
  for (const enrichment of enrichments) if (enrichment !== null) tally.add(countLabels(enrichment));
  return tally;
}

export function countLabels(enrichment: Enrichment): CountLabels {
  const category = enrichment["error_category"];
  const status = enrichment["cost_status"];
  return {
    llmCall: enrichment["llm_call"] === true,
    failed: typeof category === "string" ? category : null,
    unpriced: enrichment["cost_usd"] === undefined && typeof status === "string" ? status : null,
  };
}

function countLabel(counts: Map<string, number>, label: string): void {
  counts.set(label, (counts.get(label) ?? 0) + 1);
}
