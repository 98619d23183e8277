import type { TraceRow } from "../sinks/postgres-row.ts";

/** What the rollups read of a row. */
export type CountedRow = Pick<
  TraceRow,
  | "createdAtMicros"
  | "durationMs"
  | "serviceName"
  | "environment"
  | "operation"
  | "llmCall"
  | "provider"
  | "model"
  | "status"
  | "errorCategory"
  | "errorRetryable"
  | "errorRetryAfterMs"
  | "retryCount"
  | "retryReason"
  | "retryWaitMs"
  | "retryOf"
  | "inputTokens"
  | "outputTokens"
  | "cacheReadTokens"
  | "cacheWriteTokens"
  | "reasoningTokens"
  | "costUsd"
  | "costInputUsd"
  | "costCacheReadUsd"
  | "costCacheWriteUsd"
  | "costOutputUsd"
  | "costWithoutCacheUsd"
  | "cacheSavingsUsd"
  | "costStatus"
  | "ttftMs"
  | "outputTokensPerSecond"
  | "userId"
>;

/** What a dimension table gives numbers to: the values of one row, in the order of its columns. */
export type SeriesValues = readonly [serviceName: string, environment: string, provider: string, model: string, operation: string];
export type OutcomeValues = readonly [errorCategory: string | null, retryReason: string | null, costStatus: string | null];

/** Sums of one minute, series and outcome. Keys are the columns of rollup_minute. */
export interface RollupSums {
  calls: number;
  retried: number;
  retries: number;
  repeats: number;
  first_failed: number;
  retryable: number;
  error_retry_after_ms: number;
  retry_wait_ms: number;
  duration_ms: number;
  ttft_ms: number;
  ttft_calls: number;
  output_tokens_per_second: number;
  output_rate_calls: number;
  cached_calls: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_input_tokens: number;
  reasoning_tokens: number;
  cost_usd: number;
  cost_input_usd: number;
  cost_cache_read_usd: number;
  cost_cache_write_usd: number;
  cost_output_usd: number;
  cost_without_cache_usd: number;
  cache_savings_usd: number;
}

export interface UserSums {
  calls: number;
  failed: number;
  input_tokens: number;
  output_tokens: number;
  cost_usd: number;
  cache_savings_usd: number;
}

export interface SeriesDelta {
  readonly values: SeriesValues;
  /** By minute * OUTCOMES_MAX + index of the outcome. */
  readonly sums: Map<number, RollupSums>;
  /** Calls by minute * 2^10 + measure * 2^8 + bin. */
  readonly histogram: Map<number, number>;
  /** By hour and user, "hour user". */
  readonly users: Map<string, UserSums>;
}

/** What a batch of rows adds to the rollups (or takes out of them), by series; ids are not known here. */
export interface RollupDelta {
  readonly series: ReadonlyMap<string, SeriesDelta>;
  readonly outcomes: readonly OutcomeValues[];
}

/** histogram_minute.measure. */
const MEASURE = { completed: 1, failed: 2, ttft: 3 } as const;
const BINS_PER_DOUBLING = 8;
const BIN_MAX = 255;
const MEASURE_STEP = BIN_MAX + 1;
const MINUTE_STEP = MEASURE_STEP * 4;
/** 10 categories x 10 retry reasons x 8 cost statuses: far below. */
const OUTCOMES_MAX = 4096;
const MINUTE_MICROS = 60_000_000;
const MINUTES_PER_HOUR = 60;
/** In place of a value that nobody sent. */
const UNKNOWN = "unknown";

/** sign -1 takes rows out that were counted before. Only model calls count. */
export function rollupDelta(rows: readonly CountedRow[], sign: 1 | -1 = 1): RollupDelta {
  const series = new Map<string, SeriesDelta>();
  const outcomes: OutcomeValues[] = [];
  const outcomeIndex = new Map<string, number>();
  for (const row of rows) {
    if (!row.llmCall) continue;
    const delta = findSeries(series, row);
    const minute = Math.floor(row.createdAtMicros / MINUTE_MICROS);
    addSums(sumsOf(delta, minute * OUTCOMES_MAX + indexOfOutcome(row, outcomes, outcomeIndex)), row, sign);
    addDurations(delta.histogram, minute, row, sign);
    if (row.userId !== null) addUser(delta.users, Math.floor(minute / MINUTES_PER_HOUR), row, sign);
  }
  return { series, outcomes };
}

/** Separated by what labels do not hold. */
export const outcomeKey = ([category, reason, costStatus]: OutcomeValues): string =>
  `${category ?? ""}\0${reason ?? ""}\0${costStatus ?? ""}`;

/** The same bins as the SQL function histogram_bin. */
export function histogramBin(ms: number): number {
  return ms > 1 ? Math.min(BIN_MAX, Math.ceil(Math.log2(ms) * BINS_PER_DOUBLING - 1e-9)) : 0;
}

export const splitSumsKey = (key: number): { minute: number; outcome: number } => ({
  minute: Math.floor(key / OUTCOMES_MAX),
  outcome: key % OUTCOMES_MAX,
});

export const splitHistogramKey = (key: number): { minute: number; measure: number; bin: number } => ({
  minute: Math.floor(key / MINUTE_STEP),
  measure: Math.floor((key % MINUTE_STEP) / MEASURE_STEP),
  bin: key % MEASURE_STEP,
});

