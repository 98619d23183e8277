import { copy } from "./bytes.ts";
import { CALL_NUMBERS_BYTES } from "./row-layout.ts";
import { messageStart } from "./row-message.ts";

/*
 * The fields of a row behind its head, as COPY takes them (PostgreSQL manual, COPY, Binary Format): its time, how long it took, a
 * status of HTTP, and what its plan and its resource say. processor/otlp/row-plan-memory.ts puts plans where they are read here.
 */

/** Words of a plan, then three for each of its values (PLACE, KIND, SUM), then what the row says, then what a call adds to the rollups. */
export const IS_TRACE: usize = 0;
export const IS_COUNTED: usize = 4;
/** A status of HTTP: that of the request that was answered; -1: none. */
const PLAN_STATUS: usize = 8;
const VALUE_COUNT: usize = 12;
/** Where the sum of tokens stands, and which values those are; -1: nowhere. */
const TOTAL: usize = 16;
const TOTAL_INPUT: usize = 20;
const TOTAL_OUTPUT: usize = 24;
/** Which value says how much was read from a cache; -1: none. */
const CACHE_READ: usize = 28;
const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 36;
const SUMS: usize = 40;
export const FIELDS: usize = 44;
/** What an error's type says of a status where nothing else does; -1: nothing. */
const ERROR_STATUS: usize = 48;
/** Where in what the row says its error_message stands, which is null there; -1: it has none, or another. */
const MESSAGE_AT: usize = 52;
const PLAN_VALUES: usize = 56;
const PLAN_VALUE_BYTES: usize = 12;
const PLACE: usize = 0;
const KIND: usize = 4;
const SUM: usize = 8;

/** Kinds of values: processor/otlp/row-plan.ts. */
const COUNT: i32 = 1;
const SECONDS: i32 = 2;
/** processor/storage/call-sums.ts. */
const DURATION_SUM: usize = 8 * 8;
const CACHED_CALLS_SUM: usize = 13 * 8;

/** processor/sinks/postgres-row.ts has these bounds and says why. */
const QUANTITY_MAX: f64 = 1e12;
const DURATION_MS_MAX: f64 = 2147483648;
const MICROS_MAX: f64 = 7_258_118_400_000_000;
/** PostgreSQL counts microseconds from 2000-01-01. */
const POSTGRES_EPOCH_MICROS: f64 = 946_684_800_000_000;

const NO_FIELD: u32 = 0xffff_ffff;
const LENGTH_OF_4: u32 = 0x0400_0000;
const LENGTH_OF_8: u32 = 0x0800_0000;

/** Whether each of a span's values is one that its column takes. */
export function areValuesGood(plan: usize, values: usize): bool {
  const count: i32 = load<i32>(plan, VALUE_COUNT);
  for (let index = 0; index < count; index++) {
    const kind = kindOf(plan, index);
    const value = valueAt(kind, values, index);
    // Of what is no number neither is true.
    if (!(value <= QUANTITY_MAX && value >= -QUANTITY_MAX)) return false;
    if (kind == COUNT && (value < 0 || value != floor(value))) return false;
  }
  return true;
}

/** Microseconds since 1970, of what its head had to say last. */
export function microsOf(timeMs: f64): f64 {
  const micros = round(timeMs * 1000);
  return min(MICROS_MAX, max<f64>(0, micros));
}

export function durationOf(startMs: f64, endMs: f64): f64 {
  const durationMs = endMs - startMs;
  return durationMs > 0 ? min(DURATION_MS_MAX, round(durationMs * 1e6) / 1e6) : 0;
}

/** As JavaScript rounds. */
function round(value: f64): f64 {
  const up = ceil(value);
  return up - 0.5 > value ? up - 1 : up;
}

/** Answers where they end. */
export function writeTimes(micros: f64, durationMs: f64, at: usize): usize {
  store<u32>(at, LENGTH_OF_8);
  store<u64>(at, bswap<u64>(<u64>(<i64>(micros - POSTGRES_EPOCH_MICROS))), 4);
  store<u32>(at, LENGTH_OF_8, 12);
  writeDouble(durationMs, at + 16);
  return at + 24;
}

