import { diag } from "@opentelemetry/api";
import { dialectOf, readCall } from "./core/call.ts";
import { requestFailureOf, type Failure } from "./core/call-failure.ts";
import type { EnrichContext } from "./core/enrich-context.ts";
import { readEntry, rememberLive } from "./core/enrich-entry.ts";
import { enrich } from "./core/enrich.ts";
import type { ModelEndpointRow } from "./core/model-endpoint.ts";
import { DEFAULT_PRICE_BOOK, type PriceBook } from "./core/price-book.ts";
import { STATUS, type Span } from "./core/span.ts";
import { createTraceMemory, UNSEEN } from "./core/trace-memory.ts";
import { LiveSpans } from "./span-processor-live.ts";
import { coreSpan, type LiveSdkSpan, type SdkSpan } from "./span-processor-sdk.ts";

export interface GenAiSpanProcessorOptions {
  /** Prices other than the vendored ones: `priceBookWith(file)`. */
  readonly prices?: PriceBook;
  /** Own model endpoints, beside the known hosts and paths. */
  readonly endpoints?: readonly ModelEndpointRow[];
  /** How long a GenAI span may stay open after its last HTTP request failed before it is ended as failed. */
  readonly unendedWaitMs?: number;
}

/** SDKs wait up to a minute between attempts, when the provider says so; then the next attempt has begun. */
const UNENDED_WAIT_MS = 65_000;
/** This package's own instrumentation ends its spans itself, after it has waited for the SDK's next attempt. */
const OWN_SCOPE = "genai-otel";
const LIVE_SPANS_MAX = 10_000;
const TRACES_MAX = 2_000;
const SPANS_PER_TRACE_MAX = 2_000;
const TRACE_AGE_MS_MAX = 10 * 60_000;
/** Ancestors made known with a call: the frameworks between it and the loop that may repeat it. */
const ANCESTORS_MAX = 8;

/** After a failure that no retry can mend, an instrumentation that works ends its span in milliseconds. */
const HOPELESS_WAIT_MS = 1_000;

/** An open call whose last request failed. */
interface Unended {
  readonly span: LiveSdkSpan;
  /** End of the last request: then the call was over. */
  readonly endTime: [number, number];
  readonly dueMs: number;
  readonly errorType: string;
}

/**
 * Adds what `enrich` finds to every GenAI span before it ends, in any OpenTelemetry JS SDK with `onEnding` (2.3+, 3.x).
 * The order among span processors does not matter. It never throws into the application, holds a bounded number of spans,
 * and ends calls that their instrumentation forgot when they failed.
 */
export class GenAiSpanProcessor {
  private readonly context: EnrichContext;
  private readonly unendedWaitMs: number;
  private readonly live = new LiveSpans(LIVE_SPANS_MAX);
  private readonly unended = new Map<string, Unended>();
  private timer: NodeJS.Timeout | undefined;
  private failureCount = 0;

  constructor(options: GenAiSpanProcessorOptions = {}) {
    const memory = createTraceMemory({ tracesMax: TRACES_MAX, spansPerTraceMax: SPANS_PER_TRACE_MAX, ageMsMax: TRACE_AGE_MS_MAX });
    this.context = { prices: options.prices ?? DEFAULT_PRICE_BOOK, memory, endpoints: options.endpoints ?? [] };
    this.unendedWaitMs = options.unendedWaitMs ?? UNENDED_WAIT_MS;
  }

  /** Handlers that failed inside; the first one is told to OpenTelemetry's diag. */
  get failures(): number {
    return this.failureCount;
  }

  // The three events of a span not by `guard`, which takes a closure: V8 makes one anew each time.
  onStart(span: LiveSdkSpan): void {
    try {
      this.begin(span);
    } catch (error) {
      this.noteFailure(error);
    }
  }

  onEnding(span: LiveSdkSpan): void {
    try {
      this.addAttributes(span);
    } catch (error) {
      this.noteFailure(error);
    }
  }

  onEnd(span: SdkSpan): void {
    try {
      this.finish(span);
    } catch (error) {
      this.noteFailure(error);
    }
  }

  forceFlush(): Promise<void> {
    this.guard(() => this.endUnended(Number.POSITIVE_INFINITY));
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    this.guard(() => this.endUnended(Number.POSITIVE_INFINITY));
    clearTimeout(this.timer);
    this.live.clear();
    return Promise.resolve();
  }

  private begin(span: LiveSdkSpan): void {
    // Begun when it has ended, so that it will be read in a moment, whole.
    if (isOwnRequest(span)) return;
    const pushedOut = this.live.add(span);
    if (pushedOut !== undefined) this.unended.delete(pushedOut);
    const parentSpanId = span.parentSpanContext?.spanId;
    if (parentSpanId === undefined) this.context.memory.begin(Date.now());
    if (!isRequest(span)) return;
    // Attempts are counted when they begin: a stream's request may end after the span of its call.
    rememberLive(coreSpan(span), this.context);
    if (parentSpanId !== undefined) this.unended.delete(parentSpanId);
  }

