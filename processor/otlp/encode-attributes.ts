import { DOUBLE_KEYS } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { ANY_VALUE, KEY_VALUE } from "./any-value.ts";
import { ByteWriter, varintSize } from "./byte-writer.ts";
import { tagOf, WIRE_TYPE } from "./wire-reader.ts";

const SPAN_ATTRIBUTES = tagOf(9, WIRE_TYPE.length);

/** Keys that enrichment writes are few; a bound because they come from outside this file. */
const KEYS_MAX = 256;

interface EncodedKey {
  /** The key as a field of KeyValue. */
  readonly field: Uint8Array;
  readonly isDouble: boolean;
}

/** Writes attributes as fields of Span; keeps the bytes of the keys it has seen. */
export class AttributeEncoder {
  private readonly keys = new Map<string, EncodedKey>();

  encode(enrichment: Enrichment, out: ByteWriter): void {
    for (const key in enrichment) {
      const value = enrichment[key];
      if (value === undefined) continue;
      const encoded = this.keys.get(key) ?? this.addKey(key);
      if (typeof value === "string") encodeText(encoded, value, out);
      else if (typeof value === "number") encodeNumber(encoded, value, out);
      else encodeVarint(encoded, ANY_VALUE.bool, value ? 1 : 0, out);
    }
  }

  private addKey(key: string): EncodedKey {
    const field = new ByteWriter(key.length * 3 + 8);
    field.varint(KEY_VALUE.key);
    field.varint(Buffer.byteLength(key));
    field.text(key);
    const encoded = { field: field.written(), isDouble: DOUBLE_KEYS.has(key) };
    if (this.keys.size < KEYS_MAX) this.keys.set(key, encoded);
    return encoded;
  }
}

function encodeNumber(key: EncodedKey, value: number, out: ByteWriter): void {
  if (!key.isDouble && Number.isSafeInteger(value)) {
    encodeVarint(key, ANY_VALUE.int, value, out);
    return;
  }
  openValue(key, 9, out);
  out.byte(ANY_VALUE.double);
  out.double(value);
}

function encodeVarint(key: EncodedKey, tag: number, value: number, out: ByteWriter): void {
  openValue(key, 1 + varintSize(value), out);
  out.byte(tag);
  out.varint(value);
}

function encodeText(key: EncodedKey, text: string, out: ByteWriter): void {
  const size = Buffer.byteLength(text);
  openValue(key, 1 + varintSize(size) + size, out);
  out.byte(ANY_VALUE.string);
  out.varint(size);
  out.text(text);
}

/** Tag and length of the attribute, its key, tag and length of its value. */
function openValue(key: EncodedKey, size: number, out: ByteWriter): void {
  out.byte(SPAN_ATTRIBUTES);
  out.varint(key.field.length + 1 + varintSize(size) + size);
  out.bytes(key.field);
  out.byte(KEY_VALUE.value);
  out.varint(size);
}
