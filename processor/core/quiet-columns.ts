import { enrichBatch } from "./enrich.ts";
import { writeFindings } from "./enrich-call.ts";
import type { EnrichContext } from "./enrich-context.ts";
import { serviceOf } from "./enrich-entry.ts";
import { ALONE, type ColumnFindings, type EnrichmentTemplate } from "./enrichment-template.ts";
import { EarlierSpans } from "./quiet-earlier.ts";
import { QuietFailures, type FoundFailure, type KnownTexts } from "./quiet-failure.ts";
import { hexOfWords } from "./quiet-ids.ts";
import { QuietJudge, type JudgedTrace } from "./quiet-judge.ts";
import { findRepeats, type Repeat, type Try } from "./quiet-repeats.ts";
import { QUIET_ROLE, type QuietCall, type QuietShape } from "./quiet-shape.ts";
import { createQuietShapes } from "./quiet-shapes.ts";
import { ColumnSpan, SPAN_ID_WORDS, TRACE_ID_WORDS } from "./quiet-span.ts";
import { createQuietTemplates, VALUES_MAX, type TemplateMarks } from "./quiet-template.ts";
import type { HeldTrace } from "./quiet-ring.ts";
import { QuietTraces } from "./quiet-traces.ts";
import { fillFields, QuietValues, resentOf, type OwnNumbers } from "./quiet-values.ts";
import {
  firstSpanOf,
  ID_STRIDE,
  ID_WORD,
  NO_PARENT,
  SPAN_COLUMN,
  SPAN_STRIDE,
  spanAfter,
  TRACE_COLUMN,
  TRACE_STRIDE,
  type SpanColumns,
} from "./span-columns.ts";
import { readSpan } from "./span-reading.ts";
import type { Attributes, Span } from "./span.ts";
import type { TraceMemory } from "./trace-memory.ts";

const SPANS_GUESS = 1_024;
/** Names of services are a handful; a sender that makes them up must not fill the memory. */
const SERVICES_MAX = 1_000;

/** The texts of the failed span at that index of the columns; null where they are too many. */
export type ReadTexts = (index: number) => KnownTexts | null;

/** The quiet traces of one memory, and what is worked with on every request. */
export class QuietColumns {
  private readonly memory: TraceMemory;
  private readonly traces: QuietTraces;
  private readonly judge = new QuietJudge();
  private readonly earlier = new EarlierSpans();
  /** Numbers of resources by the names of their services, which is all that is asked of them (enrich-entry.ts, serviceOf). */
  private readonly services = new Map<string, number>();
  private shapes = createQuietShapes();
  private templates = createQuietTemplates();
  private context: EnrichContext;
  /** Of the request before: another list says that all were forgotten. */
  private columnShapes: SpanColumns["shapes"] | null = null;
  private span: ColumnSpan | null = null;
  private readonly kinds: { readonly shapes: (QuietShape | undefined)[]; readonly resources: number[]; roles: Uint8Array } = {
    shapes: [],
    resources: [],
    roles: this.judge.roles,
  };
  private readonly marks: TemplateMarks = {
    asksModel: false,
    present: 0,
    costStatus: "",
    priceDate: null,
    httpStatus: 0,
    answeredMs: Number.NaN,
    counted: false,
    failure: null,
    retryDelayMs: Number.NaN,
  };
  /** Of the span that is written. */
  private readonly own: OwnNumbers = { numbers: new Float64Array(), from: 0 };
  private readonly values: QuietValues;
  private readonly found: (EnrichmentTemplate | null)[] = [];
  private firstValue = new Int32Array(SPANS_GUESS);
  private readonly failures = new QuietFailures();
  /** Of the trace that is written, by span of a failed call. */
  private readonly foundFailures = new Map<number, FoundFailure>();

  constructor(context: EnrichContext) {
    this.memory = context.memory;
    this.traces = new QuietTraces(context.memory.limits);
    this.values = new QuietValues(SPANS_GUESS * VALUES_MAX, context.prices);
    this.context = context;
  }

  /** Traces that are held, and those that newer ones have pushed out. */
  get size(): number {
    return this.traces.size;
  }

  get lost(): number {
    return this.traces.lost;
  }

  begin(nowMs: number | undefined): void {
    this.traces.begin(nowMs);
  }

