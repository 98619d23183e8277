import { ANSWER, KEY_JSON_BYTES_MAX, ROWS, ROWS_BYTES } from "./row-layout.ts";
import { beginKeys, columnOf, findFacts, isContent, rankOf, rememberKey, writeKey } from "./row-keys.ts";
import { beginColumns, noteColumn, writeColumns } from "./row-columns.ts";
import {
  beginEntries,
  columnOfEntry,
  findEntry,
  guessEntry,
  lengthOf,
  passEntry,
  rankOfEntry,
  rememberEntry,
  valueOffsetOf,
  writeEntryJson,
} from "./row-entries.ts";
import { beginMessage, noteStatus } from "./row-message.ts";
import { writeDouble } from "./row-double.ts";
import { writeInteger, writeText } from "./row-json.ts";
import { content, contentEnd, DOUBLE, fieldEnd, INT, integerEnd, KEY, readInteger, STRING, VALUE } from "./wire.ts";

/*
 * The head of a row: of all columns those that are read off a span's own bytes. As COPY takes them (PostgreSQL manual, COPY,
 * Binary Format): the number of the row's fields, attributes (jsonb), trace_id, span_id, parent_span_id, and for a row of a
 * call user_id, conversation_id, agent_name and tool_name (text). The edge writes the others behind them, and whatever is
 * not written here as processor/otlp/attributes-json.ts writes it. processor/otlp/row-heads.ts uses it.
 */

/** What `begin` and `resume` answer: the head is written; tell a key and resume; write a value and resume; it is for the edge alone. */
export const DONE: i32 = 0;
export const UNKNOWN_KEY: i32 = 1;
export const ODD_VALUE: i32 = 2;
export const DECLINED: i32 = 3;

/**
 * Places in ANSWER: where the head ends so far, the key or value that it stopped at (of a whole head: where its ids begin),
 * and whether that is content. What comes behind them is of row-columns.ts.
 */
const OUT: usize = 0;
const START: usize = 4;
const END: usize = 8;
const IS_CONTENT: usize = 12;
/** Fields of a Span (trace.proto), and of an AnyValue those that wire.ts does not name. */
const TRACE_ID: u8 = 0x0a;
const SPAN_ID: u8 = 0x12;
const PARENT_SPAN_ID: u8 = 0x22;
const ATTRIBUTES: u8 = 0x4a;
const STATUS: u8 = 0x7a;
const BOOL: u8 = 0x10;
const ARRAY: u8 = 0x2a;
const LIST_VALUES: u8 = 0x0a;

/** The same limits as attributes-json.ts has; what is beyond is for the edge, and so is a row that will have to be cut. */
const KEY_BYTES_MAX: usize = 512;
const VALUE_BYTES_MAX: usize = 16_384;
const CONTENT_BYTES_MAX: usize = 131_072;
const JSON_BYTES_MAX: usize = 256 * 1024;
/** Every byte of it may need six, and a value has room for 16,384. */
const ARRAY_BYTES_MAX: usize = 2_048;
const ESCAPE_BYTES_MAX: usize = 6;
const OPEN_OBJECT: u8 = 0x7b;
const CLOSE_OBJECT: u8 = 0x7d;
const OPEN_ARRAY: u8 = 0x5b;
const CLOSE_ARRAY: u8 = 0x5d;
const COMMA: u8 = 0x2c;
const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;
const FALSE: u32 = 0x736c6166;
const LAST_OF_FALSE: u8 = 0x65;

const JSONB_VERSION: u8 = 1;
const NO_FIELD: u32 = 0xffff_ffff;
const FIELD_COUNT_BYTES: usize = 2;
const LENGTH_BYTES: usize = 4;
const SPAN_ID_BYTES: usize = 8;
const TRACE_ID_BYTES: usize = 16;

let position: usize = 0;
let spanEnd: usize = 0;
/** Where what was written so far ends. */
export let out: usize = 0;
/** Where the ids of the head that was written last begin. */
export let ids: usize = 0;
let json: usize = 0;
let traceIdAt: usize = 0;
let spanIdAt: usize = 0;
let parentIdAt: usize = 0;
let capturesContent: bool = false;
let isCall: bool = false;

/** Begins the row of the span from `start` to `end` at `rows`. */
export function begin(start: usize, end: usize, rows: usize, fields: i32, call: bool, captureContent: bool): i32 {
  position = start;
  spanEnd = end;
  traceIdAt = 0;
  spanIdAt = 0;
  parentIdAt = 0;
  isCall = call;
  capturesContent = captureContent;
  store<u16>(rows, bswap<u16>(<u16>fields));
  json = rows + FIELD_COUNT_BYTES + LENGTH_BYTES + 1;
  out = json;
  beginColumns();
  beginKeys();
  beginEntries();
  beginMessage();
  return walk();
}

/** Goes on, with the row written up to `end`. */
export function resume(end: usize): i32 {
  out = end;
  return walk();
}

