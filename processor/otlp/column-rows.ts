import { ALONE, type ColumnFindings, type EnrichmentTemplate } from "../core/enrichment-template.ts";
import { type ColumnShape, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import type { Attributes } from "../core/span.ts";
import type { RowKernel } from "../kernel/row-exports.ts";
import { CopyBuffer } from "../sinks/copy-buffer.ts";
import { SPAN_FIELDS, TRACE_FIELDS, writeSource } from "../sinks/copy-row.ts";
import { FACT_STRIDE } from "../sinks/encoded-rows.ts";
import { readSource, type RowSourceLabels } from "../sinks/postgres-row.ts";
import type { NotedRows, RowsWriter } from "../sinks/rows-writer.ts";
import type { CallKind } from "../storage/call-kinds.ts";
import { CALL_STRIDE } from "../storage/call-sums.ts";
import { HEAD_STATE, type RowHeads } from "./row-heads.ts";
import { PLAN_STRIDE, planRow, type RowPlan } from "./row-plan.ts";
import { RowPlanMemory } from "./row-plan-memory.ts";

/** A request whose spans are enriched by columns, the one that the kernel recognised last. */
export interface RowColumns {
  readonly columns: SpanColumns;
  readonly findings: ColumnFindings;
}

interface PlannedColumns extends RowColumns {
  /** Spans that are read by themselves although they were recognised, and of which nothing was found; in their order. */
  readonly plain: readonly number[];
}

/** The fields that a resource decides, and what they say. */
interface Source extends RowSourceLabels {
  readonly bytes: Uint8Array;
  /** Where they stand in a memory of plans of which age. */
  address: number;
  age: number;
}

/** Words of the module that writes rows, processor/kernel/assembly/rows.ts: of its ANSWER, of a span's job, of a call. */
const ANSWER = { nextSpan: 24, rowCount: 25, callCount: 26, oddCount: 27, rowsEnd: 28 } as const;
const JOB_STRIDE = 3;
const JOB = { plan: 0, source: 1, values: 2 } as const;
const CALL_WORDS = 3;
const CALL = { span: 0, userStart: 1, userLength: 2 } as const;
const NOTHING_TO_DO = 0;
const DOUBLE_BYTES = 8;
/** Enrichment writes fewer on a span: the same bound as that of the module. */
const SPAN_VALUES_MAX = 32;

const SOURCES_MAX = 1_024;
const SOURCE_BYTES_MAX = 2_048;

/** Makes rows of recognised spans: what spans of a shape have in common is written once, and each adds its numbers. */
export class ColumnRows {
  private readonly writer: RowsWriter;
  private readonly heads: RowHeads;
  private readonly tables: RowTables;
  private readonly plans: RowPlanMemory;
  /** By the template's id, and by the shape's index for spans that get none. */
  private readonly byTemplate: (RowPlan | undefined)[] = [];
  private readonly byShape: (RowPlan | undefined)[] = [];
  private readonly sources = new Map<string, Source>();
  private readonly known = new WeakMap<Attributes, Source>();
  /** By resource of the request. */
  private readonly requestSources: Source[] = [];
  /** Of the spans whose rows are written; null where there is nothing to do. */
  private readonly spanPlans: (RowPlan | null)[] = [];
  /** Of the request: what is kept of its values. */
  private valueCount = 0;

  constructor(writer: RowsWriter, heads: RowHeads) {
    this.writer = writer;
    this.heads = heads;
    this.tables = tablesIn(heads.kernel);
    this.plans = new RowPlanMemory(heads.kernel);
  }

  /**
   * Adds the rows of the spans that were not read by themselves, and those of `plain`, to what the writer has begun.
   * Answers those that have to be written the ordinary way.
   */
  add(request: PlannedColumns): number[] {
    const odd: number[] = [];
    this.plans.begin();
    this.requestSources.length = 0;
    for (const resource of request.columns.resources) this.requestSources.push(this.sourceOf(resource));
    this.plan(request, odd);
    this.tables.values.set(request.findings.values.subarray(0, this.valueCount));
    for (let span = 0; span < request.columns.spanCount;) span = this.write(request.columns, span, odd);
    return odd;
  }

  /** How many numbers `keepValues` writes. */
  keptCount({ columns }: RowColumns): number {
    return columns.spanCount + this.valueCount;
  }

  /** By span where its values begin, and behind them the values; of the request that was added last. */
  keepValues({ columns, findings }: RowColumns, kept: Float64Array): void {
    kept.set(findings.firstValue.subarray(0, columns.spanCount));
    kept.set(findings.values.subarray(0, this.valueCount), columns.spanCount);
  }

  /** Notes of every span what its row is made of. */
  private plan({ columns, findings, plain }: PlannedColumns, odd: number[]): void {
    const { unread, templates, firstValue } = findings;
    const { spanPlans } = this;
    let nextPlain = 0;
    let nextUnread = 0;
    this.valueCount = 0;
    spanPlans.length = columns.spanCount;
    for (let span = 0; span < columns.spanCount; span++) {
      const template = templates[span] ?? null;
      const first = firstValue[span] ?? 0;
      if (template !== null) this.valueCount = Math.max(this.valueCount, first + template.numberKeys.length);
      let plan: RowPlan | null = null;
      const isUnread = unread[nextUnread] === span;
      const isPlain = plain[nextPlain] === span;
      if (isUnread) nextUnread++;
      if (isPlain) nextPlain++;
      if ((!isUnread || isPlain) && (plan = this.planOf(columns, span, template)) === null) odd.push(span);
      spanPlans[span] = plan;
      this.noteJob(plan, span * JOB_STRIDE, { source: sourceAt(columns, span), first });
    }
  }

  private noteJob(plan: RowPlan | null, at: number, { source, first }: { readonly source: number; readonly first: number }): void {
    const { jobs, values } = this.tables;
    jobs[at + JOB.plan] = plan === null ? NOTHING_TO_DO : plan.address;
    if (plan === null) return;
    jobs[at + JOB.source] = this.requestSources[source]?.address ?? 0;
    jobs[at + JOB.values] = values.byteOffset + first * DOUBLE_BYTES;
  }

  /** Writes rows of the spans from `from` on, as many as there is room for, and answers the next span. */
  private write(columns: SpanColumns, from: number, odd: number[]): number {
    const { heads, writer, tables } = this;
    const { kernel, answer } = heads;
    writer.makeRoom();
    kernel.placeRows(writer.bytesBefore, writer.callCount);
    let state = kernel.writeRows(from, columns.spanCount, writer.out.length, heads.capturesContent ? 1 : 0);
    while (state !== HEAD_STATE.done) state = kernel.resumeRows(heads.help(state));
    const callCount = answer[ANSWER.callCount] ?? 0;
    writer.addRows(tables, { rowCount: answer[ANSWER.rowCount] ?? 0, callCount, end: answer[ANSWER.rowsEnd] ?? 0 });
    for (let call = 0; call < callCount; call++) this.addCaller(columns, call * CALL_WORDS);
    const oddCount = answer[ANSWER.oddCount] ?? 0;
    for (let index = 0; index < oddCount; index++) odd.push(tables.odd[index] ?? 0);
    return answer[ANSWER.nextSpan] ?? columns.spanCount;
  }

  private addCaller(columns: SpanColumns, at: number): void {
    const { calls } = this.tables;
    const span = calls[at + CALL.span] ?? 0;
    const source = this.requestSources[sourceAt(columns, span)];
    const plan = this.spanPlans[span];
    if (source === undefined || !plan) return;
    this.writer.addCaller(this.kindOf(plan, source), this.heads.label(calls[at + CALL.userStart] ?? 0, calls[at + CALL.userLength] ?? 0));
  }

  /** null: its row is written the ordinary way. */
  private planOf(columns: SpanColumns, span: number, template: EnrichmentTemplate | null): RowPlan | null {
    const { spans, shapes } = columns;
    const at = span * SPAN_STRIDE;
    if (template?.id === ALONE) return null;
    if (this.requestSources[sourceAt(columns, span)]?.address === 0) return null;
    const index = spans[at + SPAN_COLUMN.shape] ?? 0;
    const shape = shapes[index] as ColumnShape;
    const plans = template === null ? this.byShape : this.byTemplate;
    const place = template === null ? index : template.id;
    const before = plans[place];
    const plan =
      before !== undefined && before.shape === shape && before.template === template ? before : (plans[place] = planRow(shape, template));
    if (plan.age !== this.plans.age) this.addPlan(plan);
    return plan.address === 0 ? null : plan;
  }

  private addPlan(plan: RowPlan): void {
    const { block, template } = plan;
    const fits = block !== null && plan.numbers.length / PLAN_STRIDE < SPAN_VALUES_MAX;
    plan.address = fits ? this.plans.addPlan(plan, block, template === null ? SPAN_FIELDS : TRACE_FIELDS) : 0;
    // What found no room is asked for again when there is some.
    plan.age = this.plans.age;
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
    const source = this.known.get(resource) ?? this.readSource(resource);
    if (source.age !== this.plans.age) {
      source.address = this.plans.addFields(source.bytes);
      source.age = this.plans.age;
    }
    return source;
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
      source = { ...labels, bytes: Uint8Array.from(memory.subarray(0, out.length)), address: 0, age: -1 };
      this.sources.set(key, source);
    }
    this.known.set(resource, source);
    return source;
  }
}

