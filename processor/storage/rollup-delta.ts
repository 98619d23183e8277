import type { CountedRow, Money } from "../sinks/postgres-row.ts";

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
  /** Of the retried: calls with one retry, two, and more. */
  retried_once: number;
  retried_twice: number;
  retried_more: number;
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
  /** By minutes since 1970. */
  readonly minutes: Map<number, MinuteDelta>;
  /** By hours since 1970, then by user. */
  readonly users: Map<number, Map<string, UserSums>>;
}

export interface MinuteDelta {
  readonly minute: number;
  /** By index of the outcome. */
  readonly sums: (RollupSums | undefined)[];
  /** Calls by bin; by measure. */
  readonly histograms: (Int32Array | undefined)[];
}

/** What a batch of rows adds to the rollups, by series; ids are not known here. */
export interface RollupDelta {
  readonly series: readonly SeriesDelta[];
  readonly outcomes: readonly OutcomeValues[];
}

/** histogram_minute.measure. */
const MEASURE = { completed: 1, failed: 2, ttft: 3 } as const;
const BINS_PER_DOUBLING = 8;
const BIN_MAX = 255;
const MINUTE_MICROS = 60_000_000;
const MINUTES_PER_HOUR = 60;
/** In place of a value that nobody sent. */
const UNKNOWN = "unknown";

/** A delta that grows by every row that is added; only model calls count. */
export interface GrowingDelta extends RollupDelta {
  readonly add: (row: CountedRow) => void;
}

export function createRollupDelta(): GrowingDelta {
  const series = createIndex<SeriesDelta>();
  const outcomes = createIndex<OutcomeValues>();
  return {
    series: series.items,
    outcomes: outcomes.items,
    add(row) {
      if (!row.llmCall) return;
      const delta = findSeries(series, row);
      const minute = Math.floor(row.createdAtMicros / MINUTE_MICROS);
      const minuteDelta = minuteOf(delta, minute);
      addSums(sumsOf(minuteDelta, indexOfOutcome(outcomes, row)), row);
      addToBin(minuteDelta, row.failed ? MEASURE.failed : MEASURE.completed, row.durationMs);
      if (row.ttftMs !== null) addToBin(minuteDelta, MEASURE.ttft, row.ttftMs);
      if (row.userId !== null) addUser(usersOf(delta, Math.floor(minute / MINUTES_PER_HOUR)), row.userId, row);
    },
  };
}

/** One text of several, for maps: labels have no NUL. */
export const keyOfValues = (values: readonly (string | null)[]): string => values.join("\0");

/** The same bins as the SQL function histogram_bin. */
export function histogramBin(ms: number): number {
  return ms > 1 ? Math.min(BIN_MAX, Math.ceil(Math.log2(ms) * BINS_PER_DOUBLING - 1e-9)) : 0;
}

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
  const added: SeriesDelta = { values, minutes: new Map(), users: new Map() };
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

function minuteOf({ minutes }: SeriesDelta, minute: number): MinuteDelta {
  let found = minutes.get(minute);
  if (found === undefined) minutes.set(minute, (found = { minute, sums: [], histograms: [] }));
  return found;
}

const sumsOf = ({ sums }: MinuteDelta, outcome: number): RollupSums => (sums[outcome] ??= emptySums());

function usersOf({ users }: SeriesDelta, hour: number): Map<string, UserSums> {
  let found = users.get(hour);
  if (found === undefined) users.set(hour, (found = new Map()));
  return found;
}

function addSums(sums: RollupSums, row: CountedRow): void {
  const { failed } = row;
  const retries = row.retryCount ?? 0;
  sums.calls += 1;
  if (retries > 0) addRetried(sums, retries);
  if (row.retryOf !== null) sums.repeats += 1;
  else if (failed || retries > 0) sums.first_failed += 1;
  if (row.errorRetryable === true) sums.retryable += 1;
  sums.error_retry_after_ms += row.errorRetryAfterMs ?? 0;
  sums.retry_wait_ms += row.retryWaitMs ?? 0;
  sums.duration_ms += row.durationMs;
  addSpeed(sums, row);
  addTokens(sums, row);
  if (row.money !== null) addMoney(sums, row.money);
}

function addRetried(sums: RollupSums, retries: number): void {
  sums.retried += 1;
  sums.retries += retries;
  if (retries === 1) sums.retried_once += 1;
  else if (retries === 2) sums.retried_twice += 1;
  else sums.retried_more += 1;
}

function addSpeed(sums: RollupSums, { ttftMs, outputTokensPerSecond }: CountedRow): void {
  if (ttftMs !== null) {
    sums.ttft_calls += 1;
    sums.ttft_ms += ttftMs;
  }
  if (outputTokensPerSecond !== null) {
    sums.output_rate_calls += 1;
    sums.output_tokens_per_second += outputTokensPerSecond;
  }
}

function addTokens(sums: RollupSums, row: CountedRow): void {
  const cacheRead = row.cacheReadTokens ?? 0;
  if (cacheRead > 0) sums.cached_calls += 1;
  sums.input_tokens += row.inputTokens ?? 0;
  sums.output_tokens += row.outputTokens ?? 0;
  sums.cache_read_input_tokens += cacheRead;
  sums.cache_creation_input_tokens += row.cacheWriteTokens ?? 0;
  sums.reasoning_tokens += row.reasoningTokens ?? 0;
}

function addMoney(sums: RollupSums, money: Money): void {
  sums.cost_usd += money.cost ?? 0;
  sums.cost_input_usd += money.input ?? 0;
  sums.cost_cache_read_usd += money.cacheRead ?? 0;
  sums.cost_cache_write_usd += money.cacheWrite ?? 0;
  sums.cost_output_usd += money.output ?? 0;
  sums.cost_without_cache_usd += money.withoutCache ?? 0;
  sums.cache_savings_usd += money.savings ?? 0;
}

function addToBin({ histograms }: MinuteDelta, measure: number, ms: number): void {
  const counts = (histograms[measure] ??= new Int32Array(BIN_MAX + 1));
  const bin = histogramBin(ms);
  counts[bin] = (counts[bin] ?? 0) + 1;
}

function addUser(users: Map<string, UserSums>, userId: string, row: CountedRow): void {
  let sums = users.get(userId);
  if (sums === undefined)
    users.set(userId, (sums = { calls: 0, failed: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0, cache_savings_usd: 0 }));
  sums.calls += 1;
  if (row.failed) sums.failed += 1;
  sums.input_tokens += row.inputTokens ?? 0;
  sums.output_tokens += row.outputTokens ?? 0;
  sums.cost_usd += row.money?.cost ?? 0;
  sums.cache_savings_usd += row.money?.savings ?? 0;
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
    retried_once: 0,
    retried_twice: 0,
    retried_more: 0,
  };
}
