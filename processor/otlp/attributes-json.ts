import type { AttributeMarks } from "./attribute-marks.ts";
import { ANY_VALUE, int64AsNumber, KEY_VALUE, LIST_VALUES } from "./any-value.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { packBytes } from "./packed-bytes.ts";
import type { RequestScan } from "./request-scan.ts";
import type { ScannedSpan } from "./scanned-span.ts";
import { cutPosition } from "./text-cache.ts";
import type { WireReader } from "./wire-reader.ts";

/** A text, a list or bytes of an attribute: what is more is cut off, and it says so. */
export const JSON_VALUE_BYTES_MAX = 16_384;
/** The same for prompts and completions, when they are captured. */
export const JSON_CONTENT_BYTES_MAX = 131_072;
/** All attributes of a span together; those that do not fit are left out and counted under CUT_KEY. */
export const JSON_SPAN_BYTES_MAX = 524_288;
export const JSON_KEY_BYTES_MAX = 512;
export const JSON_DEPTH_MAX = 24;
/** How many attributes of the span are not in its JSON because they were too much. */
export const CUT_KEY = "genai_otel.attributes_cut";

const COMMA = 0x2c;
const QUOTE = 0x22;
const OPEN = { array: 0x5b, object: 0x7b } as const;
const CLOSE = { array: 0x5d, object: 0x7d } as const;
const NULL = packBytes(Buffer.from("null"));
const TRUE = packBytes(Buffer.from("true"));
const FALSE = packBytes(Buffer.from("false"));
const CUT_TEXT = "…[cut]";
const UINT31 = 2 ** 31;
const DOUBLE_BYTES = 8;

/** One for all spans: memory of its own would cost each more than its JSON does. */
const OUT = new ByteWriter(64 * 1024);

/** Where JSON is read from. */
export interface JsonSource {
  readonly reader: WireReader;
  readonly keys: KeyDictionary;
  readonly captureContent: boolean;
}

interface JsonState extends JsonSource {
  readonly out: ByteWriter;
  /** Length of `out` at which the value that is being written has to end. */
  limit: number;
}

/**
 * A span's attributes as they came, as one JSON object that PostgreSQL's jsonb takes: transcoded from the wire without
 * objects in between. Bytes that are no UTF-8 become U+FFFD, NUL goes, NaN and infinities become text, int64 keeps every
 * digit, bytes become base64, and what people and models said is left out unless `captureContent`. The bytes are good
 * until the next call.
 */
export function attributesJson(scan: RequestScan, span: ScannedSpan, captureContent: boolean): Uint8Array {
  const out = OUT;
  const state: JsonState = { reader: scan.reader, keys: scan.keys, out, captureContent, limit: 0 };
  let cut = 0;
  out.length = 0;
  for (let index = span.firstMark; index < span.endMark; index++) {
    if (!writeAttribute(state, scan.marks, index)) cut++;
  }
  if (cut > 0) out.text(`,"${CUT_KEY}":${cut}`);
  enclose(out, 0, "object");
  return out.written();
}

/**
 * One value, whose AnyValue stands from `start` to `end`, as `attributesJson` writes it; `ofContent`: it is what people and models
 * said. Good until the next call.
 */
export function valueJson(
  source: JsonSource,
  { start, end }: { readonly start: number; readonly end: number },
  ofContent: boolean,
): Uint8Array {
  OUT.length = 0;
  const limit = ofContent ? JSON_CONTENT_BYTES_MAX : JSON_VALUE_BYTES_MAX;
  const state: JsonState = { ...source, out: OUT, limit };
  state.reader.position = start;
  writeValue(state, end, 0);
  return OUT.written();
}

/** Every entry was written with a comma before it: the first of them, at `start`, becomes what opens the list. */
function enclose(out: ByteWriter, start: number, kind: "array" | "object"): void {
  if (out.length === start) out.byte(COMMA);
  out.setByte(start, OPEN[kind]);
  out.byte(CLOSE[kind]);
}

