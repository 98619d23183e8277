import { failureOf, type Failure } from "./call-failure.ts";
import { writeFindings } from "./enrich-call.ts";
import type { EnrichContext } from "./enrich-context.ts";
import { readAttempt } from "./enrich-entry.ts";
import type { Enrichment } from "./enrichment.ts";
import { readSpan } from "./span-reading.ts";
import type { Span } from "./span.ts";

/** What is found of a call that failed. */
export interface FoundFailure {
  readonly failure: Failure;
  readonly enrichment: Enrichment;
}

/**
 * What `enrichBatch` finds of a failed call in a quiet trace, which no other span has a say in but its request, if one is known
 * (quiet-judge.ts). null where it is no such call after all.
 */
export function findFailure(span: Span, request: Span | null, context: EnrichContext): FoundFailure | null {
  const { call, usage } = readSpan(span, context);
  if (call === null) return null;
  const lastAttempt = (request === null ? null : readAttempt(request, context)) ?? undefined;
  const failure = failureOf(span, call, { lastAttempt, outer: undefined }, context.memory.categorize);
  if (failure === null) return null;
  // As of a call whose request, if there is one, was the first (retry.ts, retriesOf and nothingSeen).
  const isCounted = lastAttempt !== undefined || call.resendCount !== undefined || call.dialect.table.native === true;
  const retries = { count: isCounted ? 0 : undefined, reason: undefined, waitMs: undefined, of: undefined, lastAttempt };
  return { failure, enrichment: writeFindings({ span, call, llmCall: true, failure, retries, usage }, context.prices) };
}
