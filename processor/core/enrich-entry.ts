import { lastMomentOf, type Call } from "./call.ts";
import { requestFailureOf, type Attempt, type Failure } from "./call-failure.ts";
import type { HttpCall } from "./call-http.ts";
import type { EnrichContext } from "./enrich-context.ts";
import type { Attempts } from "./retry-attempts.ts";
import { STATUS, type Span } from "./span.ts";
import { readSpan, type SpanReading } from "./span-reading.ts";
import type { SpanNote, TraceMemory, TraceNode } from "./trace-memory.ts";

/** A span of the batch with what was read from it. */
export interface BatchEntry extends Omit<SpanReading, "shared"> {
  readonly span: Span;
  readonly index: number;
  /** null: the memory has no room for it, or it is of no interest. */
  node: TraceNode | null;
  attempts: Attempts;
}

/** Reads a span and notes it in the memory, if it asks a model by whatever way. */
export function readEntry(span: Span, index: number, context: EnrichContext): BatchEntry {
  const reading = readSpan(span, context);
  const { call, http, saidCall, usage } = reading;
  const entry: BatchEntry = { span, index, call, http, saidCall, usage, node: null, attempts: NO_ATTEMPTS };
  if (call !== null) {
    if (!call.dialect.known) context.onUnknownDialect?.(span.scopeName);
    entry.node = context.memory.remember(callNote(span, call, saidCall));
  } else if (http !== null) entry.node = rememberRequest(span, http, reading, context);
  return entry;
}

function rememberRequest(span: Span, http: HttpCall, reading: SpanReading, context: EnrichContext): TraceNode | null {
  const failure = http.failed ? requestFailure(span, http, reading, context) : null;
  const node = context.memory.remember(requestNote(span, http, failure?.retryDelayMs ?? -1));
  if (node !== null && failure !== null) {
    node.category = failure.category;
    node.retryable = failure.retryable;
  }
  return node;
}

/** A request to a model as the memory would know it; null for any other span. */
export function readAttempt(span: Span, context: EnrichContext): Attempt | null {
  const reading = readSpan(span, context);
  const { http } = reading;
  if (http === null) return null;
  const failure = http.failed ? requestFailure(span, http, reading, context) : null;
  const note = requestNote(span, http, failure?.retryDelayMs ?? -1);
  return { note, category: failure?.category ?? null, retryable: failure?.retryable ?? false };
}

/** Where nothing but its status tells of the failure, it is that of every span of the shape. */
function requestFailure(span: Span, http: HttpCall, { shared }: SpanReading, { memory }: EnrichContext): Failure | null {
  if (shared === null || span.statusMessage !== "" || span.events.length > 0) return requestFailureOf(span, http, memory.categorize);
  if (shared.failure === undefined) shared.failure = requestFailureOf(span, http, memory.categorize);
  return shared.failure;
}

const NO_ATTEMPTS: Attempts = [];

/** Passes over the others in a batch: their order is not that of the tree. */
const PASSES_MAX = 8;

/** Of all other spans only those matter that stand above one in the memory; a trace without calls costs one lookup. */
export function rememberOthers(entries: readonly BatchEntry[], memory: TraceMemory): void {
  let open: BatchEntry[] = [];
  for (const entry of entries) {
    if (entry.call === null && entry.http === null && memory.touch(entry.span.traceId) !== undefined) open.push(entry);
  }
  for (let pass = 0; pass < PASSES_MAX && open.length > 0; pass += 1) {
    const waiting: BatchEntry[] = [];
    for (const entry of open) {
      if (memory.trace(entry.span.traceId)?.nodes.has(entry.span.spanId) === true) entry.node = memory.remember(otherNote(entry.span));
      else waiting.push(entry);
    }
    if (waiting.length === open.length) return;
    open = waiting;
  }
}

/** Notes a span that has begun and not ended: its neighbours may ask for it before it does. */
export function rememberLive(span: Span, context: EnrichContext): TraceNode | null {
  const { call, http, saidCall } = readSpan(span, context);
  if (call !== null) return context.memory.remember({ ...callNote(span, call, saidCall), ...LIVE });
  return context.memory.remember({ ...(http === null ? otherNote(span) : requestNote(span, http, -1)), ...LIVE });
}

const LIVE = { endMs: Number.NaN, failed: false };

/*
 * Each note is one literal with the same keys in the same order: made by spreading a blank one, which V8 copies key by key
 * through a runtime call, each span left three of them to the garbage collector.
 */

/** A span that was enriched before keeps its word: what was false is no call here either. */
function callNote(span: Span, call: Call, saidCall: boolean | undefined): SpanNote {
  const { table } = call.dialect;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    role: (saidCall ?? call.asksModel) ? "call" : "wrapper",
    // What ends a stream states how long it ran; its own times are one moment.
    startMs: call.durationMs === undefined ? span.startMs : Math.min(span.startMs, span.endMs - call.durationMs),
    endMs: lastMomentOf(span, call.dialect),
    failed: call.failed,
    scopeName: span.scopeName,
    native: table.native === true,
    endsStream: call.durationMs !== undefined && table.streamEndsInOwnSpan === true,
    requestsOutside: table.requestsOutside === true,
    service: table.requestsOutside === true ? serviceOf(span) : "",
    operationId: noted(call.operationId),
    model: noted(call.requestModel ?? call.responseModel),
    provider: call.provider ?? "",
    endpoint: "",
    httpStatus: 0,
    errorType: "",
    resendCount: call.resendCount ?? -1,
    statedWaitMs: -1,
  };
}

function requestNote(span: Span, http: HttpCall, statedWaitMs: number): SpanNote {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    role: "http",
    startMs: span.startMs,
    endMs: span.endMs,
    failed: http.failed,
    scopeName: span.scopeName,
    native: false,
    endsStream: false,
    requestsOutside: false,
    service: serviceOf(span),
    operationId: "",
    model: http.endpoint.model ?? "",
    provider: http.provider,
    endpoint: http.address,
    httpStatus: http.status,
    errorType: http.errorType,
    resendCount: http.resendCount,
    statedWaitMs,
  };
}

function otherNote(span: Span): SpanNote {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    role: "other",
    startMs: span.startMs,
    endMs: span.endMs,
    failed: span.statusCode === STATUS.error,
    scopeName: span.scopeName,
    native: false,
    endsStream: false,
    requestsOutside: false,
    service: "",
    operationId: "",
    model: "",
    provider: "",
    endpoint: "",
    httpStatus: 0,
    errorType: "",
    resendCount: -1,
    statedWaitMs: -1,
  };
}

/** A longer text names nothing, and a hundred thousand of them would be most of the memory. */
const NOTED_CHARS_MAX = 256;

function noted(text: string | undefined): string {
  return text === undefined || text.length > NOTED_CHARS_MAX ? "" : text;
}

/** What the memory takes for the service that a span is from; "" where it is not known. */
export function serviceOf({ resource }: Pick<Span, "resource">): string {
  const name = resource["service.name"];
  return typeof name === "string" ? noted(name) : "";
}
