import type { BufferPool } from "../buffer-pool.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { detachedSpan, type Span } from "../core/span.ts";
import type { RowHeads, RowSource, SpanPlace } from "../otlp/row-heads.ts";
import { type CallKind, CallKinds, type CallWords } from "../storage/call-kinds.ts";
import { CALL_STRIDE, writeCallSums } from "../storage/call-sums.ts";
import type { AttributeColumns } from "./attribute-columns.ts";
import { CopyBuffer } from "./copy-buffer.ts";
import { SPAN_FIELDS, TRACE_FIELDS, writeHead, writeSpanFields, writeTraceFields } from "./copy-row.ts";
import { type EncodedRows, FACT, FACT_STRIDE, TABLE } from "./encoded-rows.ts";
import { readSpanRow, readTraceRow, type GenAiSpan, type HeadColumns, type SpanRow, type TraceRow } from "./postgres-row.ts";
import type { EnrichedSpan } from "./sink.ts";

/** Of the memory that rows are written into, what is free before each: more than any row takes. */
const ROW_BYTES_MAX = 1_536 * 1024;
const OWN_BYTES = ROW_BYTES_MAX + 512 * 1024;
const ROWS_GUESS = 256;
/** Tables for more rows than this are made anew for the next request. */
const ROWS_KEPT_MAX = 16_384;
const GATHERED_BYTES_KEPT_MAX = 4 * 1024 * 1024;

/**
 * Makes rows of spans, one request after another. What of a row is read off a span's bytes is read by `heads`, where there is
 * WebAssembly and the bytes are there; else off the span.
 */
export class RowsWriter {
  /** Where fields are written. */
  readonly out: CopyBuffer;
  /** What was read of the span whose row was begun last, by its bytes. */
  readonly head: HeadColumns;
  private readonly heads: RowHeads | null;
  private readonly memory: Buffer;
  private readonly start: number;
  private readonly flushAt: number;
  private readonly kindsKnown = new CallKinds();
  private isOpen = false;
  /** Rows that were taken out of the memory, which is small. */
  private gathered = Buffer.alloc(0);
  private gatheredBytes = 0;
  private count = 0;
  private facts = new Int32Array(ROWS_GUESS * FACT_STRIDE);
  private micros = new Float64Array(ROWS_GUESS);
  /** Of the calls, CALL_STRIDE each. */
  private numbers = new Float64Array(ROWS_GUESS * CALL_STRIDE);
  private kinds: CallKind[] = [];
  private users: (string | null)[] = [];
  private held: EnrichedSpan[] = [];

  constructor(heads: RowHeads | null) {
    this.heads = heads;
    this.head = heads ?? NO_HEAD;
    this.memory = heads?.bytes ?? Buffer.allocUnsafeSlow(OWN_BYTES);
    this.start = heads?.rowsStart ?? 0;
    this.flushAt = heads?.rowsFull ?? OWN_BYTES - ROW_BYTES_MAX;
    this.out = new CopyBuffer(this.memory);
  }

  /** Starts a request, whose spans' bytes are there, or not; `isRecognised`: by the kernel that the heads are written with, as the last one. */
  begin(source: RowSource | null, isRecognised = false): void {
    this.isOpen = source !== null && (this.heads?.open(source, isRecognised) ?? false);
    this.out.length = this.start;
    this.gatheredBytes = 0;
    this.count = 0;
    this.kinds = [];
    this.users = [];
    this.held = [];
    if (this.micros.length > ROWS_KEPT_MAX) this.resize(ROWS_GUESS);
    if (this.gathered.length > GATHERED_BYTES_KEPT_MAX) this.gathered = Buffer.alloc(0);
  }

  /** Adds the row of a span. What may be a call of its own is copied too. */
  add(enriched: EnrichedSpan, place: SpanPlace | null = null): void {
    if (isGenAi(enriched)) this.addTrace(enriched, place);
    else this.addSpan(enriched, place);
    if (enriched.unclaimed === true) this.held.push(detached(enriched));
  }

