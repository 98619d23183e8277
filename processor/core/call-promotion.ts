import { OWN } from "./attributes.ts";
import { failureOf, requestFailureOf } from "./call-failure.ts";
import type { Call } from "./call.ts";
import type { HttpCall } from "./call-http.ts";
import { wrapperAround, type Batch } from "./call-witness.ts";
import { conventionDialect } from "./dialect.ts";
import { writeFindings } from "./enrich-call.ts";
import type { EnrichContext } from "./enrich-context.ts";
import type { BatchEntry } from "./enrich-entry.ts";
import type { Enrichment } from "./enrichment.ts";
import { canonicalProvider } from "./provider.ts";
import { retriesOf } from "./retry.ts";
import { isServedElsewhere } from "./retry-attempts.ts";
import { BACKOFF_MS_MIN, RETRY_GAP_MS_MAX } from "./retry-chain.ts";
import type { Span } from "./span.ts";
import { siblingsNear, UNSEEN, type TraceMemory, type TraceNode } from "./trace-memory.ts";

/** Two HTTP instrumentations write the same request within this. */
const DUPLICATE_MS = 1;
const ANCESTORS_MAX = 32;

/**
 * Makes calls of the HTTP requests to a model that no GenAI span stands for: its span was never ended, or nothing instruments
 * this SDK. Each operation becomes one call, given out as its last attempt with the earlier ones as its retries.
 */
export function promoteUnclaimed(entries: readonly BatchEntry[], memory: TraceMemory): BatchEntry[] {
  return operationsOf(entries.filter((entry) => isUnclaimed(entry, memory))).flatMap((operation) => promote(operation, memory));
}

/** A request to a model for which no GenAI span stands, as far as the memory knows. */
export function isUnclaimed({ http, node, saidCall }: BatchEntry, memory: TraceMemory): boolean {
  return http !== null && node !== null && saidCall === undefined && !isStoodFor(node, memory);
}

/** A request that was promoted upstream: the failed ones before it are its attempts, as many as it says. */
export function claimPromotedAttempts({ span, node }: BatchEntry): void {
  const count = span.attributes[OWN.retryCount];
  if (node === null || typeof count !== "number" || !(count > 0) || !isHttp(span)) return;
  const earlier = siblingsNear(node).filter(({ note }) => note.role === "http" && note.failed && note.endMs <= node.note.startMs);
  for (const attempt of earlier.toSorted((a, b) => a.note.startMs - b.note.startMs).slice(-count)) attempt.claimedBy ??= node;
}

function isHttp({ attributes }: Span): boolean {
  return attributes["http.request.method"] !== undefined || attributes["http.method"] !== undefined;
}

/** What is written on a promoted request. */
export function requestEnrichment(request: BatchEntry, batch: Batch, context: EnrichContext): Enrichment | null {
  const { span, http, node, attempts } = request;
  const trace = context.memory.trace(span.traceId);
  if (http === null || node === null || trace === undefined) return null;
  const call = callOf(http);
  const { categorize } = context.memory;
  const failure =
    requestFailureOf(span, http, categorize) ??
    failureOf(span, { ...call, answered: false }, { lastAttempt: undefined, outer: wrapperAround(request, batch) }, categorize);
  const own = { resendCount: http.resendCount < 0 ? undefined : http.resendCount, countsResends: false };
  const retries = retriesOf(node, trace, own, attempts);
  return writeFindings({ span, call, llmCall: true, failure, retries, usage: null }, context.prices);
}

function promote(operation: readonly BatchEntry[], memory: TraceMemory): BatchEntry[] {
  const last = operation.at(-1);
  if (last === undefined || last.node === null) return [];
  for (const attempt of operation) if (attempt.node !== null) attempt.node.claimedBy = last.node;
  last.attempts = operation.flatMap(({ node }) => (node === null ? [] : [node]));
  const { category, retryable } = last.node;
  memory.remember({ ...last.node.note, role: "call" });
  Object.assign(last.node, { promoted: true, counted: true, category, retryable });
  return [last];
}