/** False when it did not fit. */
function writeAttribute(state: JsonState, marks: AttributeMarks, index: number): boolean {
  const { reader, out, captureContent } = state;
  const facts = marks.key(index);
  const start = marks.valueStart(index);
  const end = marks.valueEnd(index);
  if (facts === undefined) return true;
  if (facts.content && !captureContent && !isNumberOrBoolean(reader, start, end)) return true;
  if (out.length >= JSON_SPAN_BYTES_MAX || facts.length > JSON_KEY_BYTES_MAX) return false;
  out.words(facts.json.words, facts.json.length);
  state.limit = out.length + (facts.content ? JSON_CONTENT_BYTES_MAX : JSON_VALUE_BYTES_MAX);
  if (start < 0) out.words(NULL.words, NULL.length);
  else if (!writeCommon(state, start, end)) {
    reader.position = start;
    writeValue(state, end, 0);
  }
  return true;
}

/** The short plain texts, small numbers and booleans that nearly all values are, alone in their AnyValue; false for anything else. */
function writeCommon({ reader, out }: JsonState, start: number, end: number): boolean {
  const { bytes } = reader;
  if (start === end) return false;
  switch (bytes[start] ?? 0) {
    case ANY_VALUE.string:
      return bytes[start + 1] === end - start - 2 && end - start < 0x80 && writePlain(reader, start + 2, end, out);
    case ANY_VALUE.int:
      reader.position = start + 1;
      return writeSmallInt(reader, end, out);
    case ANY_VALUE.double:
      if (end !== start + 1 + DOUBLE_BYTES) return false;
      writeDouble(reader.view.getFloat64(start + 1, true), out);
      return true;
    default:
      return false;
  }
}

function writePlain(reader: WireReader, start: number, end: number, out: ByteWriter): boolean {
  const before = out.length;
  out.byte(QUOTE);
  if (out.plainAscii(reader.view, start, end)) {
    out.byte(QUOTE);
    return true;
  }
  out.length = before;
  return false;
}

function writeSmallInt(reader: WireReader, end: number, out: ByteWriter): boolean {
  const low = reader.varintLow(end, "int_value");
  if (reader.high !== 0 || low >= UINT31 || reader.position !== end) return false;
  out.decimal(low);
  return true;
}

function isNumberOrBoolean(reader: WireReader, start: number, end: number): boolean {
  if (start < 0 || start === end) return true;
  const tag = reader.bytes[start];
  return tag === ANY_VALUE.int || tag === ANY_VALUE.double || tag === ANY_VALUE.bool;
}

/** The value whose AnyValue the reader stands on; it is left behind its end. */
function writeValue(state: JsonState, end: number, depth: number): void {
  const { reader } = state;
  // Of several values only the last counts, and nearly always it is the only one.
  let last = -1;
  while (reader.position < end) {
    const at = reader.position;
    const tag = reader.tag(end);
    if (tag >= ANY_VALUE.string && tag <= ANY_VALUE.bytes) last = at;
    reader.skip(tag, end);
  }
  if (last < 0) {
    state.out.words(NULL.words, NULL.length);
    return;
  }
  reader.position = last;
  writeOne(state, reader.tag(end), end, depth);
  reader.position = end;
}

function writeOne(state: JsonState, tag: number, end: number, depth: number): void {
  const { out, reader } = state;
  switch (tag) {
    case ANY_VALUE.string:
      writeText(state, reader.lengthEnd(end, "string_value"));
      return;
    case ANY_VALUE.bool:
      writeBoolean(out, (reader.varintLow(end, "bool_value") | reader.high) !== 0);
      return;
    case ANY_VALUE.int:
      out.text(int64Text(reader.varintLow(end, "int_value"), reader.high));
      return;
    case ANY_VALUE.double:
      out.text(doubleText(reader.double(end, "double_value")));
      return;
    case ANY_VALUE.array:
      writeList(state, reader.lengthEnd(end, "array_value"), depth + 1, "array");
      return;
    case ANY_VALUE.keyValueList:
      writeList(state, reader.lengthEnd(end, "kvlist_value"), depth + 1, "object");
      return;
    default:
      writeBytes(state, reader.lengthEnd(end, "bytes_value"));
  }
}

function writeBoolean(out: ByteWriter, value: boolean): void {
  const { words, length } = value ? TRUE : FALSE;
  out.words(words, length);
}

