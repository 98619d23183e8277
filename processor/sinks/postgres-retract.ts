import type pg from "pg";
import { NORMALIZED, OWN } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { countCalls } from "../storage/count-calls.ts";
import type { Dimensions } from "../storage/dimensions.ts";
import { rollupDelta } from "../storage/rollup-delta.ts";
import type { CountedRow } from "./postgres-row.ts";

/** Names a row of llm_traces. */
export interface CallKey {
  readonly traceId: string;
  readonly spanId: string;
  readonly startMs: number;
}

/** What a stored row was counted with, under the names of CountedRow. Microseconds as text: a numeric is exact. */
const JUDGED = `
  (extract(epoch from t.created_at) * 1000000)::bigint::text as "createdAtMicros", t.duration_ms as "durationMs", t.status = 'failed' as failed,
  t.service_name as "serviceName", t.environment, t.operation, t.model_provider as provider, t.model, t.error_category as "errorCategory",
  t.retry_reason as "retryReason", t.cost_status as "costStatus", t.user_id as "userId"`;

/** The columns that enrichment wrote as they were, by attribute. bigint as double: pg gives it as text otherwise. */
const ADDED: Readonly<Record<string, string>> = {
  [OWN.errorRetryable]: "t.error_retryable",
  [OWN.errorRetryAfterMs]: "t.error_retry_after_ms",
  [OWN.retryCount]: "t.retry_count",
  [OWN.retryWaitMs]: "t.retry_wait_ms",
  [OWN.retryOf]: "t.retry_of",
  [NORMALIZED.inputTokens]: "t.input_tokens::float8",
  [NORMALIZED.outputTokens]: "t.output_tokens::float8",
  [NORMALIZED.cacheReadTokens]: "t.cache_read_input_tokens::float8",
  [NORMALIZED.cacheWriteTokens]: "t.cache_creation_input_tokens::float8",
  [NORMALIZED.reasoningTokens]: "t.reasoning_tokens::float8",
  [NORMALIZED.timeToFirstChunk]: "t.ttft_ms / 1000",
  [OWN.costUsd]: "t.cost_usd",
  [OWN.costInputUsd]: "t.cost_input_usd",
  [OWN.costCacheReadUsd]: "t.cost_cache_read_usd",
  [OWN.costCacheWriteUsd]: "t.cost_cache_write_usd",
  [OWN.costOutputUsd]: "t.cost_output_usd",
  [OWN.costWithoutCacheUsd]: "t.cost_without_cache_usd",
  [OWN.cacheSavingsUsd]: "t.cache_savings_usd",
  [OWN.outputTokensPerSecond]: "t.output_tokens_per_second",
};

type Judged = Omit<CountedRow, "createdAtMicros" | "llmCall" | "added"> & { readonly createdAtMicros: string };

/** Makes the calls uncounted, in the transaction that the client has open: rows and rollups together. Answers how many were counted before. */
export async function retractRows(
  client: pg.ClientBase,
  schema: string,
  dimensions: Dimensions,
  calls: readonly CallKey[],
): Promise<number> {
  const added = Object.entries(ADDED).map(([name, sql]) => `${sql} as "${name}"`);
  const { rows } = await client.query<Judged & Enrichment>(
    `update ${schema}.llm_traces t set llm_call = false
     from unnest($1::text[], $2::text[], $3::float8[]) k (trace_id, span_id, micros)
     where t.created_at = timestamptz 'epoch' + k.micros * interval '1 microsecond' and t.span_id = k.span_id and t.trace_id = k.trace_id and t.llm_call
     returning ${JUDGED}, ${added.join(", ")}`,
    [calls.map(({ traceId }) => traceId), calls.map(({ spanId }) => spanId), calls.map(({ startMs }) => Math.round(startMs * 1000))],
  );
  const counted = rows.map((row): CountedRow => ({
    ...row,
    createdAtMicros: Number(row.createdAtMicros),
    llmCall: true,
    added: withoutNulls(row),
  }));
  const delta = rollupDelta(counted, -1);
  await countCalls(client, { schema, delta, ids: await dimensions.resolve(client, delta) });
  return rows.length;
}

function withoutNulls(row: Enrichment): Enrichment {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}
