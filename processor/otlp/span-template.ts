import { DOUBLE_KEYS } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { EnrichmentTemplate } from "../core/enrichment-template.ts";
import { MARK_COLUMN, MARK_STRIDE, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import type { AttributeScalar } from "../core/span.ts";
import { type AttributeEncoder, WRITTEN_KEYS } from "./attribute-encoder.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { WireReader } from "./wire-reader.ts";

/** As processor/kernel/assembly/span-template.ts reads it: numbers of four bytes and doubles, little-endian. */
const HEAD_BYTES = 16;
const NUMBER_BYTES = 88;
const FRONT_AT = 20;
const HOLE_BYTES = 8;
const MARK_BYTES = 4;
const MARK_STAYS = -2;
const MARK_IS_CUT = -1;

const INT_BYTES = 1;
const DOUBLE_BYTES = 8;

/** What is added to a span, by the way in which it is written. */
interface TemplateParts {
  /** The same on every span. */
  readonly constants: Record<string, AttributeScalar>;
  /** Doubles that no span has before: eight bytes in a place of their own. */
  readonly holes: readonly NumberPart[];
  /** Numbers that a span may say already, or that are longer or shorter. */
  readonly numbers: readonly NumberPart[];
}

interface NumberPart {
  readonly key: string;
  /** Among the span's values; -1: it is `constant` on all. */
  readonly valueIndex: number;
  readonly constant: number;
}

/**
 * A template in the form in which the kernel appends it to spans of one shape. What a mark of the shape comes to is decided
 * here where it is the same on all of them; `span` is any one of them.
 */
export function encodeTemplate(
  template: EnrichmentTemplate,
  columns: SpanColumns,
  span: number,
  { encoder, reader }: { encoder: AttributeEncoder; reader: WireReader },
): Uint8Array {
  const marks = marksOf(columns, span);
  const parts = partsOf(template, marks);
  encoder.begin();
  const actions = marks.map((mark) => markAction(mark, parts, { encoder, reader }));
  const fixed = new ByteWriter(1024);
  encoder.encode(parts.constants, fixed);
  const places = parts.holes.map(({ key }) => {
    encoder.encode({ [key]: 0 }, fixed);
    return fixed.length - DOUBLE_BYTES;
  });
  return packed(parts, { actions, places, fixed: fixed.written() }, encoder);
}

export interface SpanMark {
  readonly writtenIndex: number;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
  /** Its number is the span's own. */
  readonly hasNumber: boolean;
}

/** The attributes of a span that enrichment may replace. */
export function marksOf({ spans, marks }: SpanColumns, span: number): SpanMark[] {
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

function partsOf({ enrichment, numberKeys }: EnrichmentTemplate, marks: readonly SpanMark[]): TemplateParts {
  const marked = new Set(marks.map(({ writtenIndex }) => WRITTEN_KEYS[writtenIndex]));
  const numbered = new Set(marks.filter(({ hasNumber }) => hasNumber).map(({ writtenIndex }) => WRITTEN_KEYS[writtenIndex]));
  const constants: Record<string, AttributeScalar> = Object.create(null);
  const holes: NumberPart[] = [];
  const numbers: NumberPart[] = [];
  for (const [key, value] of Object.entries(enrichment)) {
    const valueIndex = numberKeys.indexOf(key);
    if (typeof value !== "number" || (valueIndex < 0 && !numbered.has(key))) constants[key] = value;
    else (DOUBLE_KEYS.has(key) && !marked.has(key) ? holes : numbers).push({ key, valueIndex, constant: value });
  }
  return { constants, holes, numbers };
}

function markAction(
  { writtenIndex, valueStart, end }: SpanMark,
  { constants, numbers }: TemplateParts,
  { encoder, reader }: { encoder: AttributeEncoder; reader: WireReader },
): number {
  const key = WRITTEN_KEYS[writtenIndex] ?? "";
  const number = numbers.findIndex((part) => part.key === key);
  if (number >= 0) return number;
  const value = constants[key];
  return value === undefined || encoder.keeps(writtenIndex, value, reader, { start: valueStart, end }) ? MARK_STAYS : MARK_IS_CUT;
}

interface EncodedParts {
  readonly actions: readonly number[];
  readonly places: readonly number[];
  readonly fixed: Uint8Array;
}

function packed({ holes, numbers }: TemplateParts, { actions, places, fixed }: EncodedParts, encoder: AttributeEncoder): Uint8Array {
  const fixedAt = HEAD_BYTES + numbers.length * NUMBER_BYTES + holes.length * HOLE_BYTES + actions.length * MARK_BYTES;
  const bytes = new Uint8Array(fixedAt + fixed.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const word = (value: number): void => {
    view.setInt32(at, value, true);
    at += 4;
  };
  [fixed.length, holes.length, numbers.length, actions.length].forEach(word);
  for (const { key, valueIndex, constant } of numbers) {
    const front = frontOf(key, encoder);
    const next = at + NUMBER_BYTES;
    word(valueIndex);
    word(DOUBLE_KEYS.has(key) ? 1 : 0);
    view.setFloat64(at, constant, true);
    view.setInt32(at + DOUBLE_BYTES, front.length, true);
    bytes.set(front, next - NUMBER_BYTES + FRONT_AT);
    at = next;
  }
  holes.forEach(({ valueIndex }, index) => [places[index] ?? 0, valueIndex].forEach(word));
  actions.forEach(word);
  bytes.set(fixed, fixedAt);
  return bytes;
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
