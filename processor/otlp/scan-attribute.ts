import type { AttributeValue } from "../core/span.ts";
import { ANY_VALUE, checkAnyValue, KEY_VALUE, readAnyValue, READ_TEXT_BYTES_MAX } from "./any-value.ts";
import type { AttributePlace } from "./attribute-marks.ts";
import type { KeyFacts } from "./key-dictionary.ts";
import { REQUEST_ATTRIBUTES_MAX, type RequestScan } from "./request-scan.ts";
import { decodeText, findText } from "./text-cache.ts";
import { skipField, type WireReader } from "./wire-reader.ts";

const KEY_VALUE_WIRE_TYPES: readonly number[] = [-1, 2, 2];

/** Notes where the attribute stands whose length the reader is on, and checks its value. The reader is left behind it. */
export function scanAttribute(scan: RequestScan, tagStart: number, spanEnd: number): void {
  const { reader, marks, place } = scan;
  const end = reader.lengthEnd(spanEnd, "Span.attributes");
  locateAttribute(reader, end, place);
  if (marks.count >= REQUEST_ATTRIBUTES_MAX) reader.fail(`more than ${REQUEST_ATTRIBUTES_MAX} attributes in one request`);
  const facts = scan.keys.find(reader, place.keyStart, place.keyEnd);
  marks.add(facts, tagStart, place, end);
  if (facts.shaping === "presence") scan.draft.addBoolean(facts, true);
  else if (facts.shaping !== "none") shapeByValue(scan, facts);
  reader.position = end;
}

/** Adds the attribute that was just located to the draft of the span's shape. */
function shapeByValue({ reader, place, draft, numbers }: RequestScan, facts: KeyFacts): void {
  const { bytes } = reader;
  const { valueStart: start, valueEnd: end } = place;
  if (start < 0) {
    draft.valid = false;
    return;
  }
  const first = bytes[start + 1] ?? 0x80;
  switch (bytes[start]) {
    case ANY_VALUE.string:
      if (first < 0x80 && start + 2 + first === end) draft.addText(facts, findText(reader, start + 2, end));
      else draft.valid = false;
      return;
    case ANY_VALUE.int:
      if (isShortVarint(bytes, start + 1, end)) {
        const value = shortVarint(bytes, start + 1, end);
        if (facts.shaping === "code") draft.addCode(facts, value);
        else {
          draft.addNumber(facts);
          numbers.push(value);
        }
      } else draft.valid = false;
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

/** Finds the key and the value of the KeyValue that the reader stands on, and checks that any decoder takes it. */
export function locateAttribute(reader: WireReader, end: number, place: AttributePlace): void {
  if (!locateAsWritten(reader.bytes, reader.position, end, place)) locateInAnyOrder(reader, end, place);
}

/**
 * Every encoder writes the key, then the value, and in nine of ten attributes the value is one scalar: for these a look at
 * the lengths is all that is to be checked. False where it is anything else, which says nothing about whether it is valid.
 */
function locateAsWritten(bytes: Uint8Array, start: number, end: number, place: AttributePlace): boolean {
  const keyLength = bytes[start + 1] ?? 0x80;
  const valueTag = start + 2 + keyLength;
  if (bytes[start] !== KEY_VALUE.key || keyLength >= 0x80 || valueTag + 2 > end || bytes[valueTag] !== KEY_VALUE.value) return false;
  const first = bytes[valueTag + 1] ?? 0x80;
  const second = bytes[valueTag + 2] ?? 0x80;
  const isShort = first < 0x80;
  if (!isShort && second >= 0x80) return false;
  const valueStart = isShort ? valueTag + 2 : valueTag + 3;
  const valueLength = isShort ? first : (first & 0x7f) | (second << 7);
  if (valueStart + valueLength !== end || !isWholeScalar(bytes, valueStart, end)) return false;
  place.keyStart = start + 2;
  place.keyEnd = valueTag;
  place.valueStart = valueStart;
  place.valueEnd = end;
  return true;
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

function locateInAnyOrder(reader: WireReader, end: number, place: AttributePlace): void {
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