  private addAttributes(span: LiveSdkSpan): void {
    if (isOwnRequest(span)) return;
    const core = coreSpan(span);
    if (dialectOf(core, this.context.memory.scopes) === null) return;
    this.rememberAncestors(core);
    const enrichment = enrich(core, this.context);
    for (const key in enrichment) {
      const value = enrichment[key];
      // Half of what is found stands there already.
      if (value !== undefined && span.attributes[key] !== value) span.setAttribute(key, value);
    }
  }

  private finish(span: SdkSpan): void {
    const { spanId, traceId } = span.spanContext();
    const parentSpanId = span.parentSpanContext?.spanId;
    if (isOwnRequest(span)) this.unended.delete(parentSpanId ?? "");
    else {
      this.live.remove(spanId);
      this.unended.delete(spanId);
    }
    if (isRequest(span)) this.readRequest(span);
    // Nothing more comes of a trace whose root was here and that has nothing under way.
    else if (parentSpanId === undefined && !this.live.has(traceId)) this.context.memory.forget(traceId);
  }

  private readRequest(span: SdkSpan): void {
    const core = coreSpan(span);
    const { http } = readEntry(core, 0, this.context);
    const failure = http === null ? null : requestFailureOf(core, http, this.context.memory.categorize);
    if (failure !== null) this.watchCaller(core, span, failure);
  }

  /** The call above a failed request should end now, or ask again; its instrumentation may forget to. */
  private watchCaller(request: Span, { endTime }: SdkSpan, failure: Failure): void {
    const caller = this.live.get(request.parentSpanId);
    if (caller === undefined || caller.instrumentationScope.name === OWN_SCOPE || !this.asksModel(caller)) return;
    const waitMs = failure.retryable ? this.unendedWaitMs : Math.min(this.unendedWaitMs, HOPELESS_WAIT_MS);
    const [seconds, nanos] = endTime;
    this.unended.set(request.parentSpanId, {
      span: caller,
      endTime: [seconds, nanos],
      dueMs: Date.now() + waitMs,
      errorType: failure.errorType ?? failure.category,
    });
    this.schedule(waitMs);
  }

  private asksModel(span: LiveSdkSpan): boolean {
    const core = coreSpan(span);
    const dialect = dialectOf(core, this.context.memory.scopes);
    return dialect !== null && readCall(core, dialect).asksModel;
  }

  private schedule(waitMs: number): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.guard(() => this.endUnended(Date.now()));
    }, waitMs);
    // An application that has nothing else to do may exit.
    this.timer.unref();
  }

  private endUnended(nowMs: number): void {
    let nextDueMs = Number.POSITIVE_INFINITY;
    for (const [spanId, { span, endTime, dueMs, errorType }] of this.unended) {
      if (dueMs > nowMs) {
        nextDueMs = Math.min(nextDueMs, dueMs);
        continue;
      }
      this.unended.delete(spanId);
      if (span.ended) continue;
      if (span.attributes["error.type"] === undefined) span.setAttribute("error.type", errorType);
      span.setStatus({ code: STATUS.error });
      span.end(endTime);
    }
    if (nextDueMs !== Number.POSITIVE_INFINITY) this.schedule(nextDueMs - nowMs);
  }

  /** Spans above that still run: without them nobody knows which calls stand side by side. */
  private rememberAncestors(span: Span): void {
    const nodes = this.context.memory.trace(span.traceId)?.nodes;
    let above = this.live.get(span.parentSpanId);
    for (let depth = 0; above !== undefined && depth < ANCESTORS_MAX; depth += 1) {
      const core = coreSpan(above);
      if ((nodes?.get(core.spanId)?.note ?? UNSEEN) !== UNSEEN) return;
      rememberLive(core, this.context);
      above = this.live.get(core.parentSpanId);
    }
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.noteFailure(error);
    }
  }

  private noteFailure(error: unknown): void {
    this.failureCount += 1;
    if (this.failureCount === 1) diag.error("genai-otel: a span was not enriched; this is logged once", error);
  }
}

/** The span of an attempt, which this package's own instrumentation makes when it is over. */
function isOwnRequest(span: SdkSpan): boolean {
  return span.instrumentationScope.name === OWN_SCOPE && isRequest(span);
}

/** A POST by a client: cheap to tell, and what is not a model's endpoint is sorted out later. */
function isRequest(span: SdkSpan): boolean {
  return (span.attributes["http.request.method"] ?? span.attributes["http.method"]) === "POST";
}
