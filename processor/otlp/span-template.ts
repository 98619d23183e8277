import { DOUBLE_KEYS } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { EnrichmentTemplate } from "../core/enrichment-template.ts";
import { MARK_COLUMN, MARK_STRIDE, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import type { AttributeScalar } from "../core/span.ts";
import { type AttributeEncoder, WRITTEN_KEYS } from "./attribute-encoder.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { WireReader } from "./wire-reader.ts";

/** As processor/kernel/assembly/span-template.ts reads it. */
const NUMBER_BYTES = 88;
const FRONT_AT = 24;
const MARK_STAYS = -2;
const MARK_IS_CUT = -1;

const INT_BYTES = 1;
const DOUBLE_BYTES = 8;

/** One attribute that is added, by the way in which it is written. */
interface TemplatePart {
  readonly key: string;
  /**
   * constant: the same on every span; hole: a double that no span has before, eight bytes in a place of their own; number: what
   * a span may say already, or what is longer or shorter.
   */
  readonly kind: "constant" | "hole" | "number";
  /** Of a constant, or of the first span. */
  readonly value: AttributeScalar;
  /** Among the span's values; -1: it is `value` on all. */
  readonly valueIndex: number;
}

interface Encoding {
  readonly encoder: AttributeEncoder;
  readonly reader: WireReader;
}

/**
 * A template in the form in which the kernel appends it to spans of one shape. What a mark of the shape comes to is decided
 * here where it is the same on all of them; `span` is any one of them.
 */
export function encodeTemplate(template: EnrichmentTemplate, columns: SpanColumns, span: number, encoding: Encoding): Uint8Array {
  const marks = marksOf(columns, span);
  const parts = partsOf(template, marks);
  const numbers = parts.filter(({ kind }) => kind === "number");
  encoding.encoder.begin();
  const actions = marks.map((mark) => markAction(mark, parts, numbers, encoding));
  return packed({ parts, numbers, actions }, encoding.encoder);
}

interface SpanMark {
  readonly writtenIndex: number;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
  /** Its number is the span's own. */
  readonly hasNumber: boolean;
}

/** The attributes of a span that enrichment may replace. */
function marksOf({ spans, marks }: SpanColumns, span: number): SpanMark[] {
  const found: SpanMark[] = [];
  const end = spans[span * SPAN_STRIDE + SPAN_COLUMN.endMark] ?? 0;
  for (let mark = spans[span * SPAN_STRIDE + SPAN_COLUMN.firstMark] ?? 0; mark < end; mark++) {
    const column = (offset: number): number => marks[mark * MARK_STRIDE + offset] ?? 0;
    found.push({
      writtenIndex: column(MARK_COLUMN.writtenIndex),
      start: column(MARK_COLUMN.start),
      valueStart: column(MARK_COLUMN.valueStart),
      end: column(MARK_COLUMN.end),
      hasNumber: column(MARK_COLUMN.number) >= 0,
    });
  }
  return found;
}

function partsOf({ enrichment, numberKeys }: EnrichmentTemplate, marks: readonly SpanMark[]): TemplatePart[] {
  const marked = new Set(marks.map(({ writtenIndex }) => WRITTEN_KEYS[writtenIndex]));
  const numbered = new Set(marks.filter(({ hasNumber }) => hasNumber).map(({ writtenIndex }) => WRITTEN_KEYS[writtenIndex]));
  return Object.entries(enrichment).map(([key, value]): TemplatePart => {
    const valueIndex = numberKeys.indexOf(key);
    if (typeof value !== "number" || (valueIndex < 0 && !numbered.has(key))) return { key, kind: "constant", value, valueIndex };
    return { key, kind: DOUBLE_KEYS.has(key) && valueIndex >= 0 && !marked.has(key) ? "hole" : "number", value, valueIndex };
  });
}

function markAction(
  { writtenIndex, valueStart, end }: SpanMark,
  parts: readonly TemplatePart[],
  numbers: readonly TemplatePart[],
  { encoder, reader }: Encoding,
): number {
  const part = parts.find(({ key }) => key === WRITTEN_KEYS[writtenIndex]);
  if (part === undefined) return MARK_STAYS;
  if (part.kind === "number") return numbers.indexOf(part);
  return encoder.keeps(writtenIndex, part.value, reader, { start: valueStart, end }) ? MARK_STAYS : MARK_IS_CUT;
}

interface Decided {
  readonly parts: readonly TemplatePart[];
  readonly numbers: readonly TemplatePart[];
  /** By mark. */
  readonly actions: readonly number[];
}

function packed({ parts, numbers, actions }: Decided, encoder: AttributeEncoder): Uint8Array {
  const fixed = new ByteWriter(1024);
  const numberTable = new ByteWriter(numbers.length * NUMBER_BYTES);
  const holeTable: number[] = [];
  for (const part of parts) {
    if (part.kind === "number") addNumber(part, fixed.length, numberTable, encoder);
    else encoder.encode({ [part.key]: part.value }, fixed);
    if (part.kind === "hole") holeTable.push(fixed.length - DOUBLE_BYTES, part.valueIndex);
  }
  const head = Int32Array.of(fixed.length, holeTable.length / 2, numbers.length, actions.length);
  const tail = Int32Array.of(...holeTable, ...actions);
  return Buffer.concat([Buffer.from(head.buffer), numberTable.written(), Buffer.from(tail.buffer), fixed.written()]);
}

function addNumber({ key, value, valueIndex }: TemplatePart, before: number, table: ByteWriter, encoder: AttributeEncoder): void {
  const record = new DataView(new ArrayBuffer(NUMBER_BYTES));
  const front = frontOf(key, encoder);
  record.setInt32(0, valueIndex, true);
  record.setInt32(4, DOUBLE_KEYS.has(key) ? 1 : 0, true);
  record.setFloat64(8, Number(value), true);
  record.setInt32(16, front.length, true);
  record.setInt32(20, before, true);
  const bytes = new Uint8Array(record.buffer);
  bytes.set(front, FRONT_AT);
  table.bytes(bytes);
}

/** An attribute up to its number's own bytes, its length less theirs. */
function frontOf(key: string, encoder: AttributeEncoder): Uint8Array {
  const whole = new ByteWriter(128);
  encoder.encode({ [key]: 0 }, whole);
  const payload = DOUBLE_KEYS.has(key) ? DOUBLE_BYTES : INT_BYTES;
  whole.setByte(1, (whole.written()[1] ?? 0) - payload);
  return Uint8Array.from(whole.written().subarray(0, -payload));
}

/** What the template says of one span, as an enrichment of its own. */
export function enrichmentOf({ enrichment, numberKeys }: EnrichmentTemplate, values: Float64Array, firstValue: number): Enrichment {
  const own: Record<string, AttributeScalar> = { ...enrichment };
  numberKeys.forEach((key, index) => (own[key] = values[firstValue + index] ?? Number.NaN));
  return own;
}
