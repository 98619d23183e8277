import { DOUBLE_KEYS, NORMALIZED_KEYS, OWN_KEYS } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { AttributeScalar } from "../core/span.ts";
import { ANY_VALUE, int64AsNumber, KEY_VALUE } from "./any-value.ts";
import { ByteWriter, varintSize } from "./byte-writer.ts";
import { packBytes, type PackedBytes } from "./packed-bytes.ts";
import { tagOf, WIRE_TYPE, type WireReader } from "./wire-reader.ts";

/** Every key that enrichment may write: what a scan has to notice, lest a key stand twice. */
export const WRITTEN_KEYS: readonly string[] = [...OWN_KEYS, ...NORMALIZED_KEYS];

const SPAN_ATTRIBUTES = tagOf(9, WIRE_TYPE.length);
const DOUBLE_BYTES = 8;

interface EncodedKey {
  /** In WRITTEN_KEYS. */
  readonly index: number;
  readonly key: string;
  readonly isDouble: boolean;
  /** The key as a field of KeyValue. */
  readonly field: Uint8Array;
  /** The whole attribute with a double, less the double. */
  readonly doubleHead: PackedBytes;
  /** The whole attribute with an int, less the int: its two lengths, of one byte each, are those of an int of no bytes. */
  readonly intHead: PackedBytes;
  /** Whole attributes as they were written before, by value: most texts and booleans come again. */
  readonly written: Map<string | boolean, PackedBytes>;
  /** A guess: what was written after this one last. */
  next: EncodedKey | null;
}

/** Writes attributes as fields of Span, and tells which of a span's own attributes already say the same. */
export class AttributeEncoder {
  private readonly keys: ReadonlyMap<string, EncodedKey> = new Map(WRITTEN_KEYS.map((key, index) => [key, encodedKey(key, index)]));
  /** By index of the key: the number of the span that has it already, with the value that it is to get. */
  private readonly keptBy = new Int32Array(WRITTEN_KEYS.length);
  private spanNumber = 0;
  private readonly beforeFirst: Pick<EncodedKey, "next"> = { next: null };

  /** Starts a span. */
  begin(): void {
    this.spanNumber = (this.spanNumber + 1) | 0;
    if (this.spanNumber === 0) this.keptBy.fill(0);
  }

  /** Whether the AnyValue from `start` to `end` stays as it is, because it is `value`; a key that comes twice stays once. */
  keeps(index: number, value: AttributeScalar, reader: WireReader, place: { readonly start: number; readonly end: number }): boolean {
    if (this.keptBy[index] === this.spanNumber || place.start < 0) return false;
    if (!saysSame(reader, place.start, place.end, { value, isDouble: IS_DOUBLE[index] ?? false })) return false;
    this.keptBy[index] = this.spanNumber;
    return true;
  }

  /** Writes what the span does not already say. */
  encode(enrichment: Enrichment, out: ByteWriter): void {
    let last: Pick<EncodedKey, "next"> = this.beforeFirst;
    for (const key in enrichment) {
      const value = enrichment[key];
      const encoded: EncodedKey | undefined = last.next?.key === key ? last.next : this.keys.get(key);
      if (encoded === undefined || value === undefined) continue;
      last.next = encoded;
      last = encoded;
      if (this.keptBy[encoded.index] === this.spanNumber) continue;
      if (typeof value === "number") encodeNumber(encoded, value, out);
      else encodeWord(encoded, value, out);
    }
  }
}

/** In an `intHead`: tag and length of the attribute come first, length of the value and tag of the int last. */
const ATTRIBUTE_LENGTH_AT = 1;
const HEAD_BEFORE_CONTENT = 2;
const VALUE_LENGTH_BEFORE_END = 2;

const IS_DOUBLE: readonly boolean[] = WRITTEN_KEYS.map((key) => DOUBLE_KEYS.has(key));

