/** Bytes that are no protobuf, or no message of the expected type. The message says where and in which field. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

/** https://protobuf.dev/programming-guides/encoding/#structure */
export const WIRE_TYPE = { varint: 0, fixed64: 1, length: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** The tag that stands before a field's value. */
export function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** Groups are obsolete and OTLP has none, but an unknown field may be one, inside others. */
const GROUP_DEPTH_MAX = 64;
const VARINT_BYTES_MAX = 10;
export const WORD = 0x1_0000_0000;

/**
 * Reads protobuf's wire format in place: nothing is copied, and one reader serves every nested message, because the end of
 * the message that is being read is an argument. No read goes past that end.
 */
export class WireReader {
  readonly bytes: Buffer;
  readonly view: DataView;
  position = 0;

  constructor(body: Uint8Array) {
    this.bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /** Field number and wire type; `position < end` is the caller's loop condition. */
  tag(end: number): number {
    const first = this.bytes[this.position] ?? 0;
    if (first < 0x80) {
      this.position++;
      if (first < 8) this.fail("field number 0");
      return first;
    }
    const tag = this.uint32(end, "a tag");
    if (tag < 8 || tag > 0x7fff_ffff) this.fail("a field number that cannot be");
    return tag;
  }

  /** Reads a length and answers where the value ends; `position` then stands on its first byte. */
  lengthEnd(end: number, field: string): number {
    const first = this.bytes[this.position] ?? 0x80;
    let length = first;
    if (first < 0x80 && this.position < end) this.position++;
    else length = this.uint32(end, field);
    const valueEnd = this.position + length;
    if (valueEnd > end) this.fail(`${field}: ${length} bytes announced, ${end - this.position} are there`);
    return valueEnd;
  }

  /** A varint of at most 32 bits. */
  uint32(end: number, field: string): number {
    const low = this.varintLow(end, field);
    if (this.high !== 0) this.fail(`${field}: larger than 32 bits`);
    return low;
  }

  /** The upper 32 bits of the varint or fixed64 that was read last. */
  high = 0;

  /** Reads a varint: its lower 32 bits are the answer, its upper 32 bits are left in `high`. Both are unsigned. */
  varintLow(end: number, field: string): number {
    let low = 0;
    let high = 0;
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      if (this.position >= end) this.fail(`${field}: the number is cut off`);
      const byte = this.bytes[this.position++] ?? 0;
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 0x80) {
        this.high = high >>> 0;
        return low >>> 0;
      }
    }
    return this.fail(`${field}: a number of more than ${VARINT_BYTES_MAX} bytes`);
  }

  /** Reads a fixed64 as `varintLow` reads a varint. */
  fixed64Low(end: number, field: string): number {
    this.need(8, end, field);
    const low = this.view.getUint32(this.position, true);
    this.high = this.view.getUint32(this.position + 4, true);
    this.position += 8;
    return low;
  }

  /** Nanoseconds since the epoch as milliseconds with fraction; the same double as `Number(nanos) / 1e6` gives for a JSON request. */
  fixed64NanosAsMs(end: number, field: string): number {
    const low = this.fixed64Low(end, field);
    return (this.high * WORD + low) / 1e6;
  }

  double(end: number, field: string): number {
    this.need(8, end, field);
    const value = this.view.getFloat64(this.position, true);
    this.position += 8;
    return value;
  }

  /** Passes over a field's value, whatever its type. */
  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case WIRE_TYPE.varint:
        this.varintLow(end, "an unknown field");
        return;
      case WIRE_TYPE.fixed64:
        this.need(8, end, "an unknown field");
        this.position += 8;
        return;
      case WIRE_TYPE.length:
        this.position = this.lengthEnd(end, "an unknown field");
        return;
      case WIRE_TYPE.groupStart:
        this.skipGroup(tag >>> 3, end, 0);
        return;
      case WIRE_TYPE.fixed32:
        this.need(4, end, "an unknown field");
        this.position += 4;
        return;
      default:
        this.fail(`field ${tag >>> 3}: wire type ${tag & 7} cannot stand here`);
    }
  }

  fail(problem: string): never {
    throw new MalformedError(`malformed protobuf at byte ${this.position}: ${problem}`);
  }

  private skipGroup(field: number, end: number, depth: number): void {
    if (depth > GROUP_DEPTH_MAX) this.fail(`field ${field}: groups nested deeper than ${GROUP_DEPTH_MAX}`);
    while (this.position < end) {
      const tag = this.tag(end);
      if ((tag & 7) === WIRE_TYPE.groupStart) this.skipGroup(tag >>> 3, end, depth + 1);
      else if ((tag & 7) !== WIRE_TYPE.groupEnd) this.skip(tag, end);
      else if (tag >>> 3 === field) return;
      else this.fail(`group ${field} ends as group ${tag >>> 3}`);
    }
    this.fail(`group ${field} has no end`);
  }

  private need(count: number, end: number, field: string): void {
    if (this.position + count > end) this.fail(`${field}: ${count} bytes expected, ${end - this.position} are there`);
  }
}

/**
 * Passes over a field that nobody reads. `wireTypes` are those of the message's fields by number, -1 where any will do: a
 * known field of another type is no unknown field but an error, as for a receiver in Go, which refuses the whole request.
 */
export function skipField(reader: WireReader, tag: number, end: number, wireTypes: readonly number[]): void {
  const expected = wireTypes[tag >>> 3] ?? -1;
  if (expected >= 0 && expected !== (tag & 7)) reader.fail(`field ${tag >>> 3} has wire type ${tag & 7}, expected ${expected}`);
  reader.skip(tag, end);
}
