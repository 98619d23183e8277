import { columnPlace, HTTP_STATUS } from "./row-columns.ts";
import { begin, DECLINED, DONE, ids, ODD_VALUE, out, resume, tellKey, UNKNOWN_KEY } from "./row-head.ts";
import { findMessage, messageBytes } from "./row-message.ts";
import {
  areValuesGood,
  durationOf,
  FIELDS,
  IS_COUNTED,
  IS_TRACE,
  microsOf,
  takesMessage,
  writeBlock,
  writeNumbers,
  writeSource,
  writeStatus,
  writeSums,
  writeTimes,
} from "./row-fields.ts";
import {
  ANSWER,
  CALL_BYTES,
  CALL_NUMBERS,
  CALL_NUMBERS_BYTES,
  CALLS,
  CALLS_MAX,
  JOB_BYTES,
  JOBS,
  KEY_JSON,
  KEY_JSON_BYTES_MAX,
  ODD,
  PLANS,
  PLANS_BYTES_MAX,
  ROW_FACT_BYTES,
  ROW_FACTS,
  ROW_MEMORY_END,
  ROW_MICROS,
  ROWS,
  ROWS_BYTES,
  ROWS_FULL,
  ROWS_MAX,
  VALUES,
} from "./row-layout.ts";
import { BODY, BODY_BYTES_MAX, MESSAGE_BYTES, MESSAGES, NUMBERS, SPAN_BYTES, SPANS, SPANS_MAX } from "./layout.ts";

/*
 * Rows of the spans of the request that the kernel recognised last, one after another. What a row has in common with others
 * is its plan, which the edge has put into this memory; which plan is whose, it says by span in JOBS. processor/otlp/column-rows.ts
 * uses it.
 */

export {
  ANSWER,
  begin,
  BODY,
  BODY_BYTES_MAX,
  CALL_NUMBERS,
  CALLS,
  CALLS_MAX,
  JOBS,
  KEY_JSON,
  KEY_JSON_BYTES_MAX,
  ODD,
  PLANS,
  PLANS_BYTES_MAX,
  resume,
  ROW_FACTS,
  ROW_MEMORY_END,
  ROW_MICROS,
  ROWS,
  ROWS_BYTES,
  ROWS_FULL,
  ROWS_MAX,
  SPANS_MAX,
  tellKey,
  VALUES,
};

/** Places in ANSWER: the first span that was not come to, and how many rows, calls and odd spans there are. */
const NEXT_SPAN: usize = 96;
const ROW_COUNT: usize = 100;
const CALL_COUNT: usize = 104;
const ODD_COUNT: usize = 108;
const ROWS_OUT: usize = 112;

/** Words of a job: addresses. No plan: there is nothing to be done. */
const PLAN: usize = 0;
const SOURCE: usize = 4;
const SPAN_VALUES: usize = 8;

/** Of processor/core/span-columns.ts. */
const FIRST_NUMBER: usize = 4 * 4;
const SPAN_MESSAGE: usize = 7 * 4;
const OWN_TEXTS: usize = 9 * 4;
const MESSAGE_START: usize = 2 * 4;
const MESSAGE_END: usize = 3 * 4;

/** Words of a row's facts: processor/sinks/encoded-rows.ts. */
const FACT_END: usize = 0;
const FACT_IDS: usize = 4;
const FACT_TABLE: usize = 8;
const FACT_CALL: usize = 12;
const TRACES: i32 = 0;
const PLAIN_SPANS: i32 = 1;

/** Words of a call: its span, and where in the request its user's name stands, and how long it is. */
const CALL_SPAN: usize = 0;
const CALL_USER: usize = 4;
const CALL_USER_BYTES: usize = 8;

let span: i32 = 0;
let spansEnd: i32 = 0;
let capturesContent: bool = false;
/** Where the next row begins. */
let rowsOut: usize = 0;
let rows: i32 = 0;
let calls: i32 = 0;
let odd: i32 = 0;
/** What is added to an address for the place in all rows of the request, and to the number of a call. */
let movedBy: i32 = 0;
let callsBefore: i32 = 0;

/** Of the rows that are written next: where in all of the request's those will stand that begin at ROWS, and how many calls are before them. */
export function placeRows(bytesBefore: i32, callCount: i32): void {
  movedBy = bytesBefore - <i32>ROWS;
  callsBefore = callCount;
}

/** Writes rows at `at` until there is no room for more. Answers as `begin` does. */
export function writeRows(from: i32, end: i32, at: usize, captureContent: bool): i32 {
  span = from;
  spansEnd = end;
  capturesContent = captureContent;
  rowsOut = at;
  rows = 0;
  calls = 0;
  odd = 0;
  return writeOn();
}

