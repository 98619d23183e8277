import { NORMALIZED, OWN } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { type Attributes, STATUS, type Span } from "../core/span.ts";
import { ATTRIBUTE_COLUMN_KEYS, httpStatusOf, readAttributeColumns, type AttributeColumns } from "./attribute-columns.ts";
import { firstLabel, label } from "./label.ts";
import type { EnrichedSpan } from "./sink.ts";

/** A row of genai.spans: the span, and what had to be judged of it. */
export interface SpanRow {
  readonly span: Span;
  /** Microseconds since 1970. */
  readonly createdAtMicros: number;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly serviceName: string | null;
  readonly environment: string | null;
  readonly httpStatus: number | null;
  /** What of them is in the row's head is null where that was written already. */
  readonly columns: AttributeColumns;
}

/** A span that becomes a row of genai.llm_traces. */
export interface GenAiSpan extends EnrichedSpan {
  readonly enrichment: Enrichment;
}

/** What the rollups read of a row of genai.llm_traces. */
export interface CountedRow {
  readonly createdAtMicros: number;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly llmCall: boolean;
  readonly serviceName: string | null;
  readonly environment: string | null;
  readonly operation: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly errorCategory: string | null;
  readonly errorRetryable: boolean | null;
  readonly errorRetryAfterMs: number | null;
  readonly retryCount: number | null;
  readonly retryReason: string | null;
  readonly retryWaitMs: number | null;
  readonly retryOf: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly costStatus: string | null;
  /** null: not priced. */
  readonly money: Money | null;
  readonly ttftMs: number | null;
  readonly outputTokensPerSecond: number | null;
  readonly userId: string | null;
}

/** USD. */
export interface Money {
  readonly cost: number | null;
  readonly input: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly output: number | null;
  readonly withoutCache: number | null;
  readonly savings: number | null;
}

/** A row of genai.llm_traces. Every value is read once: the stream and the rollups take it from here. */
export interface TraceRow extends SpanRow, CountedRow {
  readonly responseModel: string | null;
  readonly errorType: string | null;
  readonly cacheHitRatio: number | null;
  readonly priceDate: string | null;
}

export const MESSAGE_KEYS = ["exception.message", "error.message"] as const;

const ENVIRONMENT_KEYS = ["deployment.environment.name", "deployment.environment"] as const;
/** A failure of whose category nobody said anything. */
const NOT_CATEGORIZED = "unknown";

/** Every attribute that a row reads beside what enrichment wrote: whoever decodes spans for this sink must decode these. */
export const ROW_READ_KEYS: readonly string[] = [...Object.values(ATTRIBUTE_COLUMN_KEYS).flat(), ...MESSAGE_KEYS];

/** What the rows of a resource say of it. */
export interface RowSourceLabels {
  readonly serviceName: string | null;
  readonly environment: string | null;
}

export function readSource(resource: Attributes): RowSourceLabels {
  return { serviceName: label(resource["service.name"]), environment: firstLabel(resource, ENVIRONMENT_KEYS) };
}

/** What whoever wrote a row's head has read off the span's attributes. */
export type HeadColumns = Pick<AttributeColumns, "userId" | "httpStatus">;

/** Of a span and, where nobody has written the head, its columns. */
type ReadableSpan = Pick<EnrichedSpan, "span" | "columns">;
type ReadableTrace = ReadableSpan & Pick<GenAiSpan, "enrichment">;

export function readSpanRow(enriched: ReadableSpan, head: HeadColumns | null): SpanRow {
  const { span } = enriched;
  const columns = readColumns(enriched, head);
  return {
    span,
    createdAtMicros: microsOf(span.startMs),
    durationMs: durationOf(span.startMs, span.endMs),
    failed: span.statusCode === STATUS.error,
    ...readSource(span.resource),
    httpStatus: columns.httpStatus,
    columns,
  };
}

