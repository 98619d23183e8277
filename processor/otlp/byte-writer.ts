import { WORD } from "./wire-reader.ts";

/** Below this a loop is faster than a call into the runtime. */
const LOOP_BYTES_MAX = 48;

const ZERO = 0x30;
const POINT = 0x2e;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DECIMAL_DIGITS_MAX = 10;

/** Bytes that grow at the end. */
export class ByteWriter {
  length = 0;
  private buffer: Buffer;
  private view: DataView;

  /** `memory`: what to write into, all of an ArrayBuffer's own or its beginning. */
  constructor(capacity: number, memory: Buffer = Buffer.allocUnsafeSlow(Math.max(capacity, 64))) {
    this.buffer = memory;
    this.view = new DataView(memory.buffer);
  }

  get capacity(): number {
    return this.buffer.length;
  }

  /** What was written so far: a view, good until the next write. */
  written(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  byte(value: number): void {
    if (this.length === this.buffer.length) this.grow(1);
    this.buffer[this.length++] = value;
  }

  /** Changes a byte that was written. */
  setByte(position: number, value: number): void {
    this.buffer[position] = value;
  }

  /** A whole number within 2^53; a negative one as int64's two's complement of ten bytes. */
  varint(value: number): void {
    if (value >= 0 && value < 0x80) {
      this.byte(value);
      return;
    }
    let low = value >>> 0;
    let high = Math.floor(value / WORD) >>> 0;
    while (high !== 0 || low >= 0x80) {
      this.byte((low & 0x7f) | 0x80);
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.byte(low);
  }

  double(value: number): void {
    if (this.length + 8 > this.buffer.length) this.grow(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Bytes that were packed into words beforehand: twice as fast as a loop over bytes, and a call costs more than both. */
  words(words: Int32Array, bytes: number): void {
    if (this.length + words.length * 4 > this.buffer.length) this.grow(words.length * 4);
    for (let index = 0; index < words.length; index++) this.view.setInt32(this.length + index * 4, words[index] ?? 0, true);
    this.length += bytes;
  }

  bytes(source: Uint8Array): void {
    this.slice(source, 0, source.length);
  }

  slice(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (this.length + count > this.buffer.length) this.grow(count);
    if (count > LOOP_BYTES_MAX) this.buffer.set(source.subarray(start, end), this.length);
    else for (let index = 0; index < count; index++) this.buffer[this.length + index] = source[start + index] ?? 0;
    this.length += count;
  }

  /** Copies ASCII in which JSON escapes nothing, four bytes at a time; answers false, having written nothing, where it is something else. */
  plainAscii(source: DataView, start: number, end: number): boolean {
    const count = end - start;
    if (this.length + count + 4 > this.buffer.length) this.grow(count + 4);
    const { view, length } = this;
    let index = 0;
    for (; index + 4 <= count; index += 4) {
      const word = source.getInt32(start + index, true);
      if (!isPlainWord(word)) return false;
      view.setInt32(length + index, word, true);
    }
    for (; index < count; index += 1) {
      const byte = source.getUint8(start + index);
      if (byte < 0x20 || byte >= 0x7f || byte === QUOTE || byte === BACKSLASH) return false;
      view.setUint8(length + index, byte);
    }
    this.length += count;
    return true;
  }

  /** A whole number from 0 to 2^31 - 1 in decimal digits. */
  decimal(value: number): void {
    if (this.length + DECIMAL_DIGITS_MAX > this.buffer.length) this.grow(DECIMAL_DIGITS_MAX);
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits += 1;
    let rest = value;
    for (let index = this.length + digits - 1; index >= this.length; index -= 1) {
      const tens = (rest / 10) | 0;
      this.buffer[index] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.length += digits;
  }

  /** A point and so many digits, less the zeros at the end. */
  fraction(value: number, digits: number): void {
    this.byte(POINT);
    let rest = value;
    let count = digits;
    for (; rest % 10 === 0 && count > 1; rest /= 10) count -= 1;
    if (this.length + count > this.buffer.length) this.grow(count);
    for (let index = this.length + count - 1; index >= this.length; index -= 1) {
      const tens = (rest / 10) | 0;
      this.buffer[index] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.length += count;
  }

  /** UTF-8; a lone surrogate becomes U+FFFD. */
  text(text: string): void {
    if (text.length <= LOOP_BYTES_MAX && this.ascii(text)) return;
    const countMax = text.length * 3;
    if (this.length + countMax > this.buffer.length) this.grow(countMax);
    this.length += this.buffer.write(text, this.length);
  }

  /** Writes it and answers true, or leaves it and answers false because it is not ASCII. */
  private ascii(text: string): boolean {
    if (this.length + text.length > this.buffer.length) this.grow(text.length);
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) return false;
      this.buffer[this.length + index] = code;
    }
    this.length += text.length;
    return true;
  }

  private grow(count: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + count));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
    this.view = new DataView(larger.buffer);
  }
}

const ONES = 0x0101_0101;
const TOP_BITS = 0x8080_8080 | 0;

/**
 * Whether four bytes are ASCII from space to tilde without quote and backslash: one subtraction finds a byte below a bound or
 * a zero byte in a word (Warren, Hacker's Delight, "Find First 0-Byte"). A false alarm costs the slow way only.
 */
function isPlainWord(word: number): boolean {
  const quotes = word ^ (QUOTE * ONES);
  const backslashes = word ^ (BACKSLASH * ONES);
  const odd = word | (word + ONES) | (word - 0x20 * ONES) | ((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes);
  return (odd & TOP_BITS) === 0;
}

/** Bytes of a number as a varint; see ByteWriter.varint. */
export function varintSize(value: number): number {
  if (value < 0) return 10;
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  let size = 3;
  for (let rest = value / 0x20_0000; rest >= 1; rest /= 0x80) size++;
  return size;
}
