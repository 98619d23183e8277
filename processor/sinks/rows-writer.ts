import type { BufferPool } from "../buffer-pool.ts";
import { detachedSpan } from "../core/span.ts";
import type { RowHeads, RowSource } from "../otlp/row-heads.ts";
import { type CallKind, CallKinds } from "../storage/call-kinds.ts";
import { CALL_STRIDE, writeCallSums } from "../storage/call-sums.ts";
import { CopyBuffer } from "./copy-buffer.ts";
import { SPAN_FIELDS, TRACE_FIELDS, writeHead, writeSpanFields, writeTraceFields } from "./copy-row.ts";
import { type EncodedRows, FACT, FACT_STRIDE, TABLE } from "./encoded-rows.ts";
import { readSpanRow, readTraceRow, type GenAiSpan } from "./postgres-row.ts";
import type { EnrichedSpan } from "./sink.ts";

/** Of the memory that rows are written into, what is free before each: more than any row takes. */
const ROW_BYTES_MAX = 1_536 * 1024;
const OWN_BYTES = ROW_BYTES_MAX + 512 * 1024;
const ROWS_GUESS = 256;
/** Tables for more rows than this are made anew for the next request. */
const ROWS_KEPT_MAX = 16_384;
const GATHERED_BYTES_KEPT_MAX = 4 * 1024 * 1024;

/** Where the bytes of a span stand in the request that is open. */
export interface SpanPlace {
  readonly start: number;
  readonly end: number;
}

/**
 * Makes rows of spans, one request after another. What of a row is read off a span's bytes is read by `heads`, where there is
 * WebAssembly and the bytes are there; else off the span.
 */
export class RowsWriter {
  private readonly heads: RowHeads | null;
  private readonly out: CopyBuffer;
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
  private numbers = new Float64Array(ROWS_GUESS * CALL_STRIDE);
  private kinds: CallKind[] = [];
  private users: (string | null)[] = [];
  private held: EnrichedSpan[] = [];

  constructor(heads: RowHeads | null) {
    this.heads = heads;
    this.memory = heads?.bytes ?? Buffer.allocUnsafeSlow(OWN_BYTES);
    this.start = heads?.rowsStart ?? 0;
    this.flushAt = (heads?.rowsEnd ?? OWN_BYTES) - ROW_BYTES_MAX;
    this.out = new CopyBuffer(this.memory);
  }

  /** Starts a request, whose spans' bytes are there, or not. */
  begin(source: RowSource | null): void {
    this.isOpen = source !== null && (this.heads?.open(source) ?? false);
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
    if (this.out.length > this.flushAt) this.flush();
    if (this.count === this.micros.length) this.resize(this.count * 2);
    if (isGenAi(enriched)) this.addTrace(enriched, place);
    else this.addSpan(enriched, place);
    if (enriched.unclaimed === true) this.held.push(detached(enriched));
  }

  /** The rows since `begin`, in memory of the pool where there is one. */
  end(pool?: BufferPool): EncodedRows {
    const { count, kinds } = this;
    const [facts, numbers] = [count * FACT_STRIDE, kinds.length * CALL_STRIDE];
    const tables = facts * Int32Array.BYTES_PER_ELEMENT + (count + numbers) * Float64Array.BYTES_PER_ELEMENT;
    const written = this.out.length - this.start;
    const memory = allocate(tables + this.gatheredBytes + written, pool);
    const { buffer } = memory;
    const bytes = memory.subarray(tables);
    bytes.set(this.gathered.subarray(0, this.gatheredBytes));
    bytes.set(this.memory.subarray(this.start, this.out.length), this.gatheredBytes);
    const microsAt = facts * Int32Array.BYTES_PER_ELEMENT;
    return {
      count,
      bytes,
      facts: copied(this.facts, new Int32Array(buffer, 0, facts)),
      micros: copied(this.micros, new Float64Array(buffer, microsAt, count)),
      numbers: copied(this.numbers, new Float64Array(buffer, microsAt + count * Float64Array.BYTES_PER_ELEMENT, numbers)),
      kinds,
      users: this.users,
      held: this.held,
      memory,
    };
  }

  private addTrace(enriched: GenAiSpan, place: SpanPlace | null): void {
    const { out, heads } = this;
    const head = place !== null && this.writeHead(place, TRACE_FIELDS, true);
    const row = readTraceRow(enriched, head && heads !== null ? heads : null);
    const ids = head && heads !== null ? heads.idsStart : writeHead(out, enriched, row.columns, true);
    writeTraceFields(out, row);
    if (!row.llmCall) this.note(TABLE.traces, ids, row.createdAtMicros, -1);
    else {
      const call = this.kinds.push(this.kindsKnown.find(row)) - 1;
      this.users.push(row.userId);
      writeCallSums(row, this.numbers, call * CALL_STRIDE);
      this.note(TABLE.traces, ids, row.createdAtMicros, call);
    }
  }

  private addSpan(enriched: EnrichedSpan, place: SpanPlace | null): void {
    const { out, heads } = this;
    const head = place !== null && this.writeHead(place, SPAN_FIELDS, false);
    const row = readSpanRow(enriched, head && heads !== null ? heads : null);
    const ids = head && heads !== null ? heads.idsStart : writeHead(out, enriched, row.columns, false);
    writeSpanFields(out, row);
    this.note(TABLE.spans, ids, row.createdAtMicros, -1);
  }

  private writeHead({ start, end }: SpanPlace, fields: number, isCall: boolean): boolean {
    const { heads, out } = this;
    if (heads === null || !this.isOpen) return false;
    const headEnd = heads.write({ start, end, fields, isCall }, out.length);
    if (headEnd > 0) out.length = headEnd;
    return headEnd > 0;
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
