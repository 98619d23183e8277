import { hexOfWords } from "./quiet-ids.ts";
import { ID_STRIDE, ID_WORD, SPAN_COLUMN, SPAN_STRIDE, type ColumnShape, type SpanColumns } from "./span-columns.ts";
import type { SpanShape } from "./span-shape.ts";
import type { Attributes, Span, SpanEvent } from "./span.ts";

const NO_EVENTS: readonly SpanEvent[] = Object.freeze([]);
const TIMES = 2;
export const TRACE_ID_WORDS = 4;
export const SPAN_ID_WORDS = 2;

/** One after another the spans of some columns: it is whichever it was told to be last. Attributes are those of its shape's first span. */
export class ColumnSpan implements Span {
  private columns: SpanColumns;
  private column: ColumnShape;
  private index = 0;
  private firstNumber = 0;

  constructor(columns: SpanColumns, column: ColumnShape) {
    this.columns = columns;
    this.column = column;
  }

  be(columns: SpanColumns, column: ColumnShape, index: number): this {
    this.columns = columns;
    this.column = column;
    this.index = index;
    this.firstNumber = columns.spans[index * SPAN_STRIDE + SPAN_COLUMN.firstNumber] ?? 0;
    return this;
  }

  get traceId(): string {
    return hexOfWords(this.columns.ids, this.index * ID_STRIDE + ID_WORD.trace, TRACE_ID_WORDS);
  }

  get spanId(): string {
    return hexOfWords(this.columns.ids, this.index * ID_STRIDE + ID_WORD.span, SPAN_ID_WORDS);
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
    return this.column.attributes;
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
    return this.columns.numbers[this.firstNumber + TIMES + index] ?? 0;
  }
}

const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null));

/** What a span of a shape has of its own. */
export interface OwnParts extends Pick<Span, "traceId" | "spanId" | "parentSpanId" | "resource"> {
  /** Start and end, then the numbers of the shape. */
  readonly numbers: Float64Array;
}

/** A span made of its shape and what it has of its own. */
export function spanOfShape(column: ColumnShape, { numbers, ...own }: OwnParts): Span {
  const { shape, name, kind, statusCode, scopeName, scopeVersion, attributes } = column;
  return {
    ...own,
    shape,
    name,
    kind,
    statusCode,
    scopeName,
    scopeVersion,
    attributes,
    startMs: numbers[0] ?? 0,
    endMs: numbers[1] ?? 0,
    statusMessage: "",
    events: NO_EVENTS,
    numberAt: (index) => numbers[TIMES + index] ?? 0,
  };
}

/** "" for a root, whose words are zero. */
export function parentIdOf(words: Int32Array, at: number): string {
  return words[at] === 0 && words[at + 1] === 0 ? "" : hexOfWords(words, at, SPAN_ID_WORDS);
}
