import type { Failure } from "./call-failure.ts";
import { hexOfWords } from "./quiet-ids.ts";
import { ID_STRIDE, ID_WORD, SPAN_COLUMN, SPAN_STRIDE, TIME_NUMBERS, type ColumnShape, type SpanColumns } from "./span-columns.ts";
import type { SpanShape } from "./span-shape.ts";
import type { Attributes, AttributeValue, Span, SpanEvent } from "./span.ts";

const NO_EVENTS: readonly SpanEvent[] = Object.freeze([]);
export const TRACE_ID_WORDS = 4;
export const SPAN_ID_WORDS = 2;

/**
 * A span of some columns as the ordinary way reads it, without a look at its bytes: without the texts that it may have of its own. Good as long as the columns are. It may be one
 * span after another: whichever it was told to be last.
 */
export class ColumnSpan implements Span {
  private columns: SpanColumns;
  private column: ColumnShape;
  private index = 0;
  private firstNumber = 0;
  private hexTraceId = "";
  private hexSpanId = "";
  private ownAttributes: Attributes | null = null;

  /** @param index of a span that was recognised @param sibling of the same trace, whose digits need not be made again */
  constructor(columns: SpanColumns, index: number, sibling: ColumnSpan | null = null) {
    this.columns = columns;
    this.column = NO_SHAPE;
    this.be(columns, index);
    if (sibling !== null) this.hexTraceId = sibling.traceId;
  }

  be(columns: SpanColumns, index: number): this {
    const at = index * SPAN_STRIDE;
    this.columns = columns;
    this.column = columns.shapes[columns.spans[at + SPAN_COLUMN.shape] ?? -1] ?? NO_SHAPE;
    this.index = index;
    this.firstNumber = columns.spans[at + SPAN_COLUMN.firstNumber] ?? 0;
    this.hexTraceId = "";
    this.hexSpanId = "";
    this.ownAttributes = null;
    return this;
  }

  get traceId(): string {
    if (this.hexTraceId === "") this.hexTraceId = hexOfWords(this.columns.ids, this.index * ID_STRIDE + ID_WORD.trace, TRACE_ID_WORDS);
    return this.hexTraceId;
  }

  get spanId(): string {
    if (this.hexSpanId === "") this.hexSpanId = hexOfWords(this.columns.ids, this.index * ID_STRIDE + ID_WORD.span, SPAN_ID_WORDS);
    return this.hexSpanId;
  }

  get parentSpanId(): string {
    return parentIdOf(this.columns.ids, this.index * ID_STRIDE + ID_WORD.parent);
  }

  get startMs(): number {
    return this.columns.numbers[this.firstNumber] ?? 0;
  }

  get endMs(): number {
    return this.columns.numbers[this.firstNumber + 1] ?? 0;
  }

  get name(): string {
    return this.column.name;
  }

  get kind(): number {
    return this.column.kind;
  }

  get statusCode(): number {
    return this.column.statusCode;
  }

  get statusMessage(): string {
    return "";
  }

  get scopeName(): string {
    return this.column.scopeName;
  }

  get scopeVersion(): string {
    return this.column.scopeVersion;
  }

  get attributes(): Attributes {
    return (this.ownAttributes ??= attributesOf(this.column, this.columns.numbers.subarray(this.firstNumber)));
  }

  get events(): readonly SpanEvent[] {
    return NO_EVENTS;
  }

  get resource(): Attributes {
    return this.columns.resources[this.columns.spans[this.index * SPAN_STRIDE + SPAN_COLUMN.resource] ?? 0] ?? NO_ATTRIBUTES;
  }

  get shape(): SpanShape {
    return this.column.shape;
  }

  numberAt(index: number): number {
    return this.columns.numbers[this.firstNumber + TIME_NUMBERS + index] ?? 0;
  }
}

const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null));
/** Of a span that was not recognised nothing is known but its ids. */
const NO_SHAPE: ColumnShape = {
  shape: { numberKeys: [], reading: null },
  name: "",
  kind: 0,
  statusCode: 0,
  scopeName: "",
  scopeVersion: "",
  attributes: NO_ATTRIBUTES,
};

/** Those of the shape's first span with this one's numbers. Of a key that stands there twice the last one is read. */
function attributesOf({ shape, attributes }: ColumnShape, numbers: Float64Array): Attributes {
  const own: Record<string, AttributeValue | undefined> = Object.assign(Object.create(null), attributes);
  for (const [index, key] of shape.numberKeys.entries()) if (typeof own[key] === "number") own[key] = numbers[TIME_NUMBERS + index];
  return own;
}

/** What a span of a shape has of its own. */
export interface OwnParts extends Pick<Span, "traceId" | "spanId" | "parentSpanId" | "resource"> {
  /** What was found of it, where texts told it that are gone. */
  readonly foundFailure: Failure | null;
  /** Start and end, then the numbers of the shape. */
  readonly numbers: Float64Array;
}

/** A span made of its shape and what it has of its own. */
export function spanOfShape(column: ColumnShape, own: OwnParts): Span {
  return new ShapedSpan(column, own);
}

/** A class, because a literal with the parts of two objects is put together key by key; attributes are seldom asked for. */
class ShapedSpan implements Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly resource: Attributes;
  readonly foundFailure: Failure | null;
  readonly shape: SpanShape;
  readonly name: string;
  readonly kind: number;
  readonly statusCode: number;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly statusMessage = "";
  readonly events = NO_EVENTS;
  private readonly column: ColumnShape;
  private readonly numbers: Float64Array;
  private ownAttributes: Attributes | null = null;

  constructor(column: ColumnShape, { traceId, spanId, parentSpanId, resource, foundFailure, numbers }: OwnParts) {
    this.traceId = traceId;
    this.spanId = spanId;
    this.parentSpanId = parentSpanId;
    this.resource = resource;
    this.foundFailure = foundFailure;
    this.shape = column.shape;
    this.name = column.name;
    this.kind = column.kind;
    this.statusCode = column.statusCode;
    this.scopeName = column.scopeName;
    this.scopeVersion = column.scopeVersion;
    this.startMs = numbers[0] ?? 0;
    this.endMs = numbers[1] ?? 0;
    this.column = column;
    this.numbers = numbers;
  }

  get attributes(): Attributes {
    return (this.ownAttributes ??= attributesOf(this.column, this.numbers));
  }

  numberAt(index: number): number {
    return this.numbers[TIME_NUMBERS + index] ?? 0;
  }
}

/** "" for a root, whose words are zero. */
export function parentIdOf(words: Int32Array, at: number): string {
  return words[at] === 0 && words[at + 1] === 0 ? "" : hexOfWords(words, at, SPAN_ID_WORDS);
}
