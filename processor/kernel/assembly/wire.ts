/*
 * Protobuf's wire format. Everything here takes less than processor/otlp/wire-reader.ts does and nothing that it refuses:
 * what is not taken is read by that one.
 */

/** Any decoder's; a length of five bytes would be larger than a request may be. */
const LENGTH_SHIFT_MAX: usize = 21;
const VARINT_BYTES_MAX: usize = 10;
/** Values are nested once or twice; whatever is nested deeper is read the ordinary way. */
const DEPTH_MAX: i32 = 16;

export const STRING: u8 = 0x0a;
const BOOL: u8 = 0x10;
export const INT: u8 = 0x18;
export const DOUBLE: u8 = 0x21;
const ARRAY: u8 = 0x2a;
const KEY_VALUE_LIST: u8 = 0x32;
const BYTES: u8 = 0x3a;
const LIST_VALUES: u8 = 0x0a;
export const KEY: u8 = 0x0a;
export const VALUE: u8 = 0x12;

/** Where the content begins whose length was read last. */
export let content: usize = 0;

/** Reads the length at `at` and answers where its content ends; 0 where that is beyond `end`. */
export function contentEnd(at: usize, end: usize): usize {
  if (at >= end) return 0;
  let length: usize = load<u8>(at);
  content = at + 1;
  if (length >= 0x80) {
    length = longLength(at, end);
    if (length == 0) return 0;
  }
  const last = content + length;
  return last <= end ? last : 0;
}

/** 0 where it is cut off or too long. */
function longLength(at: usize, end: usize): usize {
  let length: usize = 0;
  let position = at;
  for (let shift: usize = 0; shift <= LENGTH_SHIFT_MAX && position < end; shift += 7) {
    const byte: usize = load<u8>(position++);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      content = position;
      return length;
    }
  }
  return 0;
}

/** Where the varint at `at` ends; 0 where it is cut off or too long. */
export function varintEnd(at: usize, end: usize): usize {
  const last = min(end, at + VARINT_BYTES_MAX);
  for (let position = at; position < last; position++) if (load<u8>(position) < 0x80) return position + 1;
  return 0;
}

/** Where the varint that `readInteger` read last ends; 0 where it does not. */
export let integerEnd: usize = 0;

/** The varint at `at`. */
export function readInteger(at: usize, end: usize): i64 {
  integerEnd = varintEnd(at, end);
  let value: i64 = 0;
  for (let shift: i64 = 0; at < integerEnd; at++, shift += 7) value |= (<i64>(load<u8>(at) & 0x7f)) << shift;
  return value;
}

/** Where the field ends whose tag is at `at`; 0 where it is cut off, or of a kind that nobody sends. */
export function fieldEnd(at: usize, end: usize): usize {
  const tag = load<u8>(at);
  const value = varintEnd(at, min(end, at + 2));
  // Field 0 is none, in one byte or in two.
  if (value == 0 || tag < 8 || (tag >= 0x80 && load<u8>(at, 1) == 0)) return 0;
  switch (tag & 7) {
    case 0:
      return varintEnd(value, end);
    case 1:
      return value + 8 <= end ? value + 8 : 0;
    case 2:
      return contentEnd(value, end);
    case 5:
      return value + 4 <= end ? value + 4 : 0;
    default:
      return 0;
  }
}

/** Whether an AnyValue is one value as every encoder writes it, or none. */
export function isWholeValue(start: usize, end: usize, depth: i32): bool {
  if (start == end) return true;
  switch (load<u8>(start)) {
    case STRING:
    case BYTES:
      return contentEnd(start + 1, end) == end;
    case BOOL:
    case INT:
      return varintEnd(start + 1, end) == end;
    case DOUBLE:
      return start + 9 == end;
    case ARRAY:
      return contentEnd(start + 1, end) == end && isWholeList(content, end, depth + 1, false);
    case KEY_VALUE_LIST:
      return contentEnd(start + 1, end) == end && isWholeList(content, end, depth + 1, true);
    default:
      return false;
  }
}

function isWholeList(start: usize, end: usize, depth: i32, ofKeyValues: bool): bool {
  if (depth > DEPTH_MAX) return false;
  let position = start;
  while (position < end) {
    if (load<u8>(position) != LIST_VALUES) return false;
    const last = contentEnd(position + 1, end);
    if (last == 0) return false;
    const whole = ofKeyValues ? isWholeKeyValue(content, last, depth) : isWholeValue(content, last, depth);
    if (!whole) return false;
    position = last;
  }
  return true;
}

/** A key and then its value, as every encoder writes them. */
export function isWholeKeyValue(start: usize, end: usize, depth: i32): bool {
  if (start == end || load<u8>(start) != KEY) return false;
  const keyEnd = contentEnd(start + 1, end);
  if (keyEnd == 0 || keyEnd == end || load<u8>(keyEnd) != VALUE) return false;
  return contentEnd(keyEnd + 1, end) == end && isWholeValue(content, end, depth);
}
