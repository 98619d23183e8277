import { NORMALIZED, OWN } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { amount, count, label, millisOf, type CountedRow } from "../sinks/postgres-row.ts";

/** What the dimension tables give numbers to: the values of one row, in the order of the columns. */
export type SeriesValues = readonly string[];
export type OutcomeValues = readonly (string | null)[];

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
  /** Calls by bin; by minute * MEASURES_MAX + measure. */
  readonly histograms: Map<number, Int32Array>;
  /** By hour and user, "hour user". */
  readonly users: Map<string, UserSums>;
}

/** What a batch of rows adds to the rollups (or takes out of them), by series; ids are not known here. */
export interface RollupDelta {
  readonly series: readonly SeriesDelta[];
  readonly outcomes: readonly OutcomeValues[];
}

/** histogram_minute.measure. */
const MEASURE = { completed: 1, failed: 2, ttft: 3 } as const;
const BINS_PER_DOUBLING = 8;
const BIN_MAX = 255;
const MEASURES_MAX = 4;
/** 10 categories x 10 retry reasons x 8 cost statuses: far below. */
const OUTCOMES_MAX = 4096;
const MINUTE_MICROS = 60_000_000;
const MINUTES_PER_HOUR = 60;
/** In place of a value that nobody sent. */
const UNKNOWN = "unknown";

/** sign -1 takes rows out that were counted before. Only model calls count. */
export function rollupDelta(rows: readonly CountedRow[], sign: 1 | -1 = 1): RollupDelta {
  const series = createIndex<SeriesDelta>();
  const outcomes = createIndex<OutcomeValues>();
  for (const row of rows) {
    if (!row.llmCall) continue;
    const delta = findSeries(series, row);
    const minute = Math.floor(row.createdAtMicros / MINUTE_MICROS);
    addSums(sumsOf(delta, minute * OUTCOMES_MAX + indexOfOutcome(outcomes, row)), row, sign);
    addDurations(delta, minute, row, sign);
    if (row.userId !== null) addUser(delta.users, Math.floor(minute / MINUTES_PER_HOUR), row, sign);
  }
  return { series: series.items, outcomes: outcomes.items };
}

/** One text of several, for maps: labels have no NUL. */
export const keyOfValues = (values: readonly (string | null)[]): string => values.join("\0");

/** The same bins as the SQL function histogram_bin. */
export function histogramBin(ms: number): number {
  return ms > 1 ? Math.min(BIN_MAX, Math.ceil(Math.log2(ms) * BINS_PER_DOUBLING - 1e-9)) : 0;
}

export const splitSumsKey = (key: number): { minute: number; outcome: number } => ({
  minute: Math.floor(key / OUTCOMES_MAX),
  outcome: key % OUTCOMES_MAX,
});

export function splitUserKey(key: string): { hour: number; userId: string } {
  const space = key.indexOf(" ");
  return { hour: Number(key.slice(0, space)), userId: key.slice(space + 1) };
}

export const splitHistogramKey = (key: number): { minute: number; measure: number } => ({
  minute: Math.floor(key / MEASURES_MAX),
  measure: key % MEASURES_MAX,
});

/**
 * Items by several texts. A batch has a few dozen combinations and thousands of rows whose texts are mostly the same string
 * objects: one look-up and comparisons of pointers, where a joined key would build and hash a string for every row.
 */
interface Index<Item> {
  readonly items: Item[];
  readonly byFirst: Map<string | null, { readonly texts: Texts; readonly position: number }[]>;
}

type Texts = readonly [first: string | null, ...rest: (string | null)[]];

const createIndex = <Item>(): Index<Item> => ({ items: [], byFirst: new Map() });

function findSeries(index: Index<SeriesDelta>, { serviceName, environment, provider, model, operation }: CountedRow): SeriesDelta {
  for (const { texts, position } of candidates(index, model)) {
    const found = index.items[position];
    if (found !== undefined && texts[1] === provider && texts[2] === operation && texts[3] === serviceName && texts[4] === environment)
      return found;
  }
  const values = [serviceName, environment, provider, model, operation].map((value) => clean(value) ?? UNKNOWN);
  const added = { values, sums: new Map(), histograms: new Map(), users: new Map() };
  addItem(index, added, [model, provider, operation, serviceName, environment]);
  return added;
}

function indexOfOutcome(index: Index<OutcomeValues>, { errorCategory, retryReason, costStatus }: CountedRow): number {
  for (const { texts, position } of candidates(index, errorCategory)) {
    if (texts[1] === retryReason && texts[2] === costStatus) return position;
  }
  return addItem(index, [clean(errorCategory), clean(retryReason), clean(costStatus)], [errorCategory, retryReason, costStatus]);
}

function candidates(index: Index<unknown>, first: string | null): readonly { readonly texts: Texts; readonly position: number }[] {
  return index.byFirst.get(first) ?? [];
}

function addItem<Item>(index: Index<Item>, item: Item, texts: Texts): number {
  const position = index.items.push(item) - 1;
  const entry = { texts, position };
  const list = index.byFirst.get(texts[0]);
  if (list === undefined) index.byFirst.set(texts[0], [entry]);
  else list.push(entry);
  return position;
}