export function readTraceRow(enriched: ReadableTrace, head: HeadColumns | null): TraceRow {
  const { span, enrichment: added } = enriched;
  const errorCategory = label(added[OWN.errorCategory]);
  const failed = span.statusCode === STATUS.error || errorCategory !== null;
  const responseModel = label(added[NORMALIZED.responseModel]);
  const retryCount = count(added[OWN.retryCount]);
  const errorType = failed ? errorTypeOf(enriched) : null;
  const columns = readColumns(enriched, head);
  return {
    span,
    createdAtMicros: microsOf(span.startMs),
    durationMs: durationOf(span.startMs, span.endMs),
    failed,
    ...readSource(span.resource),
    httpStatus: statusOf(added, columns, errorType),
    columns,
    llmCall: added[OWN.llmCall] === true,
    operation: label(added[NORMALIZED.operation]),
    provider: label(added[NORMALIZED.provider]),
    model: label(added[NORMALIZED.requestModel]) ?? responseModel,
    responseModel,
    errorType,
    errorCategory: failed ? (errorCategory ?? NOT_CATEGORIZED) : null,
    errorRetryable: failed ? added[OWN.errorRetryable] === true : null,
    errorRetryAfterMs: failed ? amount(added[OWN.errorRetryAfterMs]) : null,
    retryCount,
    retryReason: retryCount !== null && retryCount > 0 ? (label(added[OWN.retryReason]) ?? NOT_CATEGORIZED) : null,
    retryWaitMs: amount(added[OWN.retryWaitMs]),
    retryOf: label(added[OWN.retryOf]),
    inputTokens: count(added[NORMALIZED.inputTokens]),
    outputTokens: count(added[NORMALIZED.outputTokens]),
    cacheReadTokens: count(added[NORMALIZED.cacheReadTokens]),
    cacheWriteTokens: count(added[NORMALIZED.cacheWriteTokens]),
    reasoningTokens: count(added[NORMALIZED.reasoningTokens]),
    cacheHitRatio: amount(added[OWN.cacheHitRatio]),
    costStatus: label(added[OWN.costStatus]),
    priceDate: label(added[OWN.priceDate]),
    money: added[OWN.costUsd] === undefined ? null : readMoney(added),
    ttftMs: millisOf(added[NORMALIZED.timeToFirstChunk]),
    outputTokensPerSecond: amount(added[OWN.outputTokensPerSecond]),
    userId: columns.userId,
  };
}

function errorTypeOf({ span, enrichment }: ReadableTrace): string | null {
  return label(enrichment[NORMALIZED.errorType] ?? span.attributes[NORMALIZED.errorType]);
}

/**
 * That of the last attempt, which enrichment read off its request's own span, or its own; error.type holds the status where the
 * instrumentation knew nothing better (HTTP semantic conventions).
 */
function statusOf(added: Enrichment, { httpStatus }: AttributeColumns, errorType: string | null): number | null {
  return httpStatusOf(added[NORMALIZED.httpStatus]) ?? httpStatus ?? httpStatusOf(errorType ?? undefined);
}

function readColumns({ span, columns }: ReadableSpan, head: HeadColumns | null): AttributeColumns {
  if (head === null) return columns ?? readAttributeColumns(span.attributes);
  return { userId: head.userId, conversationId: null, agentName: null, toolName: null, httpStatus: head.httpStatus };
}

/** The parts of a cost come and go with their sum. */
function readMoney(added: Enrichment): Money {
  return {
    cost: amount(added[OWN.costUsd]),
    input: amount(added[OWN.costInputUsd]),
    cacheRead: amount(added[OWN.costCacheReadUsd]),
    cacheWrite: amount(added[OWN.costCacheWriteUsd]),
    output: amount(added[OWN.costOutputUsd]),
    withoutCache: amount(added[OWN.costWithoutCacheUsd]),
    savings: amount(added[OWN.cacheSavingsUsd]),
  };
}

/** Larger counts, waits and sums of money are nonsense, and a few of them would overflow the sums of the rollups for good. */
const QUANTITY_MAX = 1e12;

/** A measured quantity; null where it is none. */
export const amount = (value: unknown): number | null =>
  typeof value === "number" && value <= QUANTITY_MAX && value >= -QUANTITY_MAX ? value : null;

/** A count; null where it is none. */
export const count = (value: unknown): number | null =>
  typeof value === "number" && value >= 0 && value <= QUANTITY_MAX && Number.isInteger(value) ? value : null;

export const millisOf = (seconds: unknown): number | null => (typeof seconds === "number" ? amount(seconds * 1000) : null);

/** The longest duration that is kept: a clock that jumped says nothing. */
const DURATION_MS_MAX = 2 ** 31;
/** 2200-01-01. Microseconds are whole numbers in a double until 2255. */
const MICROS_MAX = 7_258_118_400_000_000;

/** Microseconds since 1970, where PostgreSQL has them. */
export function microsOf(timeMs: number): number {
  const micros = Math.round(timeMs * 1000);
  return Number.isFinite(micros) ? Math.min(MICROS_MAX, Math.max(0, micros)) : 0;
}

/** Milliseconds. */
export function durationOf(startMs: number, endMs: number): number {
  const durationMs = endMs - startMs;
  // Nanoseconds: what is finer is rounding noise of the subtraction.
  return durationMs > 0 ? Math.min(DURATION_MS_MAX, Math.round(durationMs * 1e6) / 1e6) : 0;
}