function callOf(http: HttpCall): Call {
  return {
    dialect: conventionDialect,
    asksModel: true,
    operation: http.endpoint.operation,
    provider: canonicalProvider(http.endpoint.provider, http.endpoint.model, http.address),
    requestModel: http.endpoint.model,
    responseModel: undefined,
    answered: !http.failed,
    failed: http.failed,
    errorType: http.errorType === "" ? undefined : http.errorType,
    resendCount: undefined,
    operationId: undefined,
    ttftSeconds: undefined,
    lastAttemptMs: undefined,
    durationMs: undefined,
  };
}

function operationsOf(requests: readonly BatchEntry[]): BatchEntry[][] {
  const callers = new Map<string, BatchEntry[][]>();
  for (const request of requests.toSorted((a, b) => a.span.startMs - b.span.startMs)) {
    const caller = `${request.span.traceId} ${request.span.parentSpanId} ${request.http?.address}`;
    const operations = callers.get(caller) ?? [];
    callers.set(caller, operations);
    addTo(operations, request);
  }
  return [...callers.values()].flat();
}

/** Operations of one caller that may go on: older ones are not looked at. */
const OPEN_OPERATIONS_MAX = 256;

function addTo(operations: BatchEntry[][], request: BatchEntry): void {
  const open = operations.slice(-OPEN_OPERATIONS_MAX);
  const original = open.find((attempts) => isDuplicate(attempts.at(-1), request))?.at(-1);
  if (original !== undefined) {
    if (request.node !== null) request.node.claimedBy = original.node;
    return;
  }
  const operation = open.find((attempts) => repeats(request, attempts));
  if (operation === undefined) operations.push([request]);
  else operation.push(request);
}

function isStoodFor(node: TraceNode, memory: TraceMemory): boolean {
  if (node.claimedBy !== null || node.promoted) return true;
  let above = node.parent;
  for (let depth = 0; above !== null && depth < ANCESTORS_MAX; depth += 1) {
    if (above.note.role === "call") return true;
    above = above.parent;
  }
  return memory.detached.some((call) => isServedElsewhere(call, node));
}

/** They come in the order of their starts, so only the latest attempt can be the same request. */
function isDuplicate(a: BatchEntry | undefined, b: BatchEntry): boolean {
  if (a === undefined || a.http?.status !== b.http?.status || b.span.startMs >= a.span.endMs) return false;
  const isSameTime = Math.abs(a.span.startMs - b.span.startMs) <= DUPLICATE_MS && Math.abs(a.span.endMs - b.span.endMs) <= DUPLICATE_MS;
  return isSameTime || a.span.scopeName !== b.span.scopeName;
}

/** The next attempt of an operation: after a failure worth another try, and after it had ended. */
function repeats(request: BatchEntry, operation: readonly BatchEntry[]): boolean {
  const last = operation.at(-1);
  if (last === undefined || !isWorthRepeating(last)) return false;
  const gapMs = request.span.startMs - last.span.endMs;
  const resendCount = request.http?.resendCount ?? -1;
  if (gapMs < 0 || gapMs > RETRY_GAP_MS_MAX || resendCount === 0 || hasCallBetween(last, request)) return false;
  // Under a parent that never came the requests are one SDK call's; beside others only a wait or the SDK's count tells.
  return request.node?.parent?.note === UNSEEN || resendCount > 0 || gapMs >= BACKOFF_MS_MIN;
}

function isWorthRepeating({ http, node }: BatchEntry): boolean {
  return http !== null && http.failed && node !== null && node.retryable;
}

/** A GenAI span beside both that began after the one and before the other is the next attempt, not this request. */
function hasCallBetween(last: BatchEntry, request: BatchEntry): boolean {
  const siblings = request.node === null ? [] : siblingsNear(request.node);
  return siblings.some(({ counted, note }) => counted && note.startMs >= last.span.startMs && note.startMs <= request.span.startMs);
}
