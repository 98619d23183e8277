import {
  BODY,
  ID_BYTES,
  IDS,
  MARK_BYTES,
  MARKS,
  MARKS_MAX,
  MESSAGE_BYTES,
  MESSAGES,
  MESSAGES_MAX,
  NUMBERS,
  NUMBERS_MAX,
  SPAN_BYTES,
  SPANS,
} from "./layout.ts";

/* Where columns are written: processor/core/span-columns.ts says what they mean. */

/** Of `SPAN_COLUMN`, in bytes. */
export const SHAPE: usize = 0;
export const TRACE: usize = 4;
export const PARENT: usize = 8;
export const NEXT: usize = 12;
export const FIRST_NUMBER: usize = 16;
export const FIRST_MARK: usize = 20;
export const END_MARK: usize = 24;
export const MESSAGE: usize = 28;
export const RESOURCE: usize = 32;
export const OWN_TEXTS: usize = 36;
/** Of `ID_WORD`. */
export const TRACE_ID: usize = 0;
export const SPAN_ID: usize = 16;
export const PARENT_ID: usize = 24;

export const NO_PARENT: i32 = -1;
export const FAR_PARENT: i32 = -2;

/** Start and end stand before the numbers of attributes. */
const TIME_NUMBERS: i32 = 2;

let numberCount: i32 = 0;
let markCount: i32 = 0;
export let messageCount: i32 = 0;
/** A table was too small: what was found is not all. */
export let overflowed: bool = false;

export function beginColumns(): void {
  numberCount = 0;
  markCount = 0;
  messageCount = 0;
  overflowed = false;
}

export function spanRow(span: i32): usize {
  return SPANS + <usize>span * SPAN_BYTES;
}

export function idRow(span: i32): usize {
  return IDS + <usize>span * ID_BYTES;
}

export function beginSpan(span: i32): void {
  const row = spanRow(span);
  store<i32>(row, numberCount, FIRST_NUMBER);
  store<i32>(row, markCount, FIRST_MARK);
  numberCount += TIME_NUMBERS;
  if (numberCount > NUMBERS_MAX) overflowed = true;
  store<u64>(idRow(span), 0, PARENT_ID);
}

/** Forgets numbers and marks of the span that was begun last. */
export function withdrawSpan(span: i32): void {
  const row = spanRow(span);
  numberCount = load<i32>(row, FIRST_NUMBER);
  markCount = load<i32>(row, FIRST_MARK);
  store<i32>(row, markCount, END_MARK);
}

export function endSpan(span: i32, startMs: f64, endMs: f64, ownTexts: bool): void {
  const row = spanRow(span);
  store<i32>(row, <i32>ownTexts, OWN_TEXTS);
  store<i32>(row, markCount, END_MARK);
  const numbers = NUMBERS + ((<usize>load<i32>(row, FIRST_NUMBER)) << 3);
  store<f64>(numbers, startMs);
  store<f64>(numbers, endMs, 8);
}

/** How many numbers of attributes the span has that was begun last. */
export function numbersOf(span: i32): i32 {
  return numberCount - load<i32>(spanRow(span), FIRST_NUMBER) - TIME_NUMBERS;
}

/** Answers its index. */
export function addNumber(value: f64): i32 {
  if (numberCount >= NUMBERS_MAX) {
    overflowed = true;
    return 0;
  }
  store<f64>(NUMBERS + ((<usize>numberCount) << 3), value);
  return numberCount++;
}

/** `number`: where its value stands among numbers, -1 where it is part of the shape. */
export function addMark(writtenIndex: i32, start: usize, value: usize, end: usize, number: i32): void {
  if (markCount >= MARKS_MAX) {
    overflowed = true;
    return;
  }
  const mark = MARKS + <usize>markCount * MARK_BYTES;
  markCount += 1;
  store<i32>(mark, writtenIndex);
  store<i32>(mark, <i32>(start - BODY), 4);
  store<i32>(mark, <i32>(value - BODY), 8);
  store<i32>(mark, <i32>(end - BODY), 12);
  store<i32>(mark, number, 16);
}

/** Answers its index; -1 where there is no room. */
export function addMessage(tagStart: usize, start: usize, end: usize, parent: i32): i32 {
  if (messageCount == MESSAGES_MAX) return -1;
  const message = MESSAGES + <usize>messageCount * MESSAGE_BYTES;
  store<i32>(message, <i32>(tagStart - BODY));
  store<i32>(message, <i32>(tagStart + 1 - BODY), 4);
  store<i32>(message, <i32>(start - BODY), 8);
  store<i32>(message, <i32>(end - BODY), 12);
  store<i32>(message, parent, 16);
  return messageCount++;
}

export function messageRow(message: i32): usize {
  return MESSAGES + <usize>message * MESSAGE_BYTES;
}