/** Its index among the resources of the request. */
const sourceAt = ({ spans }: SpanColumns, span: number): number => spans[span * SPAN_STRIDE + SPAN_COLUMN.resource] ?? 0;

/** Views of what the module that writes rows is given, and gives. */
interface RowTables extends NotedRows {
  readonly jobs: Int32Array;
  readonly values: Float64Array;
  readonly calls: Int32Array;
  readonly odd: Int32Array;
}

function tablesIn(kernel: RowKernel): RowTables {
  const { buffer } = kernel.memory;
  const spansMax = kernel.SPANS_MAX.value;
  const [rowsMax, callsMax] = [kernel.ROWS_MAX.value, kernel.CALLS_MAX.value];
  return {
    jobs: new Int32Array(buffer, kernel.JOBS.value, spansMax * JOB_STRIDE),
    values: new Float64Array(buffer, kernel.VALUES.value, spansMax * SPAN_VALUES_MAX),
    facts: new Int32Array(buffer, kernel.ROW_FACTS.value, rowsMax * FACT_STRIDE),
    micros: new Float64Array(buffer, kernel.ROW_MICROS.value, rowsMax),
    numbers: new Float64Array(buffer, kernel.CALL_NUMBERS.value, callsMax * CALL_STRIDE),
    calls: new Int32Array(buffer, kernel.CALLS.value, callsMax * CALL_WORDS),
    odd: new Int32Array(buffer, kernel.ODD.value, spansMax),
  };
}