/** The plan's, else that of the span itself, else what its error is called. */
export function writeStatus(plan: usize, ownStatus: i32, at: usize): usize {
  const planned = load<i32>(plan, PLAN_STATUS);
  const status = planned >= 0 ? planned : ownStatus >= 0 ? ownStatus : load<i32>(plan, ERROR_STATUS);
  if (status < 0) {
    store<u32>(at, NO_FIELD);
    return at + 4;
  }
  store<u32>(at, LENGTH_OF_4);
  store<u32>(at, bswap<u32>(<u32>status), 4);
  return at + 8;
}

/** A source is its bytes behind a word with their number. */
export function writeSource(source: usize, at: usize): usize {
  return append(source + 4, load<u32>(source), at);
}

export function takesMessage(plan: usize): bool {
  return load<i32>(plan, MESSAGE_AT) >= 0;
}

/** The row's last fields, with any numbers, and with the message that was found where it has one; answers where they end. */
export function writeBlock(plan: usize, at: usize, ownMessageBytes: usize): usize {
  const block: usize = load<u32>(plan, BLOCK);
  const blockBytes: usize = load<u32>(plan, BLOCK_BYTES);
  if (ownMessageBytes == 0) {
    return append(block, blockBytes, at);
  }
  const before: usize = load<u32>(plan, MESSAGE_AT);
  const field = append(block, before, at);
  store<u32>(field, bswap<u32>(<u32>ownMessageBytes));
  memory.copy(field + 4, messageStart, ownMessageBytes);
  const rest = before + 4;
  return append(block + rest, blockBytes - rest, field + 4 + ownMessageBytes);
}

/** Puts the span's numbers into the fields, which begin at `at` less what its message takes more than none: numbers stand behind it. */
export function writeNumbers(plan: usize, values: usize, at: usize): void {
  const count: i32 = load<i32>(plan, VALUE_COUNT);
  for (let index = 0; index < count; index++) {
    const kind = kindOf(plan, index);
    const value = valueAt(kind, values, index);
    const place = at + <usize>load<u32>(valuePlan(plan, index), PLACE);
    if (kind == COUNT) writeCount(value, place);
    else writeDouble(value, place);
  }
  const total = load<i32>(plan, TOTAL);
  if (total >= 0) {
    const input = load<f64>(values + ((<usize>load<u32>(plan, TOTAL_INPUT)) << 3));
    const output = load<f64>(values + ((<usize>load<u32>(plan, TOTAL_OUTPUT)) << 3));
    writeCount(input + output, at + <usize>total);
  }
}

/** What a call adds to the rollups. */
export function writeSums(plan: usize, values: usize, durationMs: f64, at: usize): void {
  const sums: usize = load<u32>(plan, SUMS);
  copy(at, sums, CALL_NUMBERS_BYTES);
  store<f64>(at + DURATION_SUM, durationMs);
  const count: i32 = load<i32>(plan, VALUE_COUNT);
  for (let index = 0; index < count; index++) {
    const sum = load<i32>(valuePlan(plan, index), SUM);
    if (sum >= 0) store<f64>(at + ((<usize>sum) << 3), valueAt(kindOf(plan, index), values, index));
  }
  const cacheRead = load<i32>(plan, CACHE_READ);
  if (cacheRead >= 0) store<f64>(at + CACHED_CALLS_SUM, load<f64>(values + ((<usize>cacheRead) << 3)) > 0 ? 1 : 0);
}

function valuePlan(plan: usize, index: i32): usize {
  return plan + PLAN_VALUES + <usize>index * PLAN_VALUE_BYTES;
}

function kindOf(plan: usize, index: i32): i32 {
  return load<i32>(valuePlan(plan, index), KIND);
}

function valueAt(kind: i32, values: usize, index: i32): f64 {
  const value = load<f64>(values + ((<usize>index) << 3));
  return kind == SECONDS ? value * 1000 : value;
}

function writeCount(value: f64, at: usize): void {
  store<u64>(at, bswap<u64>(<u64>value));
}

function writeDouble(value: f64, at: usize): void {
  store<u64>(at, bswap<u64>(reinterpret<u64>(value)));
}

/** Answers where it ends: who writes on writes over what is copied too much. */
function append(from: usize, length: usize, to: usize): usize {
  copy(to, from, length);
  return to + length;
}
