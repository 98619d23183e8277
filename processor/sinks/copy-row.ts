import { NORMALIZED } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { Attributes, Span } from "../core/span.ts";
import { httpStatusOf } from "./attribute-columns.ts";
import type { CopyBuffer } from "./copy-buffer.ts";
import { fitAttributes } from "./fit-attributes.ts";
import { cut, label } from "./label.ts";
import { MESSAGE_KEYS, readSpanRow, readTraceRow, type GenAiSpan, type SpanRow, type TraceRow } from "./postgres-row.ts";
import type { EnrichedSpan } from "./sink.ts";

/** Columns that stand together and the function that writes all of them, in this order: the list of COPY and its encoder are one. */
interface ColumnGroup<Row> {
  readonly columns: readonly string[];
  readonly write: (out: CopyBuffer, row: Row) => void;
}

const IDENTITY: ColumnGroup<SpanRow> = {
  columns: [
    "trace_id",
    "span_id",
    "parent_span_id",
    "name",
    "created_at",
    "duration_ms",
    "service_name",
    "environment",
    "scope_name",
    "status",
    "error_message",
  ],
  write(out, row) {
    const { span } = row;
    out.text(cut(span.traceId, ID_CHARS_MAX));
    out.text(cut(span.spanId, ID_CHARS_MAX));
    out.text(span.parentSpanId === "" ? null : cut(span.parentSpanId, ID_CHARS_MAX));
    out.text(cut(span.name, NAME_CHARS_MAX));
    out.timestamp(row.createdAtMicros);
    out.float8(row.durationMs);
    out.text(row.serviceName);
    out.text(row.environment);
    out.text(label(span.scopeName));
    out.text(row.failed ? "failed" : "completed");
    out.text(row.failed ? readMessage(span) : null);
  },
};

const CALL: ColumnGroup<TraceRow> = {
  columns: ["operation", "llm_call", "model_provider", "model", "response_model"],
  write(out, row) {
    out.text(row.operation);
    out.boolean(row.llmCall);
    out.text(row.provider);
    out.text(row.model);
    out.text(row.responseModel);
  },
};

const FAILURE: ColumnGroup<TraceRow> = {
  columns: ["error_type", "error_category", "error_retryable", "error_retry_after_ms", "http_status"],
  write(out, row) {
    out.text(row.errorType);
    out.text(row.errorCategory);
    out.boolean(row.errorRetryable);
    out.float8(row.errorRetryAfterMs);
    // error.type holds the status where the instrumentation knew nothing better (HTTP semantic conventions).
    out.int4(answeredStatus(row.enriched.enrichment) ?? row.columns.httpStatus ?? httpStatusOf(row.errorType ?? undefined));
  },
};

const RETRIES: ColumnGroup<TraceRow> = {
  columns: ["retry_count", "retry_reason", "retry_wait_ms", "retry_of"],
  write(out, row) {
    out.int4(row.retryCount);
    out.text(row.retryReason);
    out.float8(row.retryWaitMs);
    out.text(row.retryOf);
  },
};

const USAGE: ColumnGroup<TraceRow> = {
  columns: [
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "reasoning_tokens",
    "cache_hit_ratio",
  ],
  write(out, row) {
    const { inputTokens, outputTokens } = row;
    out.int8(inputTokens);
    out.int8(outputTokens);
    out.int8(inputTokens === null && outputTokens === null ? null : (inputTokens ?? 0) + (outputTokens ?? 0));
    out.int8(row.cacheReadTokens);
    out.int8(row.cacheWriteTokens);
    out.int8(row.reasoningTokens);
    out.float8(row.cacheHitRatio);
  },
};

const MONEY: ColumnGroup<TraceRow> = {
  columns: [
    "cost_usd",
    "cost_input_usd",
    "cost_cache_read_usd",
    "cost_cache_write_usd",
    "cost_output_usd",
    "cost_without_cache_usd",
    "cache_savings_usd",
    "cost_status",
    "price_date",
  ],
  write(out, { money, costStatus, priceDate }) {
    if (money === null) out.nulls(7);
    else {
      out.float8(money.cost);
      out.float8(money.input);
      out.float8(money.cacheRead);
      out.float8(money.cacheWrite);
      out.float8(money.output);
      out.float8(money.withoutCache);
      out.float8(money.savings);
    }
    out.text(costStatus);
    out.text(priceDate);
  },
};