function findSeries(series: Map<string, SeriesDelta>, row: CountedRow): SeriesDelta {
  const values: SeriesValues = [
    row.serviceName ?? UNKNOWN,
    row.environment ?? UNKNOWN,
    row.provider ?? UNKNOWN,
    row.model ?? UNKNOWN,
    row.operation ?? UNKNOWN,
  ];
  const key = values.join("\0");
  let delta = series.get(key);
  if (delta === undefined) series.set(key, (delta = { values, sums: new Map(), histogram: new Map(), users: new Map() }));
  return delta;
}

function indexOfOutcome(row: CountedRow, outcomes: OutcomeValues[], indexes: Map<string, number>): number {
  const values: OutcomeValues = [row.errorCategory, row.retryReason, row.costStatus];
  const key = outcomeKey(values);
  let index = indexes.get(key);
  if (index === undefined) indexes.set(key, (index = outcomes.push(values) - 1));
  return index;
}

function sumsOf(delta: SeriesDelta, key: number): RollupSums {
  let sums = delta.sums.get(key);
  if (sums === undefined) delta.sums.set(key, (sums = emptySums()));
  return sums;
}

function addSums(sums: RollupSums, row: CountedRow, sign: 1 | -1): void {
  const retries = row.retryCount ?? 0;
  const failed = row.status === "failed";
  sums.calls += sign;
  if (retries > 0) sums.retried += sign;
  sums.retries += sign * retries;
  if (row.retryOf !== null) sums.repeats += sign;
  else if (failed || retries > 0) sums.first_failed += sign;
  if (row.errorRetryable === true) sums.retryable += sign;
  if (row.ttftMs !== null) sums.ttft_calls += sign;
  if (row.outputTokensPerSecond !== null) sums.output_rate_calls += sign;
  if ((row.cacheReadTokens ?? 0) > 0) sums.cached_calls += sign;
  sums.error_retry_after_ms += sign * (row.errorRetryAfterMs ?? 0);
  sums.retry_wait_ms += sign * (row.retryWaitMs ?? 0);
  sums.duration_ms += sign * row.durationMs;
  sums.ttft_ms += sign * (row.ttftMs ?? 0);
  sums.output_tokens_per_second += sign * (row.outputTokensPerSecond ?? 0);
  addTokensAndMoney(sums, row, sign);
}

function addTokensAndMoney(sums: RollupSums, row: CountedRow, sign: 1 | -1): void {
  sums.input_tokens += sign * (row.inputTokens ?? 0);
  sums.output_tokens += sign * (row.outputTokens ?? 0);
  sums.cache_read_input_tokens += sign * (row.cacheReadTokens ?? 0);
  sums.cache_creation_input_tokens += sign * (row.cacheWriteTokens ?? 0);
  sums.reasoning_tokens += sign * (row.reasoningTokens ?? 0);
  sums.cost_usd += sign * (row.costUsd ?? 0);
  sums.cost_input_usd += sign * (row.costInputUsd ?? 0);
  sums.cost_cache_read_usd += sign * (row.costCacheReadUsd ?? 0);
  sums.cost_cache_write_usd += sign * (row.costCacheWriteUsd ?? 0);
  sums.cost_output_usd += sign * (row.costOutputUsd ?? 0);
  sums.cost_without_cache_usd += sign * (row.costWithoutCacheUsd ?? 0);
  sums.cache_savings_usd += sign * (row.cacheSavingsUsd ?? 0);
}

function addDurations(histogram: Map<number, number>, minute: number, row: CountedRow, sign: 1 | -1): void {
  addToBin(histogram, minute, MEASURE[row.status], row.durationMs, sign);
  if (row.ttftMs !== null) addToBin(histogram, minute, MEASURE.ttft, row.ttftMs, sign);
}

// oxlint-disable-next-line max-params -- five numbers of one bin; an object for each of them would be the cost of this loop
function addToBin(histogram: Map<number, number>, minute: number, measure: number, ms: number, sign: 1 | -1): void {
  const key = minute * MINUTE_STEP + measure * MEASURE_STEP + histogramBin(ms);
  histogram.set(key, (histogram.get(key) ?? 0) + sign);
}

function addUser(users: Map<string, UserSums>, hour: number, row: CountedRow, sign: 1 | -1): void {
  const key = `${hour} ${row.userId}`;
  let sums = users.get(key);
  if (sums === undefined)
    users.set(key, (sums = { calls: 0, failed: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0, cache_savings_usd: 0 }));
  sums.calls += sign;
  if (row.status === "failed") sums.failed += sign;
  sums.input_tokens += sign * (row.inputTokens ?? 0);
  sums.output_tokens += sign * (row.outputTokens ?? 0);
  sums.cost_usd += sign * (row.costUsd ?? 0);
  sums.cache_savings_usd += sign * (row.cacheSavingsUsd ?? 0);
}

function emptySums(): RollupSums {
  return {
    calls: 0,
    retried: 0,
    retries: 0,
    repeats: 0,
    first_failed: 0,
    retryable: 0,
    error_retry_after_ms: 0,
    retry_wait_ms: 0,
    duration_ms: 0,
    ttft_ms: 0,
    ttft_calls: 0,
    output_tokens_per_second: 0,
    output_rate_calls: 0,
    cached_calls: 0,
    input_tokens: 0,
    output_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
    reasoning_tokens: 0,
    cost_usd: 0,
    cost_input_usd: 0,
    cost_cache_read_usd: 0,
    cost_cache_write_usd: 0,
    cost_output_usd: 0,
    cost_without_cache_usd: 0,
    cache_savings_usd: 0,
  };
}