function encodedKey(key: string, index: number): EncodedKey {
  const field = new ByteWriter(key.length + 8);
  field.byte(KEY_VALUE.key);
  field.varint(Buffer.byteLength(key));
  field.text(key);
  const head = new ByteWriter(key.length + 16);
  openValue(field.written(), 1 + DOUBLE_BYTES, head);
  head.byte(ANY_VALUE.double);
  const intHead = new ByteWriter(key.length + 16);
  openValue(field.written(), 1, intHead);
  intHead.byte(ANY_VALUE.int);
  return {
    index,
    key,
    isDouble: IS_DOUBLE[index] ?? false,
    field: field.written(),
    doubleHead: packBytes(head.written()),
    intHead: packBytes(intHead.written()),
    written: new Map(),
    next: null,
  };
}

function encodeNumber(key: EncodedKey, value: number, out: ByteWriter): void {
  if (!key.isDouble && Number.isSafeInteger(value)) {
    const { intHead } = key;
    const size = varintSize(value);
    const start = out.length;
    out.words(intHead.words, intHead.length);
    out.setByte(start + ATTRIBUTE_LENGTH_AT, intHead.length - HEAD_BEFORE_CONTENT + size);
    out.setByte(start + intHead.length - VALUE_LENGTH_BEFORE_END, 1 + size);
    out.varint(value);
    return;
  }
  out.words(key.doubleHead.words, key.doubleHead.length);
  out.double(value);
}

/** Longer texts are not remembered: they do not come again. */
const REMEMBERED_CHARS_MAX = 64;
/** Of one key; models and providers are fewer. Then all are forgotten. */
const REMEMBERED_MAX = 256;

function encodeWord(key: EncodedKey, value: string | boolean, out: ByteWriter): void {
  const before = key.written.get(value);
  if (before !== undefined) {
    out.words(before.words, before.length);
    return;
  }
  const start = out.length;
  if (typeof value === "string") encodeText(key.field, value, out);
  else {
    openValue(key.field, 2, out);
    out.byte(ANY_VALUE.bool);
    out.byte(value ? 1 : 0);
  }
  if (typeof value === "string" && value.length > REMEMBERED_CHARS_MAX) return;
  if (key.written.size >= REMEMBERED_MAX) key.written.clear();
  key.written.set(value, packBytes(out.written().subarray(start)));
}

function encodeText(field: Uint8Array, text: string, out: ByteWriter): void {
  const size = Buffer.byteLength(text);
  openValue(field, 1 + varintSize(size) + size, out);
  out.byte(ANY_VALUE.string);
  out.varint(size);
  out.text(text);
}

/** Tag and length of the attribute, its key, tag and length of its value. */
function openValue(field: Uint8Array, size: number, out: ByteWriter): void {
  out.byte(SPAN_ATTRIBUTES);
  out.varint(field.length + 1 + varintSize(size) + size);
  out.bytes(field);
  out.byte(KEY_VALUE.value);
  out.varint(size);
}

/** Whether an AnyValue is exactly what `encode` would write for the value. */
function saysSame(
  reader: WireReader,
  start: number,
  end: number,
  { value, isDouble }: { value: AttributeScalar; isDouble: boolean },
): boolean {
  const { bytes } = reader;
  const tag = bytes[start];
  if (typeof value === "boolean") return tag === ANY_VALUE.bool && end === start + 2 && bytes[start + 1] === (value ? 1 : 0);
  if (typeof value === "string") return tag === ANY_VALUE.string && isText(bytes, start + 1, end, value);
  if (isDouble || !Number.isSafeInteger(value))
    return tag === ANY_VALUE.double && end === start + 9 && Object.is(reader.view.getFloat64(start + 1, true), value);
  if (tag !== ANY_VALUE.int || end - start - 1 !== varintSize(value)) return false;
  reader.position = start + 1;
  return int64AsNumber(reader.varintLow(end, "int_value"), reader.high) === value;
}

function isText(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (bytes[start] !== text.length || start + 1 + text.length !== end) return isLongText(bytes, start, end, text);
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== bytes[start + 1 + index]) return false;
  return true;
}

/** Longer than 127 bytes, or not ASCII. */
function isLongText(bytes: Buffer, start: number, end: number, text: string): boolean {
  const size = Buffer.byteLength(text);
  return start + varintSize(size) + size === end && Buffer.from(text).equals(bytes.subarray(end - size, end));
}
