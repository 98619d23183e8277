import type { AttributeValue } from "../core/span.ts";
import { decodeText } from "./text-cache.ts";
import { type WireReader, WORD, WIRE_TYPE, tagOf } from "./wire-reader.ts";

/** Fields of AnyValue (opentelemetry/proto/common/v1/common.proto); of several that are set, the last counts. */
export const ANY_VALUE = {
  string: tagOf(1, WIRE_TYPE.length),
  bool: tagOf(2, WIRE_TYPE.varint),
  int: tagOf(3, WIRE_TYPE.varint),
  double: tagOf(4, WIRE_TYPE.fixed64),
  array: tagOf(5, WIRE_TYPE.length),
  keyValueList: tagOf(6, WIRE_TYPE.length),
  bytes: tagOf(7, WIRE_TYPE.length),
} as const;

/** `values` of ArrayValue and of KeyValueList. */
export const LIST_VALUES = tagOf(1, WIRE_TYPE.length);
/** Fields of KeyValue. */
export const KEY_VALUE = { key: tagOf(1, WIRE_TYPE.length), value: tagOf(2, WIRE_TYPE.length) } as const;

/** An AnyValue may hold others; deeper than this it is refused, for whoever reads it next has a stack too. */
export const VALUE_DEPTH_MAX = 256;
/** What the core reads of a text: bodies of errors and usage in JSON fit, a prompt that strayed is cut. */
export const READ_TEXT_BYTES_MAX = 65_536;
/** What the core reads of lists lies flat. */
const READ_DEPTH_MAX = 8;
const READ_ENTRIES_MAX = 1_024;

const LAST_FIELD_OF_ANY_VALUE = 7;

/**
 * Looks whether an AnyValue is what any decoder takes: whatever is forwarded stands in one batch with other people's spans,
 * and a receiver that finds one byte wrong refuses them all.
 */
export function checkAnyValue(reader: WireReader, end: number, depth: number): void {
  if (depth > VALUE_DEPTH_MAX) reader.fail(`an attribute is nested deeper than ${VALUE_DEPTH_MAX}`);
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === ANY_VALUE.array) checkList(reader, reader.lengthEnd(end, "ArrayValue"), depth, false);
    else if (tag === ANY_VALUE.keyValueList) checkList(reader, reader.lengthEnd(end, "KeyValueList"), depth, true);
    else if (tag >>> 3 <= LAST_FIELD_OF_ANY_VALUE && !isAnyValueTag(tag))
      reader.fail(`AnyValue: field ${tag >>> 3} has wire type ${tag & 7}`);
    else reader.skip(tag, end);
  }
}

function checkList(reader: WireReader, end: number, depth: number, ofKeyValues: boolean): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== LIST_VALUES) {
      if (tag >>> 3 === 1) reader.fail("a list of values with a wrong wire type");
      reader.skip(tag, end);
      continue;
    }
    const valueEnd = reader.lengthEnd(end, "an entry of a list");
    if (ofKeyValues) checkKeyValue(reader, valueEnd, depth + 1);
    else checkAnyValue(reader, valueEnd, depth + 1);
  }
}

export function checkKeyValue(reader: WireReader, end: number, depth: number): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === KEY_VALUE.value) checkAnyValue(reader, reader.lengthEnd(end, "KeyValue.value"), depth);
    else if (tag >>> 3 <= 2 && tag !== KEY_VALUE.key) reader.fail(`KeyValue: field ${tag >>> 3} has wire type ${tag & 7}`);
    else reader.skip(tag, end);
  }
}

function isAnyValueTag(tag: number): boolean {
  return tag === ANY_VALUE.string || tag === ANY_VALUE.bool || tag === ANY_VALUE.int || tag === ANY_VALUE.double || tag === ANY_VALUE.bytes;
}

/** The value as the core reads it; undefined for an empty one, for bytes, and for what lies too deep. Checked bytes only. */
export function readAnyValue(reader: WireReader, end: number, depth: number): AttributeValue | undefined {
  let value: AttributeValue | undefined;
  while (reader.position < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case ANY_VALUE.string:
        value = readText(reader, end);
        break;
      case ANY_VALUE.bool:
        value = (reader.varintLow(end, "bool_value") | reader.high) !== 0;
        break;
      case ANY_VALUE.int:
        value = int64AsNumber(reader.varintLow(end, "int_value"), reader.high);
        break;
      case ANY_VALUE.double:
        value = reader.double(end, "double_value");
        break;
      case ANY_VALUE.array:
        value = readArray(reader, reader.lengthEnd(end, "array_value"), depth + 1);
        break;
      case ANY_VALUE.keyValueList:
        value = readKeyValueList(reader, reader.lengthEnd(end, "kvlist_value"), depth + 1);
        break;
      default:
        if (tag === ANY_VALUE.bytes) value = undefined;
        reader.skip(tag, end);
    }
  }
  return value;
}

export function readText(reader: WireReader, end: number): string {
  const textEnd = reader.lengthEnd(end, "string_value");
  const text = decodeText(reader, reader.position, textEnd, READ_TEXT_BYTES_MAX);
  reader.position = textEnd;
  return text;
}

/** Two's complement; beyond 2^53 the nearest double. */
export function int64AsNumber(low: number, high: number): number {
  return (high | 0) * WORD + low;
}

function readArray(reader: WireReader, end: number, depth: number): AttributeValue | undefined {
  const values: AttributeValue[] = [];
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== LIST_VALUES || depth > READ_DEPTH_MAX || values.length >= READ_ENTRIES_MAX) {
      reader.skip(tag, end);
      continue;
    }
    const value = readAnyValue(reader, reader.lengthEnd(end, "ArrayValue.values"), depth);
    if (value !== undefined) values.push(value);
  }
  return depth > READ_DEPTH_MAX ? undefined : values;
}

function readKeyValueList(reader: WireReader, end: number, depth: number): AttributeValue | undefined {
  const values: Record<string, AttributeValue> = Object.create(null);
  let entries = 0;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== LIST_VALUES || depth > READ_DEPTH_MAX || entries++ >= READ_ENTRIES_MAX) reader.skip(tag, end);
    else readKeyValue(reader, reader.lengthEnd(end, "KeyValueList.values"), depth, values);
  }
  return depth > READ_DEPTH_MAX ? undefined : values;
}

/** Reads one KeyValue into `values`; a key that comes again replaces the one before, as in JSON. */
export function readKeyValue(reader: WireReader, end: number, depth: number, values: Record<string, AttributeValue>): void {
  let key = "";
  let value: AttributeValue | undefined;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === KEY_VALUE.key) key = readText(reader, end);
    else if (tag === KEY_VALUE.value) value = readAnyValue(reader, reader.lengthEnd(end, "KeyValue.value"), depth);
    else reader.skip(tag, end);
  }
  if (value !== undefined) values[key] = value;
}
