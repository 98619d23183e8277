import { OWN } from "./attributes.ts";
import { completeCall, dialectOf, readCall, readWords, type Call, type CallWords } from "./call.ts";
import type { Failure } from "./call-failure.ts";
import { readHttpCall, type HttpCall } from "./call-http.ts";
import { readFields, type Fields } from "./dialect.ts";
import type { EnrichContext } from "./enrich-context.ts";
import type { ModelEndpointRow } from "./model-endpoint.ts";
import { createShapedUsage, type ShapedUsage } from "./shaped-usage.ts";
import { ERROR_READ_KEYS } from "./span-error-evidence.ts";
import { STATUS, type AttributeValue, type Span } from "./span.ts";
import type { SpanShape } from "./span-shape.ts";

/** What a span is, read off it or off another of its shape. */
export interface SpanReading {
  /** null for a span that is not of GenAI. */
  readonly call: Call | null;
  /** null for a span that is no request to a model. */
  readonly http: HttpCall | null;
  /** What an earlier enrichment wrote, if there was one. */
  readonly saidCall: boolean | undefined;
  /** null where the usage is to be read off the span itself. */
  readonly usage: ShapedUsage | null;
  /** Of a request that failed: what spans of its shape have in common, unless each has numbers that tell of the failure. */
  readonly shared: SharedFailure | null;
}

export interface SharedFailure {
  /** undefined until it was judged. */
  failure: Failure | null | undefined;
}

/** What spans of one shape have in common. */
export interface ShapeReading {
  /** The user's own endpoints that it was read with. */
  readonly endpoints: readonly ModelEndpointRow[];
  /** null where a call's numbers are still to be filled in. */
  readonly fixed: SpanReading | null;
  readonly call: ShapedCall | null;
}

/** A GenAI span but for its numbers. */
export interface ShapedCall {
  readonly words: CallWords;
  /** Those of the span that was read last; `numbers` are pairs of a field and the place of its number among the span's. */
  readonly fields: (AttributeValue | undefined)[];
  readonly numbers: readonly number[];
  readonly usage: ShapedUsage | null;
}

const ERROR_KEYS: ReadonlySet<string> = new Set(ERROR_READ_KEYS);
const NO_ROWS: readonly ModelEndpointRow[] = [];
const OTHER: SpanReading = { call: null, http: null, saidCall: undefined, usage: null, shared: null };

/** Reads a span: a GenAI span, a request to a model, or none of both. */
export function readSpan(span: Span, context: EnrichContext): SpanReading {
  const shape = span.shape ?? null;
  if (shape === null) return readByItself(span, context);
  const endpoints = context.endpoints ?? NO_ROWS;
  if (shape.reading === null || shape.reading.endpoints !== endpoints) shape.reading = readShape(span, shape, context);
  const { fixed, call } = shape.reading;
  if (fixed !== null) return fixed;
  return call === null ? readByItself(span, context) : readShaped(span, call);
}

function readByItself(span: Span, context: EnrichContext): SpanReading {
  const said = span.attributes[OWN.llmCall];
  const saidCall = typeof said === "boolean" ? said : undefined;
  const dialect = dialectOf(span, context.memory.scopes);
  if (dialect !== null) return { call: readCall(span, dialect), http: null, saidCall, usage: null, shared: null };
  const http = readHttpCall(span, context.endpoints ?? NO_ROWS, context.memory.places);
  return http === null && saidCall === undefined ? OTHER : { call: null, http, saidCall, usage: null, shared: null };
}

function readShaped(span: Span, { words, fields, numbers, usage }: ShapedCall): SpanReading {
  for (let index = 0; index < numbers.length; index += 2) fields[numbers[index] ?? 0] = span.numberAt?.(numbers[index + 1] ?? 0);
  return { call: completeCall(span, words, fields), http: null, saidCall: undefined, usage, shared: null };
}

function readShape(span: Span, shape: SpanShape, context: EnrichContext): ShapeReading {
  const endpoints = context.endpoints ?? NO_ROWS;
  const dialect = dialectOf(span, context.memory.scopes);
  // What was enriched before says its findings word by word, and each differs.
  const isEnriched = span.attributes[OWN.llmCall] !== undefined;
  // Events are no part of a shape, so they may not tell whether it failed.
  const isOpen = dialect?.table.errorsAreEvents === true && span.statusCode === STATUS.error;
  if (isEnriched || isOpen) return { endpoints, fixed: null, call: null };
  // Statuses and counts of attempts are part of the shape, so that nothing of a request is left to fill in.
  if (dialect === null) {
    const shared = shape.numberKeys.some((key) => ERROR_KEYS.has(key)) ? null : { failure: undefined };
    return { endpoints, fixed: { ...readByItself(span, context), shared }, call: null };
  }
  const keys: string[] = [];
  const fields = readFields(dialect, span.attributes, keys);
  const words = readWords(span, dialect, fields);
  const usage = createShapedUsage(span, words, shape.numberKeys);
  return { endpoints, fixed: null, call: { words, fields: [...fields], numbers: fieldNumbers(fields, keys, shape), usage } };
}

function fieldNumbers(fields: Fields, keys: readonly string[], { numberKeys }: SpanShape): number[] {
  return fields.flatMap((value, field) => {
    const place = typeof value === "number" ? numberKeys.indexOf(keys[field] ?? "") : -1;
    return place < 0 ? [] : [field, place];
  });
}