/** Tells the key at which `begin` or `resume` stopped; its JSON stands at KEY_JSON. */
export function tellKey(jsonLength: usize, flags: u32): void {
  const start: usize = load<u32>(ANSWER, START);
  const end: usize = load<u32>(ANSWER, END);
  rememberKey(start, end - start, min(jsonLength, KEY_JSON_BYTES_MAX), flags);
}

function walk(): i32 {
  while (position < spanEnd) {
    const tag = load<u8>(position);
    if (tag == ATTRIBUTES) {
      const entry = guessEntry(position, spanEnd);
      const answer = entry != 0 ? writeKnown(entry) : writeAttribute();
      if (answer != DONE) return answer;
      continue;
    }
    const end = fieldEnd(position, spanEnd);
    if (end == 0) return DECLINED;
    if (tag == TRACE_ID || tag == SPAN_ID || tag == PARENT_SPAN_ID) {
      if (!noteId(tag, content, end - content)) return DECLINED;
    }
    if (tag == STATUS) noteStatus(content, end);
    position = end;
  }
  return finish();
}

/** false for an id that is none, or comes twice. */
function noteId(tag: u8, at: usize, bytes: usize): bool {
  if (tag == TRACE_ID) {
    if (traceIdAt != 0 || bytes != TRACE_ID_BYTES) return false;
    traceIdAt = at;
    return true;
  }
  if (tag == SPAN_ID) {
    if (spanIdAt != 0 || bytes != SPAN_ID_BYTES) return false;
    spanIdAt = at;
    return true;
  }
  if (bytes == 0) return true;
  if (parentIdAt != 0 || bytes != SPAN_ID_BYTES) return false;
  // All zeros is how some SDKs say "root".
  if (load<u64>(at) != 0) parentIdAt = at;
  return true;
}

function writeAttribute(): i32 {
  const short = shortEnd(position, spanEnd);
  if (short != 0) {
    const key = position + 4;
    const keyBytes: usize = load<u8>(position, 3);
    const facts = findFacts(key, keyBytes);
    if (facts == 0) return stopAt(UNKNOWN_KEY, key, key + keyBytes, false);
    return writeShort(facts, key + keyBytes + 2, short);
  }
  passEntry(0);
  const end = contentEnd(position + 1, spanEnd);
  if (end == 0 || content == end || load<u8>(content) != KEY) return DECLINED;
  const keyEnd = contentEnd(content + 1, end);
  const key = content;
  if (keyEnd == 0 || key == keyEnd || keyEnd - key > KEY_BYTES_MAX) return DECLINED;
  let value = end;
  if (keyEnd != end) {
    if (load<u8>(keyEnd) != VALUE || contentEnd(keyEnd + 1, end) != end) return DECLINED;
    value = content;
  }
  const facts = findFacts(key, keyEnd - key);
  if (facts == 0) return stopAt(UNKNOWN_KEY, key, keyEnd, false);
  position = end;
  return writeEntry(facts, value, end);
}

/** Writes the attribute at the position, whose value stands from `start` to `end`; if need be it is remembered. */
function writeShort(facts: usize, start: usize, end: usize): i32 {
  const at = position;
  const before = out;
  const entry: usize = isContent(facts) ? 0 : findEntry(at, end - at);
  if (entry != 0) return writeKnown(entry);
  position = end;
  const answer = writeEntry(facts, start, end);
  if (answer == DONE && !isContent(facts)) rememberEntry(at, end - at, start - at, before, out);
  else passEntry(0);
  return answer;
}

function writeKnown(entry: usize): i32 {
  const at = position;
  position += lengthOf(entry);
  const column = columnOfEntry(entry);
  if (column != 0 && !noteColumn(column, rankOfEntry(entry), at + valueOffsetOf(entry), position)) return DECLINED;
  if (out - json > JSON_BYTES_MAX) return DECLINED;
  out = writeEntryJson(entry, out);
  return DONE;
}

/**
 * Where an attribute ends that is as nearly all are: a key and a value, with lengths of one byte each. 0 for another, which may
 * be as good.
 */
function shortEnd(at: usize, end: usize): usize {
  if (at + 8 > end) return 0;
  const bytes: usize = load<u8>(at, 1);
  const keyBytes: usize = load<u8>(at, 3);
  if (bytes >= 0x80 || keyBytes == 0 || keyBytes + 4 > bytes || load<u8>(at, 2) != KEY) return 0;
  const value = at + 4 + keyBytes;
  const last = at + 2 + bytes;
  return load<u8>(value) == VALUE && value + 2 + <usize>load<u8>(value, 1) == last && last <= end ? last : 0;
}

function stopAt(answer: i32, start: usize, end: usize, ofContent: bool): i32 {
  store<u32>(ANSWER, <u32>out, OUT);
  store<u32>(ANSWER, <u32>start, START);
  store<u32>(ANSWER, <u32>end, END);
  store<i32>(ANSWER, <i32>ofContent, IS_CONTENT);
  return answer;
}