/** Goes on with the row that was stopped at, written up to `end`; 0: it is for the edge alone. */
export function resumeRows(end: usize): i32 {
  const answer = end == 0 ? DECLINED : resume(end);
  if (answer == UNKNOWN_KEY || answer == ODD_VALUE) return answer;
  endHead(answer);
  return writeOn();
}

function writeOn(): i32 {
  for (; span < spansEnd; span++) {
    const plan: usize = load<u32>(jobOf(span), PLAN);
    if (plan == 0) continue;
    if (rowsOut > ROWS_FULL || rows == ROWS_MAX || calls == CALLS_MAX) break;
    if (!areValuesGood(plan, load<u32>(jobOf(span), SPAN_VALUES))) {
      noteOdd();
      continue;
    }
    const answer = beginHead(plan);
    if (answer == UNKNOWN_KEY || answer == ODD_VALUE) return answer;
    writeRow(answer);
  }
  store<i32>(ANSWER, span, NEXT_SPAN);
  store<i32>(ANSWER, rows, ROW_COUNT);
  store<i32>(ANSWER, calls, CALL_COUNT);
  store<i32>(ANSWER, odd, ODD_COUNT);
  store<u32>(ANSWER, <u32>rowsOut, ROWS_OUT);
  return DONE;
}

function jobOf(index: i32): usize {
  return JOBS + <usize>index * JOB_BYTES;
}

function columnsOf(index: i32): usize {
  return SPANS + <usize>index * SPAN_BYTES;
}

function noteOdd(): void {
  store<i32>(ODD + ((<usize>odd) << 2), span);
  odd++;
}

function beginHead(plan: usize): i32 {
  const message = MESSAGES + <usize>load<u32>(columnsOf(span), SPAN_MESSAGE) * MESSAGE_BYTES;
  const start: usize = load<u32>(message, MESSAGE_START);
  const end: usize = load<u32>(message, MESSAGE_END);
  const isTrace = load<u32>(plan, IS_TRACE) != 0;
  return begin(BODY + start, BODY + end, rowsOut, load<i32>(plan, FIELDS), isTrace, capturesContent);
}

/** Of the span that was stopped at. */
function endHead(answer: i32): void {
  writeRow(answer);
  span++;
}

/** Behind the head that was written, or not. */
function writeRow(answer: i32): void {
  if (answer != DONE) {
    noteOdd();
    return;
  }
  const plan: usize = load<u32>(jobOf(span), PLAN);
  const values: usize = load<u32>(jobOf(span), SPAN_VALUES);
  let ownMessageBytes: usize = 0;
  if (load<i32>(columnsOf(span), OWN_TEXTS) != 0) {
    if (!takesMessage(plan) || !findMessage()) {
      noteOdd();
      return;
    }
    ownMessageBytes = messageBytes;
  }
  const times = NUMBERS + ((<usize>load<u32>(columnsOf(span), FIRST_NUMBER)) << 3);
  const startMs = load<f64>(times);
  const micros = microsOf(startMs);
  const durationMs = durationOf(startMs, load<f64>(times, 8));
  let at = writeTimes(micros, durationMs, out);
  at = writeStatus(plan, load<i32>(ANSWER, HTTP_STATUS), at);
  at = writeSource(load<u32>(jobOf(span), SOURCE), at);
  rowsOut = writeBlock(plan, at, ownMessageBytes);
  writeNumbers(plan, values, at + ownMessageBytes);
  const isCounted = load<u32>(plan, IS_COUNTED) != 0;
  noteRow(load<u32>(plan, IS_TRACE) != 0, isCounted, micros);
  if (!isCounted) return;
  writeSums(plan, values, durationMs, CALL_NUMBERS + <usize>calls * CALL_NUMBERS_BYTES);
  noteCall();
}

function noteRow(isTrace: bool, isCounted: bool, micros: f64): void {
  const fact = ROW_FACTS + <usize>rows * ROW_FACT_BYTES;
  store<i32>(fact, <i32>rowsOut + movedBy, FACT_END);
  store<i32>(fact, <i32>ids + movedBy, FACT_IDS);
  store<i32>(fact, isTrace ? TRACES : PLAIN_SPANS, FACT_TABLE);
  store<i32>(fact, isCounted ? calls + callsBefore : -1, FACT_CALL);
  store<f64>(ROW_MICROS + ((<usize>rows) << 3), micros);
  rows++;
}

/** Who asked is the first of the columns that the head has read off the span. */
function noteCall(): void {
  const call = CALLS + <usize>calls * CALL_BYTES;
  const user = columnPlace(1);
  store<i32>(call, span, CALL_SPAN);
  store<u32>(call, load<u32>(user) - <u32>BODY, CALL_USER);
  store<u32>(call, load<u32>(user, 4), CALL_USER_BYTES);
  calls++;
}
