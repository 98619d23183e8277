import type { SpanShape } from "./span-shape.ts";
import type { Attributes } from "./span.ts";

/** Numbers in `SpanColumns.spans` for each span, and what each of them is. */
export const SPAN_STRIDE = 12;
export const SPAN_COLUMN = {
  /** Index in `SpanColumns.shapes`; -1: the span was not recognised, and of the columns only ids, TRACE, PARENT and NEXT are good. */
  shape: 0,
  /** Index in `SpanColumns.traces`. */
  trace: 1,
  /** Index of the parent among the spans; NO_PARENT for a root, FAR_PARENT for one that is not in this request. */
  parent: 2,
  /** The next span of the same trace, -1 behind the last. */
  next: 3,
  /** Where its numbers begin in `SpanColumns.numbers`: start and end in milliseconds, then those named by the shape's `numberKeys`. */
  firstNumber: 4,
  /** Its attributes that enrichment may replace, in `SpanColumns.marks`: from the first to before the end. */
  firstMark: 5,
  endMark: 6,
  /** Its message and those around it, in `SpanColumns.messages`. */
  message: 7,
  /** Which of the request's ResourceSpans it is in. */
  resource: 8,
  /** 1: it failed and has events or a status message, which stand in its bytes alone; else 0. */
  ownTexts: 9,
} as const;
/** Start and end: the numbers of every span, before those of its shape. */
export const TIME_NUMBERS = 2;
export const NO_PARENT = -1;
export const FAR_PARENT = -2;

/** Words in `SpanColumns.ids` for each span, as the machine reads the bytes: trace id, span id, parent's span id (zeros for a root). */
export const ID_STRIDE = 8;
export const ID_WORD = { trace: 0, span: 4, parent: 6 } as const;

export const TRACE_STRIDE = 4;
export const TRACE_COLUMN = {
  first: 0,
  last: 1,
  spans: 2,
  /** Of these not recognised. */
  unrecognised: 3,
} as const;

/** Positions in the request's bytes. */
export const MARK_STRIDE = 5;
export const MARK_COLUMN = {
  /** Which of the keys that enrichment writes it is. */
  writtenIndex: 0,
  start: 1,
  valueStart: 2,
  end: 3,
  /** Index in `SpanColumns.numbers` where its value is a number of the shape; else -1: it is part of the shape. */
  number: 4,
} as const;

/** Messages of the request in the order of their first bytes: ResourceSpans, ScopeSpans, Spans. Positions in its bytes. */
export const MESSAGE_STRIDE = 5;
export const MESSAGE_COLUMN = { tagStart: 0, lengthStart: 1, start: 2, end: 3, parent: 4 } as const;

/**
 * The spans of one request as columns of numbers, without an object per span. Whoever makes them gives a span its shape only
 * where he is certain that it is one; `numbers` then, and what a failed one says in texts of its own, are all that tells it
 * from the others of its shape. A span of a shape here has no links, and no events or status message unless it says so. Good until
 * the next request.
 */
export interface SpanColumns {
  readonly spanCount: number;
  readonly traceCount: number;
  readonly messageCount: number;
  readonly spans: Int32Array;
  readonly ids: Int32Array;
  readonly traces: Int32Array;
  readonly numbers: Float64Array;
  readonly marks: Int32Array;
  readonly messages: Int32Array;
  readonly shapes: readonly ColumnShape[];
  /** By `SPAN_COLUMN.resource`. */
  readonly resources: readonly Attributes[];
}

/** A shape with what stands in its place on a span: the same for all of its spans. */
export interface ColumnShape {
  readonly shape: SpanShape;
  readonly name: string;
  readonly kind: number;
  readonly statusCode: number;
  readonly scopeName: string;
  readonly scopeVersion: string;
  /** Of the first span of the shape: numbers are that one's. */
  readonly attributes: Attributes;
}

/** To go through the spans of a trace: its first one, then whatever comes next. -1 behind the last. */
export function firstSpanOf({ traces }: SpanColumns, trace: number): number {
  return traces[trace * TRACE_STRIDE + TRACE_COLUMN.first] ?? -1;
}

export function spanAfter({ spans }: SpanColumns, span: number): number {
  return spans[span * SPAN_STRIDE + SPAN_COLUMN.next] ?? -1;
}