function writeEntry(facts: usize, start: usize, end: usize): i32 {
  const said = isContent(facts);
  if (said && !capturesContent && !isNumberOrBoolean(start, end)) return DONE;
  const column = columnOf(facts);
  if (column != 0 && !noteColumn(column, rankOf(facts), start, end)) return DECLINED;
  const room = KEY_JSON_BYTES_MAX + ESCAPE_BYTES_MAX * (end - start);
  if (out - json > JSON_BYTES_MAX || out + room > ROWS + ROWS_BYTES) return DECLINED;
  out = writeKey(facts, out);
  const written = writeValue(start, end, out, said ? CONTENT_BYTES_MAX : VALUE_BYTES_MAX);
  if (written == 0) return stopAt(ODD_VALUE, start, end, said);
  out = written;
  return DONE;
}

function isNumberOrBoolean(start: usize, end: usize): bool {
  if (start == end) return true;
  const tag = load<u8>(start);
  return tag == INT || tag == DOUBLE || tag == BOOL;
}

/** Answers where it ends; 0 where the edge has to write it. */
function writeValue(start: usize, end: usize, at: usize, bytesMax: usize): usize {
  if (start == end) {
    store<u32>(at, NULL);
    return at + 4;
  }
  switch (load<u8>(start)) {
    case STRING:
      if (load<u8>(start, 1) < 0x80 && start + 2 + <usize>load<u8>(start, 1) == end) return writeText(start + 2, end, at);
      return contentEnd(start + 1, end) == end && end - content <= bytesMax ? writeText(content, end, at) : 0;
    case INT: {
      const value = readInteger(start + 1, end);
      return integerEnd == end ? writeInteger(value, at) : 0;
    }
    case DOUBLE:
      return start + 9 == end ? writeDouble(load<f64>(start + 1), at) : 0;
    case BOOL: {
      const value = readInteger(start + 1, end);
      return integerEnd == end ? writeBoolean(value != 0, at) : 0;
    }
    case ARRAY:
      return end - start <= ARRAY_BYTES_MAX && contentEnd(start + 1, end) == end ? writeArray(content, end, at) : 0;
    default:
      return 0;
  }
}

function writeBoolean(value: bool, at: usize): usize {
  if (value) {
    store<u32>(at, TRUE);
    return at + 4;
  }
  store<u32>(at, FALSE);
  store<u8>(at, LAST_OF_FALSE, 4);
  return at + 5;
}

/** Of scalars. */
function writeArray(start: usize, end: usize, at: usize): usize {
  store<u8>(at, OPEN_ARRAY);
  let written = at + 1;
  for (let entry = start; entry < end;) {
    if (load<u8>(entry) != LIST_VALUES) return 0;
    const last = contentEnd(entry + 1, end);
    const value = content;
    if (last == 0 || (value != last && load<u8>(value) == ARRAY)) return 0;
    if (entry != start) store<u8>(written++, COMMA);
    written = writeValue(value, last, written, ARRAY_BYTES_MAX);
    if (written == 0) return 0;
    entry = last;
  }
  store<u8>(written, CLOSE_ARRAY);
  return written + 1;
}

function finish(): i32 {
  if (traceIdAt == 0 || spanIdAt == 0) return DECLINED;
  // Every entry was written with a comma before it: the first of them becomes what opens the object.
  if (out == json) out++;
  store<u8>(json, OPEN_OBJECT);
  store<u8>(out++, CLOSE_OBJECT);
  const bytes = out - json;
  if (bytes > JSON_BYTES_MAX) return DECLINED;
  store<u8>(json - 1, JSONB_VERSION);
  store<u32>(json - 1 - LENGTH_BYTES, bswap<u32>(<u32>bytes + 1));
  ids = out;
  writeLength(2 * TRACE_ID_BYTES);
  writeHex(traceIdAt);
  writeHex(traceIdAt + SPAN_ID_BYTES);
  writeLength(2 * SPAN_ID_BYTES);
  writeHex(spanIdAt);
  if (parentIdAt == 0) writeNoField();
  else {
    writeLength(2 * SPAN_ID_BYTES);
    writeHex(parentIdAt);
  }
  if (isCall) out = writeColumns(out);
  return stopAt(DONE, ids, ids, false);
}

function writeLength(bytes: usize): void {
  store<u32>(out, bswap<u32>(<u32>bytes));
  out += LENGTH_BYTES;
}

function writeNoField(): void {
  store<u32>(out, NO_FIELD);
  out += LENGTH_BYTES;
}

/** 8 bytes as 16 lower-case hex digits. */
function writeHex(at: usize): void {
  const bytes = i16x8.extend_low_i8x16_u(v128.load64_zero(at));
  const nibbles = v128.or(i16x8.shr_u(bytes, 4), i16x8.shl(v128.and(bytes, i16x8.splat(15)), 8));
  // From 10 on, 39 more leads from the digits to the letters.
  const letters = v128.and(i8x16.gt_s(nibbles, i8x16.splat(9)), i8x16.splat(39));
  v128.store(out, i8x16.add(i8x16.add(nibbles, i8x16.splat(48)), letters));
  out += 16;
}