  /** Adds a row whose head is made of the span's bytes; false where that is not possible, and nothing was added. */
  addByHead(span: Span, enrichment: Enrichment | null, place: SpanPlace): boolean {
    const ids = this.beginRow(place, enrichment !== null);
    if (ids < 0) return false;
    if (enrichment === null) this.endSpan(readSpanRow({ span }, this.head), ids);
    else this.endTrace(readTraceRow({ span, enrichment }, this.head), ids);
    return true;
  }

  /**
   * Writes a row's head of the bytes of its span; answers where its ids are, -1 where that is not possible and nothing was begun. The
   * other fields are written to `out`; then the row is ended.
   */
  beginRow(place: SpanPlace, isTrace: boolean): number {
    this.makeRoom();
    const { heads, out } = this;
    if (heads === null || !this.isOpen) return -1;
    const headEnd = heads.write(place, isTrace ? TRACE_FIELDS : SPAN_FIELDS, { at: out.length, isTrace });
    if (headEnd === 0) return -1;
    out.length = headEnd;
    return heads.idsStart;
  }

  /** Of a row that is not counted. */
  private endRow(isTrace: boolean, ids: number, micros: number): void {
    this.note(isTrace ? TABLE.traces : TABLE.spans, ids, micros, -1);
  }

  /** Answers where the call's numbers are to be written. */
  private endCall({ ids, micros, kind, userId }: CountedCall): number {
    const call = this.callCount;
    this.addCaller(kind, userId);
    this.note(TABLE.traces, ids, micros, call);
    return call * CALL_STRIDE;
  }

  /** What is there already of the request's rows, for whoever writes rows to `out` and notes them himself. */
  get bytesBefore(): number {
    return this.gatheredBytes;
  }

  get callCount(): number {
    return this.kinds.length;
  }

  /** Takes over rows that were written behind those that are there, up to `end`; who asked is to be said of each call, in their order. */
  addRows({ facts, micros, numbers }: NotedRows, { end, rowCount, callCount }: RowExtent): void {
    while (this.count + rowCount > this.micros.length) this.resize(this.micros.length * 2);
    this.facts.set(facts.subarray(0, rowCount * FACT_STRIDE), this.count * FACT_STRIDE);
    this.micros.set(micros.subarray(0, rowCount), this.count);
    this.numbers.set(numbers.subarray(0, callCount * CALL_STRIDE), this.callCount * CALL_STRIDE);
    this.count += rowCount;
    this.out.length = end;
  }

  addCaller(kind: CallKind, userId: string | null): void {
    this.kinds.push(kind);
    this.users.push(userId);
  }

  kindOf(words: CallWords): CallKind {
    return this.kindsKnown.find(words);
  }

  /** The rows since `begin`, in memory of the pool where there is one, with room for so many values, which are to be filled in. */
  end(pool?: BufferPool, valueCount = 0): EncodedRows {
    const { count, kinds, users, held } = this;
    const numbers = kinds.length * CALL_STRIDE;
    const doubles = count + numbers + valueCount;
    const facts = count * FACT_STRIDE;
    const tableBytes = facts * Int32Array.BYTES_PER_ELEMENT + doubles * Float64Array.BYTES_PER_ELEMENT;
    const memory = allocate(tableBytes + this.gatheredBytes + this.out.length - this.start, pool);
    const table = new Float64Array(memory.buffer, 0, doubles);
    table.set(this.micros.subarray(0, count));
    table.set(this.numbers.subarray(0, numbers), count);
    const bytes = memory.subarray(tableBytes);
    bytes.set(this.gathered.subarray(0, this.gatheredBytes));
    bytes.set(this.memory.subarray(this.start, this.out.length), this.gatheredBytes);
    return {
      count,
      bytes,
      facts: copied(this.facts, new Int32Array(memory.buffer, doubles * Float64Array.BYTES_PER_ELEMENT, facts)),
      micros: table.subarray(0, count),
      numbers: table.subarray(count, count + numbers),
      values: table.subarray(count + numbers),
      kinds,
      users,
      held,
      memory,
    };
  }

  private addTrace(enriched: GenAiSpan, place: SpanPlace | null): void {
    const ids = place === null ? -1 : this.beginRow(place, true);
    const row = readTraceRow(enriched, ids < 0 ? null : this.head);
    this.endTrace(row, ids < 0 ? this.beginOrdinary(enriched, row.columns, true) : ids);
  }

