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

export function countEnrichments(enrichments: readonly (Enrichment | null)[]): EnrichmentCounts {
  let genAiSpans = 0;
  let llmCalls = 0;
  let failedCalls: Map<string, number> | null = null;
  let unpricedCalls: Map<string, number> | null = null;
  for (const enrichment of enrichments) {
    if (enrichment === null) continue;
    genAiSpans += 1;
    if (enrichment["llm_call"] !== true) continue;
    llmCalls += 1;
    const category = enrichment["error_category"];
    if (typeof category === "string") countLabel((failedCalls ??= new Map()), category);
    const status = enrichment["cost_status"];
    if (enrichment["cost_usd"] === undefined && typeof status === "string") countLabel((unpricedCalls ??= new Map()), status);
  }
  return { genAiSpans, llmCalls, failedCalls: failedCalls ?? NONE, unpricedCalls: unpricedCalls ?? NONE };
}

function countLabel(counts: Map<string, number>, label: string): void {
  counts.set(label, (counts.get(label) ?? 0) + 1);
}