  /** Gives a trace over to the ordinary memory, as if its spans had come by that way. Answers when the last came; null where none is held. */
  thaw(traceId: string): number | null {
    const taken = this.traces.take(traceId);
    if (taken === null) return null;
    const { prices, endpoints } = this.context;
    const context: EnrichContext = { prices, memory: this.memory, ...(endpoints === undefined ? {} : { endpoints }) };
    for (const spans of taken.parts) enrichBatch(spans, context);
    return taken.touchedMs;
  }

  enrich(columns: SpanColumns, context: EnrichContext, read: ReadTexts): ColumnFindings {
    this.memory.begin(context.nowMs);
    this.prepare(columns, context);
    const claimsElsewhere = this.readShapes(columns, context);
    const { earlier, kinds, foundFailures: failures } = this;
    const unread: number[] = [];
    const asked = { columns, trace: 0, claimsElsewhere, read, earlier, kinds, shapes: kinds.shapes, failures };
    for (; asked.trace < columns.traceCount; asked.trace += 1) {
      if (!this.enrichTrace(asked)) addSpans(columns, asked.trace, unread);
    }
    unread.sort((a, b) => a - b);
    return { templates: this.found, firstValue: this.firstValue, values: this.values.list, unread };
  }

  private prepare({ spanCount, resources, shapes }: SpanColumns, context: EnrichContext): void {
    const { found, values, kinds, services } = this;
    const isStale = this.templates.full || context.prices !== this.context.prices || context.endpoints !== this.context.endpoints;
    if (isStale || shapes !== this.columnShapes) this.forgetShapes();
    this.columnShapes = shapes;
    this.context = context;
    this.judge.begin(spanCount);
    kinds.roles = this.judge.roles;
    if (spanCount > this.firstValue.length) this.firstValue = new Int32Array(2 * spanCount);
    values.begin(spanCount * VALUES_MAX, context.prices);
    found.length = spanCount;
    found.fill(null);
    if (services.size > SERVICES_MAX || this.traces.tidy()) services.clear();
    for (let index = 0; index < resources.length; index += 1) kinds.resources[index] = this.serviceNumber(resources[index]);
  }

  /** Those before may still be of traces that are held, but not those before these: a client that invents shapes must not fill the memory. */
  private forgetShapes(): void {
    this.shapes = createQuietShapes();
    this.templates = createQuietTemplates();
    this.kinds.shapes.length = 0;
    this.traces.turnGeneration();
    this.services.clear();
  }

  private serviceNumber(resource: Attributes | undefined): number {
    const name = resource === undefined ? "" : serviceOf({ resource });
    const known = this.services.get(name);
    if (known !== undefined) return known;
    const number = this.traces.numberOfResource(name === "" ? {} : { "service.name": name });
    this.services.set(name, number);
    return number;
  }

  /** Answers whether there is a call that may claim the requests of other traces, when it comes in one batch with them. */
  private readShapes(columns: SpanColumns, context: EnrichContext): boolean {
    const { spans, spanCount } = columns;
    const { shapes } = this.kinds;
    let claimsElsewhere = false;
    for (let index = 0; index < spanCount; index += 1) {
      const at = index * SPAN_STRIDE;
      const shape = spans[at + SPAN_COLUMN.shape] ?? -1;
      const kind = shape < 0 ? undefined : this.shapes.of(shape, columns, index, context);
      shapes[index] = kind;
      // Who has no parent here and is not recognised may be one of those that the memory has seen.
      if (kind === undefined) claimsElsewhere ||= spans[at + SPAN_COLUMN.parent] === NO_PARENT && context.memory.detached.length > 0;
      else claimsElsewhere ||= kind.claimsElsewhere;
    }
    return claimsElsewhere;
  }

  /** false: it has to be read span by span. */
  private enrichTrace(asked: AskedTrace): boolean {
    const { columns, trace, earlier } = asked;
    const { traces } = columns;
    const at = trace * TRACE_STRIDE;
    if ((traces[at + TRACE_COLUMN.unrecognised] ?? 0) > 0 || this.isOrdinary(columns, trace)) return false;
    const idAt = firstSpanOf(columns, trace) * ID_STRIDE + ID_WORD.trace;
    if (!this.traces.readEarlier(columns.ids, idAt, earlier)) return false;
    const verdict = this.judge.judge(asked);
    if (verdict === "loud") return false;
    // What stands above no call and no request is not remembered (enrich-entry.ts, rememberOthers).
    if (verdict === "plain" && earlier.count === 0) return true;
    // A call in another trace that began before claims what is not claimed yet (retry-attempts.ts, collectElsewhere).
    if (asked.claimsElsewhere && this.judge.requestCount > 0) return false;
    // Each span and the parent that it names take a place in the memory of the trace (trace-memory.ts, nodeOf).
    if (2 * ((traces[at + TRACE_COLUMN.spans] ?? 0) + earlier.count) > this.memory.limits.spansPerTraceMax) return false;
    return !this.isResent(columns) && this.keepTrace(asked);
  }