const CONTEXT: ColumnGroup<TraceRow> = {
  columns: ["ttft_ms", "output_tokens_per_second", "user_id", "conversation_id", "agent_name", "tool_name", "attributes"],
  write(out, { ttftMs, outputTokensPerSecond, columns, enriched }) {
    out.float8(ttftMs);
    out.float8(outputTokensPerSecond);
    out.text(columns.userId);
    out.text(columns.conversationId);
    out.text(columns.agentName);
    out.text(columns.toolName);
    out.jsonb(fitAttributes(enriched.attributesJson));
  },
};

const OTHER: ColumnGroup<SpanRow> = {
  columns: ["kind", "http_status", "attributes"],
  write(out, { span, columns, enriched }) {
    out.text(KINDS[span.kind] ?? "unspecified");
    out.int4(columns.httpStatus);
    out.jsonb(fitAttributes(enriched.attributesJson));
  },
};

const TRACE_GROUPS: readonly ColumnGroup<TraceRow>[] = [IDENTITY, CALL, FAILURE, RETRIES, USAGE, MONEY, CONTEXT];
const SPAN_GROUPS: readonly ColumnGroup<SpanRow>[] = [IDENTITY, OTHER];

/** "trace_id, span_id, ...": the named columns are all that a COPY needs of the table, so a newer schema may have more. */
export const TRACE_COLUMN_LIST = columnList(TRACE_GROUPS);
export const SPAN_COLUMN_LIST = columnList(SPAN_GROUPS);

/**
 * The spans' rows as a COPY stream, in the memory of `out`, of which the answer is a part. A row lives for as long as it
 * takes to write it: `onRow` counts it meanwhile, while it is in the processor's cache.
 */
export function encodeTraceRows(spans: readonly GenAiSpan[], out: CopyBuffer, onRow: (row: TraceRow) => void): Buffer {
  out.reset();
  for (const enriched of spans) {
    const row = readTraceRow(enriched);
    encodeRow(row, TRACE_GROUPS, out);
    onRow(row);
  }
  return out.end();
}

export function encodeSpanRows(spans: readonly EnrichedSpan[], out: CopyBuffer): Buffer {
  out.reset();
  for (const enriched of spans) encodeRow(readSpanRow(enriched), SPAN_GROUPS, out);
  return out.end();
}

function encodeRow<Row extends SpanRow>(row: Row, groups: readonly ColumnGroup<Row>[], out: CopyBuffer): void {
  let fieldCount = 0;
  for (const { columns } of groups) fieldCount += columns.length;
  out.startRow(fieldCount);
  for (const group of groups) group.write(out, row);
}

function columnList(groups: readonly { readonly columns: readonly string[] }[]): string {
  return groups.flatMap(({ columns }) => columns).join(", ");
}

const NAME_CHARS_MAX = 500;
const MESSAGE_CHARS_MAX = 4_000;
const ID_CHARS_MAX = 64;

/** By OTLP's number. */
const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;

function readMessage(span: Span): string | null {
  const text = span.statusMessage === "" ? (exceptionMessage(span) ?? firstText(span.attributes, MESSAGE_KEYS)) : span.statusMessage;
  return text === undefined || text === "" ? null : cut(text, MESSAGE_CHARS_MAX);
}

function exceptionMessage({ events }: Span): string | undefined {
  for (let i = events.length - 1; i >= 0; i -= 1) {
    const message = events[i]?.attributes["exception.message"];
    if (typeof message === "string" && message !== "") return message;
  }
  return undefined;
}

function firstText(attributes: Attributes, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** That of the last attempt, which enrichment read off its request's own span. */
const answeredStatus = (added: Enrichment | null): number | null => httpStatusOf(added?.[NORMALIZED.httpStatus]);