  private addSpan(enriched: EnrichedSpan, place: SpanPlace | null): void {
    const ids = place === null ? -1 : this.beginRow(place, false);
    const row = readSpanRow(enriched, ids < 0 ? null : this.head);
    this.endSpan(row, ids < 0 ? this.beginOrdinary(enriched, row.columns, false) : ids);
  }

  private endTrace(row: TraceRow, ids: number): void {
    writeTraceFields(this.out, row);
    const { createdAtMicros: micros, userId } = row;
    if (!row.llmCall) this.endRow(true, ids, micros);
    else writeCallSums(row, this.numbers, this.endCall({ ids, micros, kind: this.kindOf(row), userId }));
  }

  private endSpan(row: SpanRow, ids: number): void {
    writeSpanFields(this.out, row);
    this.endRow(false, ids, row.createdAtMicros);
  }

  private beginOrdinary(enriched: EnrichedSpan, columns: AttributeColumns, isTrace: boolean): number {
    this.makeRoom();
    return writeHead(this.out, enriched, columns, isTrace);
  }

  /** For another row. */
  makeRoom(): void {
    if (this.out.length > this.flushAt) this.flush();
    if (this.count === this.micros.length) this.resize(this.count * 2);
  }

  /** Notes the row that ends here; `ids` is an address in the memory. */
  private note(table: number, ids: number, micros: number, call: number): void {
    const { facts, start, gatheredBytes } = this;
    const at = this.count * FACT_STRIDE;
    facts[at + FACT.end] = gatheredBytes + this.out.length - start;
    facts[at + FACT.ids] = gatheredBytes + ids - start;
    facts[at + FACT.table] = table;
    facts[at + FACT.call] = call;
    this.micros[this.count] = micros;
    this.count += 1;
  }

  private flush(): void {
    const written = this.memory.subarray(this.start, this.out.length);
    const needed = this.gatheredBytes + written.length;
    if (needed > this.gathered.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.gathered.length * 2));
      larger.set(this.gathered.subarray(0, this.gatheredBytes));
      this.gathered = larger;
    }
    this.gathered.set(written, this.gatheredBytes);
    this.gatheredBytes = needed;
    this.out.length = this.start;
  }

  /** For so many rows, each of which may be a call. */
  private resize(rows: number): void {
    this.facts = copied(this.facts, new Int32Array(rows * FACT_STRIDE));
    this.micros = copied(this.micros, new Float64Array(rows));
    this.numbers = copied(this.numbers, new Float64Array(rows * CALL_STRIDE));
  }
}

const NO_HEAD: HeadColumns = { userId: null, httpStatus: null };

/** Of rows that others have written. */
interface RowExtent {
  /** Where in the writer's memory they end. */
  readonly end: number;
  readonly rowCount: number;
  readonly callCount: number;
}

/** What was noted of them, as in `EncodedRows`. */
export interface NotedRows {
  readonly facts: Int32Array;
  readonly micros: Float64Array;
  readonly numbers: Float64Array;
}

/** A row that is counted. */
interface CountedCall {
  /** Where its ids are, as beginRow answered. */
  readonly ids: number;
  readonly micros: number;
  readonly kind: CallKind;
  readonly userId: string | null;
}

const isGenAi = (enriched: EnrichedSpan): enriched is GenAiSpan => enriched.enrichment !== null;

/** Good for as long as anybody wants it. */
function detached(enriched: EnrichedSpan): EnrichedSpan {
  return { span: detachedSpan(enriched.span), enrichment: enriched.enrichment, attributesJson: Uint8Array.from(enriched.attributesJson) };
}

/** All of an ArrayBuffer's own or its beginning, so that tables may stand in it. */
function allocate(bytes: number, pool: BufferPool | undefined): Buffer {
  return pool?.take(bytes) ?? Buffer.allocUnsafeSlow(bytes);
}

/** As much as there is room for. */
function copied<Table extends Int32Array | Float64Array>(from: Table, to: Table): Table {
  to.set(from.length > to.length ? from.subarray(0, to.length) : from);
  return to;
}