  /** Holds it and writes what is found; false where it is to be read span by span after all. */
  private keepTrace(asked: AskedTrace): boolean {
    const { columns, earlier } = asked;
    if (this.foundFailures.size > 0) this.foundFailures.clear();
    if (this.judge.failedCount > 0 && !this.findFailures(columns, asked.read)) return false;
    const repeats = this.judge.mayRepeat ? this.findRepeats(columns) : NONE_REPEAT;
    if (repeats === null || !this.traces.add(asked, earlier.count > 0)) return false;
    this.writeTrace(columns, asked.trace, repeats);
    return true;
  }

  /** false: one of the calls that failed has to be read by itself. */
  private findFailures(columns: SpanColumns, read: ReadTexts): boolean {
    const { calls, callCount, requestOf } = this.judge;
    const { shapes } = this.kinds;
    for (let index = 0; index < callCount; index += 1) {
      const span = calls[index] ?? -1;
      const shape = shapes[span];
      if (shape?.failed !== true || shape.call === null) continue;
      const hasTexts = columns.spans[span * SPAN_STRIDE + SPAN_COLUMN.ownTexts] === 1;
      const texts = hasTexts ? read(span) : null;
      if (hasTexts && texts === null) return false;
      const request = requestOf[span] ?? -1;
      const failed = { columns, span, call: shape.call, request, requestShape: request < 0 ? undefined : shapes[request] };
      const found = this.failures.find(failed, texts, this.context);
      if (found === null) return false;
      this.foundFailures.set(span, found);
    }
    return true;
  }

  /** null: who repeats whom has to be found span by span. */
  private findRepeats(columns: SpanColumns): ReadonlyMap<number, Repeat> | null {
    const { calls, callCount, requestOf } = this.judge;
    const tries = Array.from(calls.subarray(0, callCount), (span): Try => {
      const request = requestOf[span] ?? -1;
      const [startMs, endMs] = [timeOf(columns, span, 0), timeOf(columns, span, 1)];
      const requestMs = request < 0 ? startMs : timeOf(columns, request, 0);
      const failure = this.foundFailures.get(span)?.failure ?? null;
      return { span, model: this.kinds.shapes[span]?.model ?? "", startMs, endMs, requestMs, failure };
    });
    return findRepeats(tries);
  }

  private isOrdinary(columns: SpanColumns, trace: number): boolean {
    const { ids } = columns;
    const at = firstSpanOf(columns, trace) * ID_STRIDE + ID_WORD.trace;
    const { memory } = this;
    return memory.mayKnow(ids[at + TRACE_ID_WORDS - 1] ?? 0) && memory.isOrdinary(hexOfWords(ids, at, TRACE_ID_WORDS));
  }

  /** Earlier attempts, by an emitter's count that is a number of each span (retry.ts, statedCount). */
  private isResent(columns: SpanColumns): boolean {
    const { calls, callCount } = this.judge;
    for (let index = 0; index < callCount; index += 1) {
      const span = calls[index] ?? -1;
      const call = this.kinds.shapes[span]?.call ?? null;
      if (call === null || !call.resendVaries) continue;
      fillFields(call, this.ownOf(columns, span));
      if (resentOf(call) > 0) return true;
    }
    return false;
  }

  /** The trace was added last to those that are held. */
  private writeTrace(columns: SpanColumns, trace: number, repeats: ReadonlyMap<number, Repeat>): void {
    const { foundFailures } = this;
    const anyFailed = foundFailures.size > 0;
    for (let span = firstSpanOf(columns, trace); span >= 0; span = spanAfter(columns, span)) {
      const shape = this.kinds.shapes[span];
      if (shape === undefined || shape.call === null) continue;
      const repeat = repeats.size === 0 ? undefined : repeats.get(span);
      if (repeat === undefined) this.writeSpan(columns, span, shape, anyFailed ? foundFailures.get(span) : undefined);
      else this.writeRepeat(columns, span, shape, repeat);
    }
  }

