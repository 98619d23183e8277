import type pg from "pg";
import { countCalls } from "../storage/count-calls.ts";
import type { Dimensions } from "../storage/dimensions.ts";
import { rollupDelta, type CountedRow } from "../storage/rollup-delta.ts";

/** Names a row of llm_traces. */
export interface CallKey {
  readonly traceId: string;
  readonly spanId: string;
  readonly startMs: number;
}

/** How a stored row becomes what the rollups counted. Numbers come back as double, because pg gives bigint as text. */
const COUNTED: Readonly<Record<keyof CountedRow, string>> = {
  createdAtMicros: "extract(epoch from t.created_at)::numeric * 1000000",
  durationMs: "t.duration_ms",
  serviceName: "t.service_name",
  environment: "t.environment",
  operation: "t.operation",
  // The delta is of what the row was before.
  llmCall: "true",
  provider: "t.model_provider",
  model: "t.model",
  status: "t.status",
  errorCategory: "t.error_category",
  errorRetryable: "t.error_retryable",
  errorRetryAfterMs: "t.error_retry_after_ms",
  retryCount: "t.retry_count",
  retryReason: "t.retry_reason",
  retryWaitMs: "t.retry_wait_ms",
  retryOf: "t.retry_of",
  inputTokens: "t.input_tokens::double precision",
  outputTokens: "t.output_tokens::double precision",
  cacheReadTokens: "t.cache_read_input_tokens::double precision",
  cacheWriteTokens: "t.cache_creation_input_tokens::double precision",
  reasoningTokens: "t.reasoning_tokens::double precision",
  costUsd: "t.cost_usd",
  costInputUsd: "t.cost_input_usd",
  costCacheReadUsd: "t.cost_cache_read_usd",
  costCacheWriteUsd: "t.cost_cache_write_usd",
  costOutputUsd: "t.cost_output_usd",
  costWithoutCacheUsd: "t.cost_without_cache_usd",
  cacheSavingsUsd: "t.cache_savings_usd",
  costStatus: "t.cost_status",
  ttftMs: "t.ttft_ms",
  outputTokensPerSecond: "t.output_tokens_per_second",
  userId: "t.user_id",
};

/** Makes the calls uncounted, in the transaction that the client has open: rows and rollups together. Answers how many were counted before. */
export async function retractRows(
  client: pg.ClientBase,
  schema: string,
  dimensions: Dimensions,
  calls: readonly CallKey[],
): Promise<number> {
  const { rows } = await client.query<CountedRow>(
    `update ${schema}.llm_traces t set llm_call = false
     from unnest($1::text[], $2::text[], $3::double precision[]) k (trace_id, span_id, micros)
     where t.created_at = timestamptz 'epoch' + k.micros * interval '1 microsecond' and t.span_id = k.span_id and t.trace_id = k.trace_id and t.llm_call
     returning ${Object.entries(COUNTED)
       .map(([name, sql]) => `${sql} as "${name}"`)
       .join(", ")}`,
    [calls.map(({ traceId }) => traceId), calls.map(({ spanId }) => spanId), calls.map(({ startMs }) => Math.round(startMs * 1000))],
  );
  const counted = rows.map((row) => ({ ...row, createdAtMicros: Number(row.createdAtMicros) }));
  const delta = rollupDelta(counted, -1);
  await countCalls(client, { schema, delta, ids: await dimensions.resolve(client, delta) });
  return rows.length;
}
