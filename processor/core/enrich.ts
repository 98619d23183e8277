import { NORMALIZED_KEYS, OWN_KEYS } from "./attributes.ts";
import type { Call } from "./call.ts";
import { failureOf, type Failure } from "./call-failure.ts";
import { createBatch, outerWitness, type Batch } from "./call-witness.ts";
import { standsForCall } from "./call-once.ts";
import { claimPromotedAttempts, isUnclaimed, promoteUnclaimed, requestEnrichment } from "./call-promotion.ts";
import { blankWriting, writeFindings } from "./enrich-call.ts";
import type { EnrichContext } from "./enrich-context.ts";
import { readEntry, rememberOthers, type BatchEntry } from "./enrich-entry.ts";
import type { Enrichment } from "./enrichment.ts";
import { retriesOf, type Retries } from "./retry.ts";
import { claimAttempts, type Attempts } from "./retry-attempts.ts";
import type { Span } from "./span.ts";
import type { Trace, TraceMemory, TraceNode } from "./trace-memory.ts";

export type { EnrichContext } from "./enrich-context.ts";

/**
 * Enriches the spans of one batch, in any order: first every span is noted in the memory, then each is judged with all of
 * them known. Answers in the order of `spans`; null for a span that is not of GenAI. Never throws on what spans contain.
 */
export function enrichBatch(spans: readonly Span[], context: EnrichContext): (Enrichment | null)[] {
  context.memory.begin(context.nowMs);
  const entries: BatchEntry[] = [];
  const results: (Enrichment | null)[] = [];
  for (const span of spans) results[entries.push(readEntry(span, entries.length, context)) - 1] = null;
  rememberOthers(entries, context.memory);
  const calls: BatchEntry[] = [];
  for (const entry of entries) if (entry.call !== null) calls.push(entry);
  // In the order in which they began, so that a retry finds what its failed call was found to be.
  calls.sort(byStart);
  for (const entry of calls) claim(entry, context.memory);
  const operations = context.settled === true ? promoteUnclaimed(entries, context.memory) : [];
  if (context.settled !== true) reportUnclaimed(entries, context);
  const works = operations.length === 0 ? calls : [...calls, ...operations].sort(byStart);
  // A call that tells of its requests from outside may have begun before the try that it repeats.
  if (context.memory.detached.length > 0) works.sort(byEnd);
  const batch = createBatch(entries);
  for (const work of works) {
    results[work.index] =
      work.call === null ? requestEnrichment(work, batch, context) : enrichEntry({ entry: work, call: work.call, batch }, context);
  }
  return results;
}

function byStart(a: BatchEntry, b: BatchEntry): number {
  return a.span.startMs - b.span.startMs;
}

function byEnd(a: BatchEntry, b: BatchEntry): number {
  return a.span.endMs - b.span.endMs;
}

/** One span, as `enrichBatch` does it: spans that ended before it were given earlier. */
export function enrich(span: Span, context: EnrichContext): Enrichment | null {
  return enrichBatch([span], context)[0] ?? null;
}

function claim(entry: BatchEntry, memory: TraceMemory): void {
  const { node, call } = entry;
  if (node === null || call === null || node.note.role !== "call") return;
  const trace = memory.trace(entry.span.traceId);
  if (trace === undefined) return;
  node.counted = standsForCall(node, trace);
  if (!node.counted) return;
  entry.attempts = claimAttempts(node, memory);
  if (entry.saidCall !== undefined) claimPromotedAttempts(entry);
}

interface CallInBatch {
  readonly entry: BatchEntry;
  readonly call: Call;
  readonly batch: Batch;
}

function enrichEntry({ entry, call: read, batch }: CallInBatch, context: EnrichContext): Enrichment {
  const { span, node, attempts, usage } = entry;
  if (entry.saidCall !== undefined) return alreadyEnriched(span);
  const call = withAskedModel(read, attempts);
  const trace = context.memory.trace(span.traceId);
  const llmCall = node === null ? call.asksModel : node.counted;
  const isSilent = call.failed ? span.statusMessage === "" : !call.answered;
  const outer = llmCall && node !== null && trace !== undefined && isSilent ? outerWitness(node, trace, batch) : undefined;
  const failure = span.foundFailure ?? failureOf(span, call, { lastAttempt: attempts.at(-1), outer }, context.memory.categorize);
  if (node !== null && failure !== null) remember(node, trace, failure);
  const own = { resendCount: call.resendCount, countsResends: call.dialect.table.native === true };
  const retries: Retries | null = llmCall && node !== null && trace !== undefined ? retriesOf(node, trace, own, attempts) : null;
  return writeFindings({ span, call, llmCall, failure, retries, usage }, context.prices);
}

/** Where only the request's address names the model (Bedrock, Gemini, Azure deployments). */
function withAskedModel(call: Call, attempts: Attempts): Call {
  if (call.requestModel !== undefined || call.responseModel !== undefined) return call;
  const asked = attempts.at(-1)?.note.model ?? "";
  return asked === "" ? call : { ...call, requestModel: asked };
}

/** The call that may repeat this one needs to know how it ended. */
function remember(node: TraceNode, trace: Trace | undefined, failure: Failure): void {
  node.category = failure.category;
  node.retryable = failure.retryable;
  if (node.note.failed) return;
  node.note = { ...node.note, failed: true };
  if (trace !== undefined) trace.failures += 1;
}

const KEPT_KEYS: readonly string[] = [...OWN_KEYS, ...NORMALIZED_KEYS];

/** Enriched in the application, or sent twice: what stands on the span was found out nearer to the call. */
function alreadyEnriched({ attributes }: Span): Enrichment {
  const out = blankWriting();
  for (const key of KEPT_KEYS) {
    const value = attributes[key];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") out[key] = value;
  }
  return out;
}

function reportUnclaimed(entries: readonly BatchEntry[], context: EnrichContext): void {
  if (context.onUnclaimedRequest === undefined) return;
  for (const entry of entries) if (isUnclaimed(entry, context.memory)) context.onUnclaimedRequest(entry.index);
}
