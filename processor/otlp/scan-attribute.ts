import type { AttributeValue } from "../core/span.ts";
import { ANY_VALUE, checkAnyValue, KEY_VALUE, readAnyValue, READ_TEXT_BYTES_MAX } from "./any-value.ts";
import type { AttributePlace } from "./attribute-marks.ts";
import { isKey, type KeyFacts } from "./key-dictionary.ts";
import { REQUEST_ATTRIBUTES_MAX, type RequestScan } from "./request-scan.ts";
import { SPAN } from "./span-fields.ts";
import { decodeText, findText, isText } from "./text-cache.ts";
import { skipField, type WireReader } from "./wire-reader.ts";

const KEY_VALUE_WIRE_TYPES: readonly number[] = [-1, 2, 2];

/** Notes where the attribute stands whose length the reader is on, and checks its value. The reader is left behind it. */
export function scanAttribute(scan: RequestScan, tagStart: number, spanEnd: number): void {
  const { reader, marks, place } = scan;
  const end = reader.lengthEnd(spanEnd, "Span.attributes");
  locateAttribute(reader, end, place);
  if (marks.count >= REQUEST_ATTRIBUTES_MAX) reader.fail(`more than ${REQUEST_ATTRIBUTES_MAX} attributes in one request`);
  const facts = keyAt(scan, place.keyStart, place.keyEnd);
  // Its value may stand before its key, and need not be the last thing in it.
  marks.add(facts, tagStart, place.valueStart, end);
  marks.endValueAt(place.valueEnd);
  shape(scan, facts, place.valueStart, place.valueEnd);
  reader.position = end;
}

/** Keys follow each other as they did the last time, so that the one that comes is nearly always known before it is looked up. */
function keyAt(scan: RequestScan, keyStart: number, keyEnd: number): KeyFacts {
  const { reader, keys, lastKey } = scan;
  const guess = lastKey.next;
  const facts = guess !== null && isKey(guess, reader, keyStart, keyEnd) ? guess : keys.find(reader, keyStart, keyEnd);
  if (facts !== guess) lastKey.next = facts;
  scan.lastKey = facts;
  return facts;
}

/** Adds an attribute to the draft of the span's shape. `start` and `end` are those of its AnyValue, -1 where it has none. */
function shape(scan: RequestScan, facts: KeyFacts, start: number, end: number): void {
  if (facts.shaping === "none") return;
  const { draft } = scan;
  // A value that nobody can read (bytes, none at all) is as good as not there, and of a list it is not worth finding out.
  if (start < 0 || (facts.shaping === "presence" && !isWholeScalar(scan.reader.bytes, start, end))) draft.valid = false;
  else if (facts.shaping === "presence") draft.addBoolean(facts, true);
  else shapeByValue(scan, facts, start, end);
}

function shapeByValue({ reader, draft, numbers }: RequestScan, facts: KeyFacts, start: number, end: number): void {
  const { bytes } = reader;
  const first = bytes[start + 1] ?? 0x80;
  switch (bytes[start] ?? 0) {
    case ANY_VALUE.string:
      if (first < 0x80 && start + 2 + first === end) shapeByText(reader, draft, facts, { start: start + 2, end });
      else draft.valid = false;
      return;
    case ANY_VALUE.int:
      if (!isShortVarint(bytes, start + 1, end)) draft.valid = false;
      else if (facts.shaping === "code") draft.addCode(facts, shortVarint(bytes, start + 1, end));
      else {
        draft.addNumber(facts);
        numbers.push(shortVarint(bytes, start + 1, end));
      }
      return;
    case ANY_VALUE.double:
      if (start + 9 === end && facts.shaping === "value") {
        draft.addNumber(facts);
        numbers.push(reader.view.getFloat64(start + 1, true));
      } else draft.valid = false;
      return;
    case ANY_VALUE.bool:
      if (first < 2 && start + 2 === end) draft.addBoolean(facts, first === 1);
      else draft.valid = false;
      return;
    default:
      draft.addList(facts, findText(reader, start, end));
  }
}

/** A key's value is often the one that it had last. */
function shapeByText(
  reader: WireReader,
  draft: RequestScan["draft"],
  facts: KeyFacts,
  { start, end }: { start: number; end: number },
): void {
  const { lastText } = facts;
  const text = lastText !== null && isText(lastText, reader, start, end) ? lastText : findText(reader, start, end);
  facts.lastText = text;
  draft.addText(facts, text);
}

