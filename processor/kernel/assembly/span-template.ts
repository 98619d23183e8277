import { copy, varintBytes, writeVarint } from "./bytes.ts";
import { BODY } from "./layout.ts";

/*
 * What is added to all spans of one kind (processor/otlp/span-template.ts writes it): bytes that are the same on all, with
 * holes for doubles, and between them attributes with a number each, which a span may have already. In bytes from the
 * template's address: how many bytes, holes, numbers and marks there are; the numbers; the holes, as pairs of a place in the
 * bytes and of a value's index; what becomes of each mark; the bytes.
 */
const FIXED_BYTES: usize = 0;
const HOLES: usize = 4;
const NUMBERS: usize = 8;
const MARKS: usize = 12;
const HEAD_BYTES: usize = 16;

/** An attribute with a number. Its value's index, -1 where it is a constant. */
const VALUE_INDEX: usize = 0;
const IS_DOUBLE: usize = 4;
const CONSTANT: usize = 8;
/** Of the attribute before the number's own bytes, as it is with a number of none. */
const FRONT_BYTES: usize = 16;
/** Before which of the fixed bytes it stands. */
const BEFORE: usize = 20;
const FRONT: usize = 24;
const NUMBER_BYTES: usize = 88;

const HOLE_BYTES: usize = 8;
/** What becomes of a mark: it stays, it is cut out, or, from 0 on, it stays where it says that number already. */
const STAYS: i32 = -2;
const MARK_ACTION_BYTES: usize = 4;

/** Of core/span-columns.ts. */
const MARK_BYTES: usize = 20;
const MARK_START: usize = 4;
const MARK_VALUE: usize = 8;
const MARK_END: usize = 12;

/** Fields of AnyValue (opentelemetry/proto/common/v1/common.proto). */
const INT_VALUE: u8 = 0x18;
const DOUBLE_VALUE: u8 = 0x21;
const DOUBLE_BYTES: i32 = 8;
/** Number.MAX_SAFE_INTEGER: what is beyond is written as a double. */
const SAFE_INTEGER_MAX: f64 = 9007199254740991;

/** Where the cuts end that were noted last, and which numbers the span has already, one bit for each. */
export let cutsEnd: usize = 0;
export let kept: i32 = 0;

/** Notes what a span's marks come to: what is cut out is appended at `cuts`. Answers by how many bytes the span grows. */
export function applyTemplate(template: usize, values: usize, marks: usize, cuts: usize): i32 {
  const numbers = template + HEAD_BYTES;
  const count = load<i32>(template, NUMBERS);
  let action = numbers + <usize>count * NUMBER_BYTES + <usize>load<i32>(template, HOLES) * HOLE_BYTES;
  const actionsEnd = action + <usize>load<i32>(template, MARKS) * MARK_ACTION_BYTES;
  let growth = load<i32>(template, FIXED_BYTES);
  let has = 0;
  let end = cuts;
  for (let mark = marks; action < actionsEnd; action += MARK_ACTION_BYTES, mark += MARK_BYTES) {
    const becomes = load<i32>(action);
    if (becomes == STAYS) continue;
    if (becomes >= 0 && ((has >> becomes) & 1) == 0 && says(numbers + <usize>becomes * NUMBER_BYTES, values, mark)) {
      has |= 1 << becomes;
      continue;
    }
    const from = load<i32>(mark, MARK_START);
    const to = load<i32>(mark, MARK_END);
    store<i32>(end, from);
    store<i32>(end, to, 4);
    end += 8;
    growth -= to - from;
  }
  for (let index = 0; index < count; index++) {
    if (((has >> index) & 1) != 0) continue;
    const number = numbers + <usize>index * NUMBER_BYTES;
    growth += load<i32>(number, FRONT_BYTES) + payloadBytes(number, valueOf(number, values));
  }
  kept = has;
  cutsEnd = end;
  return growth;
}