/** Under the u flag a pair is one character, so only halves match. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** As the row has it: COPY drops NUL and replaces half a surrogate pair, and the rollups must name what the row holds. */
export function clean<T extends string | null>(value: T): T | string {
  return value === null ? value : value.replaceAll(LONE_SURROGATES, "\ufffd").replaceAll("\0", "");
}

function sumsOf(delta: SeriesDelta, key: number): RollupSums {
  let sums = delta.sums.get(key);
  if (sums === undefined) delta.sums.set(key, (sums = emptySums()));
  return sums;
}

function addSums(sums: RollupSums, row: CountedRow, sign: 1 | -1): void {
  const { added, failed } = row;
  const retries = countOr0(added[OWN.retryCount]);
  sums.calls += sign;
  if (retries > 0) sums.retried += sign;
  sums.retries += sign * retries;
  if (label(added[OWN.retryOf]) !== null) sums.repeats += sign;
  else if (failed || retries > 0) sums.first_failed += sign;
  if (failed && added[OWN.errorRetryable] === true) sums.retryable += sign;
  if (failed) sums.error_retry_after_ms += sign * amountOr0(added[OWN.errorRetryAfterMs]);
  sums.retry_wait_ms += sign * amountOr0(added[OWN.retryWaitMs]);
  sums.duration_ms += sign * row.durationMs;
  addSpeed(sums, added, sign);
  addTokens(sums, added, sign);
  if (added[OWN.costUsd] !== undefined) addMoney(sums, added, sign);
}

function addSpeed(sums: RollupSums, added: Enrichment, sign: 1 | -1): void {
  const ttftMs = millisOf(added[NORMALIZED.timeToFirstChunk]);
  if (ttftMs !== null) sums.ttft_calls += sign;
  sums.ttft_ms += sign * (ttftMs ?? 0);
  const outputRate = amount(added[OWN.outputTokensPerSecond]);
  if (outputRate !== null) sums.output_rate_calls += sign;
  sums.output_tokens_per_second += sign * (outputRate ?? 0);
}

const amountOr0 = (value: unknown): number => amount(value) ?? 0;

const countOr0 = (value: unknown): number => count(value) ?? 0;

function addTokens(sums: RollupSums, added: Enrichment, sign: 1 | -1): void {
  const cacheRead = countOr0(added[NORMALIZED.cacheReadTokens]);
  if (cacheRead > 0) sums.cached_calls += sign;
  sums.input_tokens += sign * countOr0(added[NORMALIZED.inputTokens]);
  sums.output_tokens += sign * countOr0(added[NORMALIZED.outputTokens]);
  sums.cache_read_input_tokens += sign * cacheRead;
  sums.cache_creation_input_tokens += sign * countOr0(added[NORMALIZED.cacheWriteTokens]);
  sums.reasoning_tokens += sign * countOr0(added[NORMALIZED.reasoningTokens]);
}

function addMoney(sums: RollupSums, added: Enrichment, sign: 1 | -1): void {
  sums.cost_usd += sign * amountOr0(added[OWN.costUsd]);
  sums.cost_input_usd += sign * amountOr0(added[OWN.costInputUsd]);
  sums.cost_cache_read_usd += sign * amountOr0(added[OWN.costCacheReadUsd]);
  sums.cost_cache_write_usd += sign * amountOr0(added[OWN.costCacheWriteUsd]);
  sums.cost_output_usd += sign * amountOr0(added[OWN.costOutputUsd]);
  sums.cost_without_cache_usd += sign * amountOr0(added[OWN.costWithoutCacheUsd]);
  sums.cache_savings_usd += sign * amountOr0(added[OWN.cacheSavingsUsd]);
}

function addDurations(delta: SeriesDelta, minute: number, row: CountedRow, sign: 1 | -1): void {
  addToBin(delta, minute * MEASURES_MAX + (row.failed ? MEASURE.failed : MEASURE.completed), row.durationMs, sign);
  const ttftMs = millisOf(row.added[NORMALIZED.timeToFirstChunk]);
  if (ttftMs !== null) addToBin(delta, minute * MEASURES_MAX + MEASURE.ttft, ttftMs, sign);
}

function addToBin({ histograms }: SeriesDelta, key: number, ms: number, sign: 1 | -1): void {
  let counts = histograms.get(key);
  if (counts === undefined) histograms.set(key, (counts = new Int32Array(BIN_MAX + 1)));
  const bin = histogramBin(ms);
  counts[bin] = (counts[bin] ?? 0) + sign;
}

function addUser(users: Map<string, UserSums>, hour: number, { userId, failed, added }: CountedRow, sign: 1 | -1): void {
  const key = `${hour} ${userId}`;
  let sums = users.get(key);
  if (sums === undefined)
    users.set(key, (sums = { calls: 0, failed: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0, cache_savings_usd: 0 }));
  sums.calls += sign;
  if (failed) sums.failed += sign;
  sums.input_tokens += sign * countOr0(added[NORMALIZED.inputTokens]);
  sums.output_tokens += sign * countOr0(added[NORMALIZED.outputTokens]);
  sums.cost_usd += sign * amountOr0(added[OWN.costUsd]);
  sums.cache_savings_usd += sign * amountOr0(added[OWN.cacheSavingsUsd]);
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