function int64Text(low: number, high: number): string {
  const value = int64AsNumber(low, high);
  if (Number.isSafeInteger(value)) return String(value);
  return String((BigInt(high | 0) << 32n) | BigInt(low));
}

const FRACTION_DIGITS = 6;
const FRACTION = 10 ** FRACTION_DIGITS;

/**
 * The shortest decimal, as String writes it. Most doubles of telemetry have a few digits behind the point: a decimal of at most
 * fifteen digits that reads as this double is the only one, and is written in a quarter of the time.
 */
function writeDouble(value: number, out: ByteWriter): void {
  const scaled = Math.round(value * FRACTION);
  if (value > 0 && value < UINT31 && scaled / FRACTION === value && scaled >= FRACTION / 1000) {
    const whole = Math.floor(scaled / FRACTION);
    out.decimal(whole);
    const fraction = scaled - whole * FRACTION;
    if (fraction > 0) out.fraction(fraction, FRACTION_DIGITS);
  } else out.text(doubleText(value));
}

/** JSON has no such numbers. */
function doubleText(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

function writeText(state: JsonState, end: number): void {
  const { out, limit } = state;
  const { bytes, position: start } = state.reader;
  const room = Math.max(limit - out.length, 0);
  const cut = cutPosition(bytes, start, end, room);
  if (cut === end && writePlain(state.reader, start, end, out)) return;
  const text = bytes.toString("utf8", start, cut);
  const clean = text.includes("\0") ? text.replaceAll("\0", "") : text;
  out.text(JSON.stringify(cut === end ? clean : `${clean}${cutMark(end - start)}`));
}

function cutMark(size: number): string {
  return `…[cut: ${size} bytes]`;
}

function writeBytes(state: JsonState, end: number): void {
  const { bytes, position: start } = state.reader;
  // Whole groups of three, so that what is left of it decodes.
  const room = Math.max(Math.floor((state.limit - state.out.length) / 4), 0) * 3;
  const cut = Math.min(end, start + room);
  state.out.text(`"${bytes.toString("base64", start, cut)}${cut === end ? "" : cutMark(end - start)}"`);
}

function writeList(state: JsonState, end: number, depth: number, kind: "array" | "object"): void {
  const { out, reader } = state;
  if (depth > JSON_DEPTH_MAX) {
    out.text(`"…[nested deeper than ${JSON_DEPTH_MAX}]"`);
    return;
  }
  const first = out.length;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== LIST_VALUES) {
      reader.skip(tag, end);
      continue;
    }
    const entryEnd = reader.lengthEnd(end, "an entry of a list");
    if (out.length >= state.limit) {
      out.text(kind === "array" ? `,"${CUT_TEXT}"` : `,"${CUT_TEXT}":true`);
      break;
    }
    if (kind === "object") writeEntry(state, entryEnd, depth);
    else {
      out.byte(COMMA);
      writeValue(state, entryEnd, depth);
    }
    reader.position = entryEnd;
  }
  enclose(out, first, kind);
}

function writeEntry(state: JsonState, end: number, depth: number): void {
  const { reader, keys, out, captureContent } = state;
  let keyStart = reader.position;
  let keyEnd = keyStart;
  let valueStart = -1;
  let valueEnd = -1;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === KEY_VALUE.key) {
      keyEnd = reader.lengthEnd(end, "KeyValue.key");
      keyStart = reader.position;
      reader.position = keyEnd;
    } else if (tag === KEY_VALUE.value) {
      valueEnd = reader.lengthEnd(end, "KeyValue.value");
      valueStart = reader.position;
      reader.position = valueEnd;
    } else reader.skip(tag, end);
  }
  const facts = keys.find(reader, keyStart, keyEnd);
  if (facts.length > JSON_KEY_BYTES_MAX) return;
  if (facts.content && !captureContent && !isNumberOrBoolean(reader, valueStart, valueEnd)) return;
  out.words(facts.json.words, facts.json.length);
  reader.position = Math.max(valueStart, 0);
  if (valueStart < 0) out.words(NULL.words, NULL.length);
  else writeValue(state, valueEnd, depth);
}