  private writeSpan(columns: SpanColumns, index: number, shape: QuietShape, failed: FoundFailure | undefined): void {
    const { marks, values, context, templates } = this;
    const { call } = shape;
    if (call === null) return;
    const request = this.judge.requestOf[index] ?? -1;
    const span = this.spanAt(columns, index);
    const own = this.ownOf(columns, index);
    if (call.resendVaries) fillFields(call, own);
    this.markRequest(columns, request);
    marks.asksModel = this.judge.roles[index] === QUIET_ROLE.call;
    marks.counted = marks.asksModel && (call.countsResends || resentOf(call) === 0);
    markFailure(marks, failed, request >= 0);
    this.firstValue[index] = values.count;
    values.add(span, call, own, marks);
    this.found[index] = templates.find(call, marks) ?? this.makeTemplate(call, span);
    if (shape.unknownScope) context.onUnknownDialect?.(shape.column.scopeName);
  }

  /** It names the span that it repeats, which no other does: nothing of it is kept for others. */
  private writeRepeat(columns: SpanColumns, index: number, shape: QuietShape, { of, count, reason, waitMs }: Repeat): void {
    const { context } = this;
    const span = this.spanAt(columns, index);
    const { call, usage } = readSpan(span, context);
    if (call === null) return;
    const request = this.judge.requestOf[index] ?? -1;
    const httpStatus = this.kinds.shapes[request]?.httpStatus ?? 0;
    const lastAttempt = request < 0 ? undefined : { note: { startMs: timeOf(columns, request, 0), httpStatus } };
    const retries = { count, reason, waitMs, of: spanIdOf(columns, of.span), lastAttempt };
    const failure = this.foundFailures.get(index)?.failure ?? null;
    const enrichment = writeFindings({ span, call, llmCall: true, failure, retries, usage }, context.prices);
    this.firstValue[index] = this.values.count;
    this.found[index] = { id: ALONE, enrichment, numberKeys: NO_KEYS };
    if (shape.unknownScope) context.onUnknownDialect?.(shape.column.scopeName);
  }

  private markRequest({ spans, numbers }: SpanColumns, request: number): void {
    const { marks } = this;
    marks.httpStatus = request < 0 ? 0 : (this.kinds.shapes[request]?.httpStatus ?? 0);
    marks.answeredMs = request < 0 ? Number.NaN : (numbers[spans[request * SPAN_STRIDE + SPAN_COLUMN.firstNumber] ?? 0] ?? 0);
  }

  private makeTemplate(call: QuietCall, span: Span): EnrichmentTemplate {
    fillFields(call, this.own);
    return this.templates.make(call, this.marks, span, this.context.prices);
  }

  private ownOf({ spans, numbers }: SpanColumns, index: number): OwnNumbers {
    const { own } = this;
    own.numbers = numbers;
    own.from = spans[index * SPAN_STRIDE + SPAN_COLUMN.firstNumber] ?? 0;
    return own;
  }

  /** One span after another is this one. */
  private spanAt(columns: SpanColumns, index: number): ColumnSpan {
    return (this.span ??= new ColumnSpan(columns, index)).be(columns, index);
  }
}

/** A trace of a request that is to be enriched; one after another is this one. */
interface AskedTrace extends JudgedTrace, HeldTrace {
  /** A call beside it may claim its requests. */
  readonly claimsElsewhere: boolean;
  readonly read: ReadTexts;
}

/** A request that failed with its call may have had no answer, and counts all the same (retry.ts, retriesOf). */
function markFailure(marks: TemplateMarks, failed: FoundFailure | undefined, hasRequest: boolean): void {
  marks.failure = failed === undefined ? null : failed.kind;
  marks.retryDelayMs = failed === undefined ? Number.NaN : (failed.failure.retryDelayMs ?? Number.NaN);
  if (failed !== undefined && hasRequest) marks.counted = true;
}

const NONE_REPEAT: ReadonlyMap<number, Repeat> = new Map();
const NO_KEYS: readonly string[] = [];

/** When a span began or ended. */
function timeOf({ spans, numbers }: SpanColumns, span: number, number: 0 | 1): number {
  return numbers[(spans[span * SPAN_STRIDE + SPAN_COLUMN.firstNumber] ?? 0) + number] ?? 0;
}

function spanIdOf({ ids }: SpanColumns, span: number): string {
  return hexOfWords(ids, span * ID_STRIDE + ID_WORD.span, SPAN_ID_WORDS);
}

function addSpans(columns: SpanColumns, trace: number, to: number[]): void {
  for (let span = firstSpanOf(columns, trace); span >= 0; span = spanAfter(columns, span)) to.push(span);
}
