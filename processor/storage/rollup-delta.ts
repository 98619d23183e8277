import type { EncodedRows } from "../sinks/encoded-rows.ts";
import type { CallKind, OutcomeValues, SeriesValues } from "./call-kinds.ts";
import { CALL_FAILED, CALL_STRIDE, CALL_SUM, CALL_SUMS } from "./call-sums.ts";

export interface SeriesDelta {
  readonly values: SeriesValues;
  /** keyOfValues of them. */
  readonly key: string;
  /** By minutes since 1970. */
  readonly minutes: Map<number, MinuteDelta>;
  /** By hours since 1970, then by user: numbers in the order of USER_SUMS. */
  readonly users: Map<number, Map<string, Float64Array>>;
}

export interface MinuteDelta {
  readonly minute: number;
  /** By index of the outcome: numbers in the order of CALL_SUM_COLUMNS. */
  readonly sums: (Float64Array | undefined)[];
  /** Calls by bin; by measure. */
  readonly histograms: (Int32Array | undefined)[];
}

/** What a batch of rows adds to the rollups, by series; ids are not known here. */
export interface RollupDelta {
  readonly series: readonly SeriesDelta[];
  readonly outcomes: readonly OutcomeValues[];
}

/** What is added up for a user: places in a call's numbers, in the order of count_users' parameters. */
const USER_SUMS = [
  CALL_SUM.calls,
  CALL_FAILED,
  CALL_SUM.input_tokens,
  CALL_SUM.output_tokens,
  CALL_SUM.cost_usd,
  CALL_SUM.cache_savings_usd,
] as const;

/** histogram_minute.measure. */
const MEASURE = { completed: 1, failed: 2, ttft: 3 } as const;
const BINS_PER_DOUBLING = 8;
const BIN_MAX = 255;
const MINUTE_MICROS = 60_000_000;
const MINUTES_PER_HOUR = 60;

/** A delta that grows by every call that is added. */
export interface GrowingDelta extends RollupDelta {
  /** The call that a row is, by its place among the rows' calls; `micros`: when it began. */
  readonly add: (rows: EncodedRows, call: number, micros: number) => void;
}

/** A kind as this delta has it. */
interface Counted {
  readonly series: SeriesDelta;
  readonly outcome: number;
}

export function createRollupDelta(): GrowingDelta {
  const series: SeriesDelta[] = [];
  const outcomes: OutcomeValues[] = [];
  const seriesByKey = new Map<string, SeriesDelta>();
  const outcomesByKey = new Map<string, number>();
  const known = new Map<CallKind, Counted>();

  function count(kind: CallKind): Counted {
    let ofSeries = seriesByKey.get(kind.seriesKey);
    if (ofSeries === undefined) {
      ofSeries = { values: kind.series, key: kind.seriesKey, minutes: new Map(), users: new Map() };
      series.push(ofSeries);
      seriesByKey.set(kind.seriesKey, ofSeries);
    }
    let outcome = outcomesByKey.get(kind.outcomeKey);
    if (outcome === undefined) {
      outcome = outcomes.push(kind.outcome) - 1;
      outcomesByKey.set(kind.outcomeKey, outcome);
    }
    const counted = { series: ofSeries, outcome };
    known.set(kind, counted);
    return counted;
  }

  return {
    series,
    outcomes,
    add(rows, call, micros) {
      const kind = rows.kinds[call];
      if (kind === undefined) return;
      const { series: ofSeries, outcome } = known.get(kind) ?? count(kind);
      const minute = Math.floor(micros / MINUTE_MICROS);
      const at = call * CALL_STRIDE;
      addCall(minuteOf(ofSeries, minute), outcome, rows.numbers, at);
      const user = rows.users[call] ?? null;
      if (user !== null) addUser(usersOf(ofSeries, Math.floor(minute / MINUTES_PER_HOUR)), user, rows.numbers, at);
    },
  };
}

/** The same bins as the SQL function histogram_bin. */
export function histogramBin(ms: number): number {
  return ms > 1 ? Math.min(BIN_MAX, Math.ceil(Math.log2(ms) * BINS_PER_DOUBLING - 1e-9)) : 0;
}

function minuteOf({ minutes }: SeriesDelta, minute: number): MinuteDelta {
  let found = minutes.get(minute);
  if (found === undefined) minutes.set(minute, (found = { minute, sums: [], histograms: [] }));
  return found;
}

function usersOf({ users }: SeriesDelta, hour: number): Map<string, Float64Array> {
  let found = users.get(hour);
  if (found === undefined) users.set(hour, (found = new Map()));
  return found;
}

function addCall(delta: MinuteDelta, outcome: number, numbers: Float64Array, at: number): void {
  const sums = (delta.sums[outcome] ??= new Float64Array(CALL_SUMS));
  for (let sum = 0; sum < CALL_SUMS; sum++) sums[sum] = (sums[sum] ?? 0) + (numbers[at + sum] ?? 0);
  const measure = numbers[at + CALL_FAILED] === 1 ? MEASURE.failed : MEASURE.completed;
  addToBin(delta, measure, numbers[at + CALL_SUM.duration_ms] ?? 0);
  if (numbers[at + CALL_SUM.ttft_calls] === 1) addToBin(delta, MEASURE.ttft, numbers[at + CALL_SUM.ttft_ms] ?? 0);
}

function addToBin({ histograms }: MinuteDelta, measure: number, ms: number): void {
  const counts = (histograms[measure] ??= new Int32Array(BIN_MAX + 1));
  const bin = histogramBin(ms);
  counts[bin] = (counts[bin] ?? 0) + 1;
}

function addUser(users: Map<string, Float64Array>, userId: string, numbers: Float64Array, at: number): void {
  let sums = users.get(userId);
  if (sums === undefined) users.set(userId, (sums = new Float64Array(USER_SUMS.length)));
  for (const [index, place] of USER_SUMS.entries()) sums[index] = (sums[index] ?? 0) + (numbers[at + place] ?? 0);
}
