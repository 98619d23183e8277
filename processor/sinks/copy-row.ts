import type { Attributes, Span } from "../core/span.ts";
import type { AttributeColumns } from "./attribute-columns.ts";
import type { CopyBuffer } from "./copy-buffer.ts";
import { fitAttributes } from "./fit-attributes.ts";
import { cut, label } from "./label.ts";
import { MESSAGE_KEYS, type RowSourceLabels, type SpanRow, type TraceRow } from "./postgres-row.ts";
import type { EnrichedSpan } from "./sink.ts";

/** Columns that stand together and the function that writes all of them, in this order: the list of COPY and its encoder are one. */
interface ColumnGroup<Row> {
  readonly columns: readonly string[];
  readonly write: (out: CopyBuffer, row: Row) => void;
}

/** Where the spans' own bytes are at hand, it is written by processor/otlp/row-heads.ts. */
const HEAD_COLUMNS = ["attributes", "trace_id", "span_id", "parent_span_id"] as const;
const CALLER_COLUMNS = ["user_id", "conversation_id", "agent_name", "tool_name"] as const;

const TIMES: ColumnGroup<SpanRow> = {
  columns: ["created_at", "duration_ms", "http_status"],
  write(out, row) {
    out.timestamp(row.createdAtMicros);
    out.float8(row.durationMs);
    out.int4(row.httpStatus);
  },
};

const SOURCE: ColumnGroup<RowSourceLabels> = {
  columns: ["service_name", "environment"],
  write(out, row) {
    out.text(row.serviceName);
    out.text(row.environment);
  },
};

const NAME: ColumnGroup<SpanRow> = {
  columns: ["name", "scope_name", "status", "error_message"],
  write(out, { span, failed }) {
    out.text(cut(span.name, NAME_CHARS_MAX));
    out.text(label(span.scopeName));
    out.text(failed ? "failed" : "completed");
    out.text(failed ? readMessage(span) : null);
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
  columns: ["error_type", "error_category", "error_retryable", "error_retry_after_ms"],
  write(out, row) {
    out.text(row.errorType);
    out.text(row.errorCategory);
    out.boolean(row.errorRetryable);
    out.float8(row.errorRetryAfterMs);
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

const SPEED: ColumnGroup<TraceRow> = {
  columns: ["ttft_ms", "output_tokens_per_second"],
  write(out, { ttftMs, outputTokensPerSecond }) {
    out.float8(ttftMs);
    out.float8(outputTokensPerSecond);
  },
};

const KIND: ColumnGroup<SpanRow> = {
  columns: ["kind"],
  write(out, { span }) {
    out.text(KINDS[span.kind] ?? "unspecified");
  },
};

/** What spans of one shape mostly have in common stands last. */
const TRACE_BLOCK: readonly ColumnGroup<TraceRow>[] = [NAME, CALL, FAILURE, RETRIES, USAGE, MONEY, SPEED];
const SPAN_BLOCK: readonly ColumnGroup<SpanRow>[] = [NAME, KIND];
export const TRACE_BLOCK_COLUMNS: readonly string[] = columnsOf(TRACE_BLOCK);
export const SPAN_BLOCK_COLUMNS: readonly string[] = columnsOf(SPAN_BLOCK);
const FRONT_COLUMNS = [...TIMES.columns, ...SOURCE.columns];
const TRACE_COLUMNS = [...HEAD_COLUMNS, ...CALLER_COLUMNS, ...FRONT_COLUMNS, ...TRACE_BLOCK_COLUMNS];
const SPAN_COLUMNS = [...HEAD_COLUMNS, ...FRONT_COLUMNS, ...SPAN_BLOCK_COLUMNS];

/** "attributes, trace_id, ...": the named columns are all that a COPY needs of the table, so a newer schema may have more. */
export const TRACE_COLUMN_LIST = TRACE_COLUMNS.join(", ");
export const SPAN_COLUMN_LIST = SPAN_COLUMNS.join(", ");

/** Fields of a row. */
export const TRACE_FIELDS = TRACE_COLUMNS.length;
export const SPAN_FIELDS = SPAN_COLUMNS.length;

/** The first fields of a row, of a call's some more; answers where the ids begin. */
export function writeHead(out: CopyBuffer, { span, attributesJson }: EnrichedSpan, columns: AttributeColumns, isCall: boolean): number {
  out.startRow(isCall ? TRACE_FIELDS : SPAN_FIELDS);
  out.jsonb(fitAttributes(attributesJson));
  const ids = out.length;
  out.text(cut(span.traceId, ID_CHARS_MAX));
  out.text(cut(span.spanId, ID_CHARS_MAX));
  out.text(span.parentSpanId === "" ? null : cut(span.parentSpanId, ID_CHARS_MAX));
  if (isCall) {
    out.text(columns.userId);
    out.text(columns.conversationId);
    out.text(columns.agentName);
    out.text(columns.toolName);
  }
  return ids;
}

/** All behind the head. */
export function writeTraceFields(out: CopyBuffer, row: TraceRow): void {
  TIMES.write(out, row);
  writeSource(out, row);
  writeTraceBlock(out, row);
}

export function writeSpanFields(out: CopyBuffer, row: SpanRow): void {
  TIMES.write(out, row);
  writeSource(out, row);
  writeSpanBlock(out, row);
}

export function writeSource(out: CopyBuffer, labels: RowSourceLabels): void {
  SOURCE.write(out, labels);
}

export function writeTraceBlock(out: CopyBuffer, row: TraceRow): void {
  for (const group of TRACE_BLOCK) group.write(out, row);
}

export function writeSpanBlock(out: CopyBuffer, row: SpanRow): void {
  for (const group of SPAN_BLOCK) group.write(out, row);
}

function columnsOf(groups: readonly { readonly columns: readonly string[] }[]): string[] {
  return groups.flatMap(({ columns }) => columns);
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