/** Whether a mark's value is exactly what would be written. */
function says(number: usize, values: usize, mark: usize): bool {
  const value = valueOf(number, values);
  const at = BODY + <usize>load<i32>(mark, MARK_VALUE);
  const bytes = load<i32>(mark, MARK_END) - load<i32>(mark, MARK_VALUE) - 1;
  if (!isInteger(number, value)) {
    return load<u8>(at) == DOUBLE_VALUE && bytes == DOUBLE_BYTES && load<u64>(at, 1) == reinterpret<u64>(value);
  }
  if (load<u8>(at) != INT_VALUE || bytes != varintBytes(<u64>(<i64>value))) return false;
  let rest = <u64>(<i64>value);
  for (let index = 1; index < bytes; index++, rest >>= 7) if (load<u8>(at + <usize>index) != (<u8>rest | 0x80)) return false;
  return load<u8>(at + <usize>bytes) == <u8>rest;
}

/** Where the fixed bytes are that come next, and the holes in them. */
let fixed: usize = 0;
let hole: usize = 0;
let holesEnd: usize = 0;

/** Writes the attributes and answers where they end. */
export function writeTemplate(template: usize, values: usize, has: i32, to: usize): usize {
  const numbers = template + HEAD_BYTES;
  const count = load<i32>(template, NUMBERS);
  hole = numbers + <usize>count * NUMBER_BYTES;
  holesEnd = hole + <usize>load<i32>(template, HOLES) * HOLE_BYTES;
  const start = holesEnd + <usize>load<i32>(template, MARKS) * MARK_ACTION_BYTES;
  fixed = start;
  let at = to;
  for (let index = 0; index < count; index++) {
    if (((has >> index) & 1) != 0) continue;
    const number = numbers + <usize>index * NUMBER_BYTES;
    at = writeFixed(start, start + <usize>load<i32>(number, BEFORE), values, at);
    at = writeNumber(number, values, at);
  }
  return writeFixed(start, start + <usize>load<i32>(template, FIXED_BYTES), values, at);
}

/** Writes the fixed bytes up to `end`, whose holes count from `start`. */
function writeFixed(start: usize, end: usize, values: usize, to: usize): usize {
  const bytes = end - fixed;
  copy(to, fixed, bytes);
  const shift = to - fixed + start;
  for (; hole < holesEnd && start + <usize>load<i32>(hole) < end; hole += HOLE_BYTES) {
    store<f64>(shift + <usize>load<i32>(hole), load<f64>(values + ((<usize>load<i32>(hole, 4)) << 3)));
  }
  fixed = end;
  return to + bytes;
}

function writeNumber(number: usize, values: usize, to: usize): usize {
  const value = valueOf(number, values);
  const front = load<i32>(number, FRONT_BYTES);
  const payload = payloadBytes(number, value);
  copy(to, number + FRONT, front);
  // The attribute's length, its value's and its value's field, which are one byte each.
  store<u8>(to, load<u8>(to, 1) + <u8>payload, 1);
  const at = to + <usize>front;
  store<u8>(at - 2, <u8>(payload + 1));
  if (isInteger(number, value)) {
    store<u8>(at - 1, INT_VALUE);
    return writeVarint(at, <u64>(<i64>value));
  }
  store<u8>(at - 1, DOUBLE_VALUE);
  store<f64>(at, value);
  return at + DOUBLE_BYTES;
}

function valueOf(number: usize, values: usize): f64 {
  const index = load<i32>(number, VALUE_INDEX);
  return index < 0 ? load<f64>(number, CONSTANT) : load<f64>(values + ((<usize>index) << 3));
}

function isInteger(number: usize, value: f64): bool {
  return load<i32>(number, IS_DOUBLE) == 0 && abs(value) <= SAFE_INTEGER_MAX && trunc(value) == value;
}

function payloadBytes(number: usize, value: f64): i32 {
  return isInteger(number, value) ? varintBytes(<u64>(<i64>value)) : DOUBLE_BYTES;
}
