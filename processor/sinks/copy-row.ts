import { CopyBuffer } from "./copy-buffer.ts";
import type { SpanRow, TraceRow } from "./postgres-row.ts";

/** A column of a table and how a row's value is written to it: one list is both the column list of COPY and the encoder. */
type Column<Row> = readonly [name: string, write: (out: CopyBuffer, row: Row) => void];

const TRACE_COLUMNS: readonly Column<TraceRow>[] = [
  ["trace_id", (out, row) => out.text(row.traceId)],
  ["span_id", (out, row) => out.text(row.spanId)],
  ["parent_span_id", (out, row) => out.text(row.parentSpanId)],
  ["name", (out, row) => out.text(row.name)],
  ["created_at", (out, row) => out.timestamp(row.createdAtMicros)],
  ["duration_ms", (out, row) => out.float8(row.durationMs)],
  ["service_name", (out, row) => out.text(row.serviceName)],
  ["environment", (out, row) => out.text(row.environment)],
  ["scope_name", (out, row) => out.text(row.scopeName)],
  ["operation", (out, row) => out.text(row.operation)],
  ["llm_call", (out, row) => out.boolean(row.llmCall)],
  ["model_provider", (out, row) => out.text(row.provider)],
  ["model", (out, row) => out.text(row.model)],
  ["response_model", (out, row) => out.text(row.responseModel)],
  ["status", (out, row) => out.text(row.status)],
  ["error_message", (out, row) => out.text(row.errorMessage)],
  ["error_type", (out, row) => out.text(row.errorType)],
  ["error_category", (out, row) => out.text(row.errorCategory)],
  ["error_retryable", (out, row) => out.boolean(row.errorRetryable)],
  ["error_retry_after_ms", (out, row) => out.float8(row.errorRetryAfterMs)],
  ["http_status", (out, row) => out.int4(row.httpStatus)],
  ["retry_count", (out, row) => out.int4(row.retryCount)],
  ["retry_reason", (out, row) => out.text(row.retryReason)],
  ["retry_wait_ms", (out, row) => out.float8(row.retryWaitMs)],
  ["retry_of", (out, row) => out.text(row.retryOf)],
  ["input_tokens", (out, row) => out.int8(row.inputTokens)],
  ["output_tokens", (out, row) => out.int8(row.outputTokens)],
  ["total_tokens", (out, row) => out.int8(totalTokens(row))],
  ["cache_read_input_tokens", (out, row) => out.int8(row.cacheReadTokens)],
  ["cache_creation_input_tokens", (out, row) => out.int8(row.cacheWriteTokens)],
  ["reasoning_tokens", (out, row) => out.int8(row.reasoningTokens)],
  ["cost_usd", (out, row) => out.float8(row.costUsd)],
  ["cost_input_usd", (out, row) => out.float8(row.costInputUsd)],
  ["cost_cache_read_usd", (out, row) => out.float8(row.costCacheReadUsd)],
  ["cost_cache_write_usd", (out, row) => out.float8(row.costCacheWriteUsd)],
  ["cost_output_usd", (out, row) => out.float8(row.costOutputUsd)],
  ["cost_without_cache_usd", (out, row) => out.float8(row.costWithoutCacheUsd)],
  ["cache_savings_usd", (out, row) => out.float8(row.cacheSavingsUsd)],
  ["cache_hit_ratio", (out, row) => out.float8(row.cacheHitRatio)],
  ["cost_status", (out, row) => out.text(row.costStatus)],
  ["price_date", (out, row) => out.text(row.priceDate)],
  ["ttft_ms", (out, row) => out.float8(row.ttftMs)],
  ["output_tokens_per_second", (out, row) => out.float8(row.outputTokensPerSecond)],
  ["user_id", (out, row) => out.text(row.userId)],
  ["conversation_id", (out, row) => out.text(row.conversationId)],
  ["agent_name", (out, row) => out.text(row.agentName)],
  ["tool_name", (out, row) => out.text(row.toolName)],
  ["attributes", (out, row) => out.jsonb(row.attributesJson)],
];

const SPAN_COLUMNS: readonly Column<SpanRow>[] = [
  ["trace_id", (out, row) => out.text(row.traceId)],
  ["span_id", (out, row) => out.text(row.spanId)],
  ["parent_span_id", (out, row) => out.text(row.parentSpanId)],
  ["name", (out, row) => out.text(row.name)],
  ["created_at", (out, row) => out.timestamp(row.createdAtMicros)],
  ["duration_ms", (out, row) => out.float8(row.durationMs)],
  ["kind", (out, row) => out.text(row.kind)],
  ["service_name", (out, row) => out.text(row.serviceName)],
  ["environment", (out, row) => out.text(row.environment)],
  ["scope_name", (out, row) => out.text(row.scopeName)],
  ["status", (out, row) => out.text(row.status)],
  ["error_message", (out, row) => out.text(row.errorMessage)],
  ["http_status", (out, row) => out.int4(row.httpStatus)],
  ["attributes", (out, row) => out.jsonb(row.attributesJson)],
];

/** "trace_id, span_id, ...": the named columns are all that a COPY needs of the table, so a newer schema may have more. */
export const TRACE_COLUMN_LIST = TRACE_COLUMNS.map(([name]) => name).join(", ");
export const SPAN_COLUMN_LIST = SPAN_COLUMNS.map(([name]) => name).join(", ");

export const encodeTraceRows = (rows: readonly TraceRow[]): Buffer => encodeRows(rows, TRACE_COLUMNS);
export const encodeSpanRows = (rows: readonly SpanRow[]): Buffer => encodeRows(rows, SPAN_COLUMNS);

/** A guess that is seldom too small: columns take about 500 bytes, attributes as many as they have. */
const ROW_BYTES_HINT = 640;

function encodeRows<Row extends { readonly attributesJson: Uint8Array }>(rows: readonly Row[], columns: readonly Column<Row>[]): Buffer {
  let bytesHint = 64;
  for (const row of rows) bytesHint += ROW_BYTES_HINT + row.attributesJson.length;
  const out = new CopyBuffer(bytesHint);
  for (const row of rows) {
    out.startRow(columns.length);
    for (const [, write] of columns) write(out, row);
  }
  return out.end();
}

export function totalTokens({ inputTokens, outputTokens }: TraceRow): number | null {
  return inputTokens === null && outputTokens === null ? null : (inputTokens ?? 0) + (outputTokens ?? 0);
}
