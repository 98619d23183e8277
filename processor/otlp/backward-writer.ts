import { WORD } from "./wire-reader.ts";

/**
 * Protobuf written from the end to the start: a message's length stands before it and is known only after it, so backwards
 * nothing is measured twice and nothing is moved. Whatever is written last comes first.
 */
export class BackwardWriter {
  private buffer: Buffer;
  /** Bytes written. */
  length = 0;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(capacity, 64));
  }

  written(): Buffer {
    return this.buffer.subarray(this.buffer.length - this.length);
  }

  /** Forgets what was written since `length` was that. */
  rewind(length: number): void {
    this.length = length;
  }

  varint(low: number, high: number): void {
    let rest = low >>> 0;
    let restHigh = high >>> 0;
    const bytes: number[] = [];
    while (restHigh !== 0 || rest >= 0x80) {
      bytes.push((rest & 0x7f) | 0x80);
      rest = ((rest >>> 7) | (restHigh << 25)) >>> 0;
      restHigh >>>= 7;
    }
    bytes.push(rest);
    const start = this.room(bytes.length);
    for (let index = 0; index < bytes.length; index++) this.buffer[start + index] = bytes[index] ?? 0;
  }

  uint32(value: number): void {
    if (value < 0x80) this.buffer[this.room(1)] = value;
    else this.varint(value, value / WORD);
  }

  fixed64(low: number, high: number): void {
    const start = this.room(8);
    this.buffer.writeUInt32LE(low >>> 0, start);
    this.buffer.writeUInt32LE(high >>> 0, start + 4);
  }

  fixed32(value: number): void {
    this.buffer.writeUInt32LE(value >>> 0, this.room(4));
  }

  double(value: number): void {
    this.buffer.writeDoubleLE(value, this.room(8));
  }

  /** UTF-8; a lone surrogate becomes U+FFFD. Answers the number of bytes. */
  text(text: string, encoding: "utf8" | "hex" | "base64" = "utf8"): number {
    const bytes = Buffer.byteLength(text, encoding);
    const start = this.room(bytes);
    const written = this.buffer.write(text, start, bytes, encoding);
    if (written === bytes) return bytes;
    // Base64 with characters that are none decodes to less than its length promises: close the gap at the front.
    this.buffer.copyWithin(start + bytes - written, start, start + written);
    this.length -= bytes - written;
    return written;
  }

  private room(bytes: number): number {
    if (this.length + bytes > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + bytes));
      larger.set(this.written(), larger.length - this.length);
      this.buffer = larger;
    }
    this.length += bytes;
    return this.buffer.length - this.length;
  }
}