/**
 * Every encoder writes the key, then the value, and in nine of ten attributes the value is one scalar: for these a look at
 * the lengths is all that is to be checked. Scans such attributes from `from` on and answers where the first other thing
 * stands, which says nothing about whether it is valid: `scanAttribute` finds that out.
 */
export function scanPlainAttributes(scan: RequestScan, from: number, end: number): number {
  const { marks, reader } = scan;
  const { bytes } = reader;
  let position = from;
  while (position < end && bytes[position] === SPAN.attributes && marks.count < REQUEST_ATTRIBUTES_MAX) {
    let content = position + 2;
    let length = bytes[position + 1] as number;
    if (length >= 0x80) {
      const second = bytes[content++] as number;
      if (!(second < 0x80)) break;
      length = (length & 0x7f) | (second << 7);
    }
    const next = content + length;
    const keyLength = bytes[content + 1] as number;
    const valueTag = content + 2 + keyLength;
    if (!(next <= end) || bytes[content] !== KEY_VALUE.key || keyLength >= 0x80 || valueTag + 2 > next) break;
    if (bytes[valueTag] !== KEY_VALUE.value) break;
    const first = bytes[valueTag + 1] as number;
    // A third byte of a length would say more than 16,383 bytes, which is more than there are up to `next`.
    const valueStart = first < 0x80 ? valueTag + 2 : valueTag + 3;
    const valueLength = first < 0x80 ? first : (first & 0x7f) | ((bytes[valueTag + 2] as number) << 7);
    if (valueStart + valueLength !== next || !isWholeScalar(bytes, valueStart, next)) break;
    const facts = keyAt(scan, content + 2, valueTag);
    marks.add(facts, position, valueStart, next);
    shape(scan, facts, valueStart, next);
    position = next;
  }
  return position;
}

/** Finds the key and the value of the KeyValue that the reader stands on, in whatever order, and checks that any decoder takes it. */
export function locateAttribute(reader: WireReader, end: number, place: AttributePlace): void {
  place.keyStart = 0;
  place.keyEnd = 0;
  place.valueStart = -1;
  place.valueEnd = -1;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === KEY_VALUE.key) {
      place.keyEnd = reader.lengthEnd(end, "KeyValue.key");
      place.keyStart = reader.position;
      reader.position = place.keyEnd;
    } else if (tag === KEY_VALUE.value) {
      place.valueEnd = reader.lengthEnd(end, "KeyValue.value");
      place.valueStart = reader.position;
      checkAnyValue(reader, place.valueEnd, 0);
    } else skipField(reader, tag, end, KEY_VALUE_WIRE_TYPES);
  }
}

/** One scalar that ends where its AnyValue ends. */
function isWholeScalar(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start + 1] ?? 0x80;
  switch (bytes[start] ?? 0) {
    case ANY_VALUE.string:
      if (first < 0x80) return start + 2 + first === end;
      return (bytes[start + 2] ?? 0x80) < 0x80 && start + 3 + ((first & 0x7f) | ((bytes[start + 2] ?? 0) << 7)) === end;
    case ANY_VALUE.int:
      return isShortVarint(bytes, start + 1, end);
    case ANY_VALUE.double:
      return start + 9 === end;
    case ANY_VALUE.bool:
      return first < 0x80 && start + 2 === end;
    default:
      return false;
  }
}

/** A varint of up to four bytes, 28 bits, that ends at `end`. */
function isShortVarint(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 1 || end - start > 4) return false;
  for (let index = start; index < end - 1; index++) if ((bytes[index] ?? 0) < 0x80) return false;
  return (bytes[end - 1] ?? 0x80) < 0x80;
}

/** The value at a place that was found by `locateAttribute`; undefined where there is none to read. */
export function readPlace(reader: WireReader, place: AttributePlace): AttributeValue | undefined {
  const { bytes } = reader;
  const { valueStart: start, valueEnd: end } = place;
  if (start < 0) return undefined;
  const first = bytes[start + 1] ?? 0;
  // The two that are nearly all; a length or a number of one byte, or it is read like any other.
  if (first < 0x80 && bytes[start] === ANY_VALUE.string && start + 2 + first === end)
    return decodeText(reader, start + 2, end, READ_TEXT_BYTES_MAX);
  if (bytes[start] === ANY_VALUE.int && isShortVarint(bytes, start + 1, end)) return shortVarint(bytes, start + 1, end);
  reader.position = start;
  return readAnyValue(reader, end, 0);
}

function shortVarint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let index = end - 1; index >= start; index--) value = (value << 7) | ((bytes[index] ?? 0) & 0x7f);
  return value;
}
