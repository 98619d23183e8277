import type { ColumnFindings, EnrichmentTemplate } from "../core/enrichment-template.ts";
import { type ColumnShape, MESSAGE_COLUMN, MESSAGE_STRIDE, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import type { Attributes } from "../core/span.ts";
import { CopyBuffer } from "../sinks/copy-buffer.ts";
import { writeSource } from "../sinks/copy-row.ts";
import { amount, count, durationOf, microsOf, millisOf, readSource, type RowSourceLabels } from "../sinks/postgres-row.ts";
import type { RowsWriter } from "../sinks/rows-writer.ts";
import type { CallKind } from "../storage/call-kinds.ts";
import { CALL_SUM } from "../storage/call-sums.ts";
import type { SpanPlace } from "./row-heads.ts";
import { NUMBER_KIND, PLAN_COLUMN, PLAN_STRIDE, planRow, type RowPlan } from "./row-plan.ts";

/** A request whose spans are enriched by columns. */
export interface RowColumns {
  readonly columns: SpanColumns;
  readonly findings: ColumnFindings;
}

/** The fields that a resource decides, and what they say. */
interface Source extends RowSourceLabels {
  readonly bytes: Uint8Array;
}

/** More than enrichment writes. */
const SPAN_VALUES_MAX = 64;
const FOUND_GUESS = 4_096;
const FOUND_KEPT_MAX = 262_144;
const SOURCES_MAX = 1_024;
const SOURCE_BYTES_MAX = 2_048;

/** Makes rows of recognised spans: what spans of a shape have in common is written once, and each adds its numbers. */
export class ColumnRows {
  private readonly writer: RowsWriter;
  /** By the template's id, and by the shape's index for spans that get none. */
  private readonly byTemplate: (RowPlan | undefined)[] = [];
  private readonly byShape: (RowPlan | undefined)[] = [];
  private readonly sources = new Map<string, Source>();
  private readonly known = new WeakMap<Attributes, Source>();
  /** By resource of the request. */
  private readonly requestSources: Source[] = [];
  /** Of the span whose row is written. */
  private readonly place = { start: 0, end: 0 };
  /** Of the span whose row is written, as its columns take them. */
  private readonly values = new Float64Array(SPAN_VALUES_MAX);
  /** Of all spans, as they were found. */
  private found = new Float64Array(FOUND_GUESS);
  private foundCount = 0;

  constructor(writer: RowsWriter) {
    this.writer = writer;
  }

  /**
   * Adds the rows of the spans that were not left unread to what the writer has begun. Answers those that have to be written the
   * ordinary way.
   */
  add({ columns, findings }: RowColumns): number[] {
    const odd: number[] = [];
    const { unread } = findings;
    let nextUnread = 0;
    this.foundCount = 0;
    this.requestSources.length = 0;
    for (const resource of columns.resources) this.requestSources.push(this.sourceOf(resource));
    for (let span = 0; span < columns.spanCount; span++) {
      if (unread[nextUnread] === span) nextUnread++;
      else if (!this.addSpan({ columns, findings }, span)) odd.push(span);
    }
    return odd;
  }

  /** The values of the spans that were added last and have a template, one span after another; good until the next request. */
  takeValues(): Float64Array {
    const taken = this.found.subarray(0, this.foundCount);
    if (this.found.length > FOUND_KEPT_MAX) this.found = new Float64Array(FOUND_GUESS);
    return taken;
  }

  private addSpan({ columns, findings }: RowColumns, span: number): boolean {
    const template = findings.templates[span] ?? null;
    if (template !== null) this.keepValues(template, findings, findings.firstValue[span] ?? 0);
    // What it says in texts of its own is part of its row.
    if (columns.spans[span * SPAN_STRIDE + SPAN_COLUMN.ownTexts] === 1) return false;
    const plan = this.planOf(columns, span, template);
    if (plan.block === null || !this.readValues(plan, findings, span)) return false;
    const ids = this.writer.beginRow(this.placeOf(columns, span), template !== null);
    if (ids < 0) return false;
    this.writeFields(plan, columns, span, ids);
    return true;
  }

  private placeOf({ spans, messages }: SpanColumns, span: number): SpanPlace {
    const at = (spans[span * SPAN_STRIDE + SPAN_COLUMN.message] ?? 0) * MESSAGE_STRIDE;
    this.place.start = messages[at + MESSAGE_COLUMN.start] ?? 0;
    this.place.end = messages[at + MESSAGE_COLUMN.end] ?? 0;
    return this.place;
  }

  /** Behind the head. */
  private writeFields(plan: RowPlan, columns: SpanColumns, span: number, ids: number): void {
    const { writer } = this;
    const { out } = writer;
    const { spans, numbers } = columns;
    const number = spans[span * SPAN_STRIDE + SPAN_COLUMN.firstNumber] ?? 0;
    const startMs = numbers[number] ?? 0;
    const durationMs = durationOf(startMs, numbers[number + 1] ?? 0);
    const micros = microsOf(startMs);
    const source = this.requestSources[spans[span * SPAN_STRIDE + SPAN_COLUMN.resource] ?? 0] as Source;
    out.timestamp(micros);
    out.float8(durationMs);
    out.int4(plan.httpStatus ?? writer.head.httpStatus);
    out.fields(source.bytes);
    const block = out.fields(plan.block ?? NO_BYTES);
    if (plan.template !== null) this.writeNumbers(plan, out, block);
    if (plan.words === null) writer.endRow(plan.template !== null, ids, micros);
    else this.countCall(plan, source, { ids, micros, durationMs });
  }

  private keepValues({ numberKeys }: EnrichmentTemplate, { values }: ColumnFindings, first: number): void {
    const end = this.foundCount + numberKeys.length;
    if (end > this.found.length) {
      const larger = new Float64Array(2 * end);
      larger.set(this.found);
      this.found = larger;
    }
    for (let index = 0; index < numberKeys.length; index++) this.found[this.foundCount + index] = values[first + index] ?? Number.NaN;
    this.foundCount = end;
  }

  private planOf({ spans, shapes }: SpanColumns, span: number, template: EnrichmentTemplate | null): RowPlan {
    const index = spans[span * SPAN_STRIDE + SPAN_COLUMN.shape] ?? 0;
    const shape = shapes[index] as ColumnShape;
    const plans = template === null ? this.byShape : this.byTemplate;
    const place = template === null ? index : template.id;
    const before = plans[place];
    if (before !== undefined && before.shape === shape && before.template === template) return before;
    return (plans[place] = planRow(shape, template));
  }

  /** false: one of them is none that its column takes. */
  private readValues({ numbers }: RowPlan, { values, firstValue }: ColumnFindings, span: number): boolean {
    const first = firstValue[span] ?? 0;
    for (let at = 0, index = 0; at < numbers.length; at += PLAN_STRIDE, index++) {
      const value = valueOf(numbers[at + PLAN_COLUMN.kind] ?? 0, values[first + index] ?? Number.NaN);
      if (value === null) return false;
      this.values[index] = value;
    }
    return true;
  }

  private writeNumbers({ numbers, total }: RowPlan, out: CopyBuffer, block: number): void {
    const { values } = this;
    for (let at = 0, index = 0; at < numbers.length; at += PLAN_STRIDE, index++) {
      const place = block + (numbers[at + PLAN_COLUMN.at] ?? 0);
      if (numbers[at + PLAN_COLUMN.kind] === NUMBER_KIND.count) out.setInt8(place, values[index] ?? 0);
      else out.setFloat8(place, values[index] ?? 0);
    }
    if (total.at >= 0) out.setInt8(block + total.at, (values[total.input] ?? 0) + (values[total.output] ?? 0));
  }

  private countCall(
    plan: RowPlan,
    source: Source,
    { ids, micros, durationMs }: { readonly ids: number; readonly micros: number; readonly durationMs: number },
  ): void {
    const { writer, values } = this;
    const at = writer.endCall({ ids, micros, kind: this.kindOf(plan, source), userId: writer.head.userId });
    const sums = writer.numbers;
    sums.set(plan.sums, at);
    sums[at + CALL_SUM.duration_ms] = durationMs;
    for (let place = 0, index = 0; place < plan.numbers.length; place += PLAN_STRIDE, index++) {
      const sum = plan.numbers[place + PLAN_COLUMN.sum] ?? -1;
      if (sum >= 0) sums[at + sum] = values[index] ?? 0;
    }
    if (plan.cacheRead >= 0) sums[at + CALL_SUM.cached_calls] = (values[plan.cacheRead] ?? 0) > 0 ? 1 : 0;
  }

  private kindOf(plan: RowPlan, source: Source): CallKind {
    if (plan.lastKind !== null && plan.lastSource === source) return plan.lastKind;
    const { provider, model, operation, errorCategory, retryReason, costStatus } = plan.words as NonNullable<RowPlan["words"]>;
    const { serviceName, environment } = source;
    plan.lastSource = source;
    return (plan.lastKind = this.writer.kindOf({
      serviceName,
      environment,
      provider,
      model,
      operation,
      errorCategory,
      retryReason,
      costStatus,
    }));
  }

  /** One object for all resources that say the same. */
  private sourceOf(resource: Attributes): Source {
    return this.known.get(resource) ?? this.readSource(resource);
  }

  private readSource(resource: Attributes): Source {
    const labels = readSource(resource);
    const key = JSON.stringify(labels);
    let source = this.sources.get(key);
    if (source === undefined) {
      if (this.sources.size === SOURCES_MAX) this.sources.clear();
      const memory = Buffer.alloc(SOURCE_BYTES_MAX);
      const out = new CopyBuffer(memory);
      writeSource(out, labels);
      source = { ...labels, bytes: Uint8Array.from(memory.subarray(0, out.length)) };
      this.sources.set(key, source);
    }
    this.known.set(resource, source);
    return source;
  }
}

const NO_BYTES = new Uint8Array();

function valueOf(kind: number, value: number): number | null {
  if (kind === NUMBER_KIND.count) return count(value);
  return kind === NUMBER_KIND.seconds ? millisOf(value) : amount(value);
}
