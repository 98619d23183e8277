/* Values as JSON. Every function answers where what it wrote ends, 0 for what the edge has to write. */

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const ZERO: u8 = 0x30;
const MINUS: u8 = 0x2d;
const CHUNK: usize = 16;
/** Of 2^64 - 1, and what is less than the power of ten above it. */
const DIGITS_MAX: usize = 20;
const U32_MAX: u64 = 0xffff_ffff;

/** UTF-8 as a JSON text, as JSON.stringify writes it; NUL is left out. Up to six bytes for one. 0 for what is no UTF-8. */
export function writeText(at: usize, end: usize, out: usize): usize {
  store<u8>(out++, QUOTE);
  while (at < end) {
    const rest = end - at;
    const chunk = v128.load(at);
    v128.store(out, chunk);
    let odd = oddBytes(chunk);
    if (rest < CHUNK) odd &= (1 << (<i32>rest)) - 1;
    if (odd == 0) {
      const taken = min(rest, CHUNK);
      at += taken;
      out += taken;
      continue;
    }
    const plain = <usize>ctz(odd);
    at += plain;
    out += plain;
    const byte = load<u8>(at);
    if (byte < 0x80) {
      out = writeEscape(byte, out);
      at++;
    } else {
      const bytes = characterBytes(at, end);
      if (bytes == 0) return 0;
      store<u32>(out, load<u32>(at));
      at += bytes;
      out += bytes;
    }
  }
  store<u8>(out, QUOTE);
  return out + 1;
}

/** A bit for each byte that is a control character, a quote, a backslash, or no ASCII: as signed bytes these begin below a space. */
function oddBytes(chunk: v128): i32 {
  const low = i8x16.lt_s(chunk, i8x16.splat(0x20));
  const quotes = i8x16.eq(chunk, i8x16.splat(QUOTE));
  const backslashes = i8x16.eq(chunk, i8x16.splat(BACKSLASH));
  return i8x16.bitmask(v128.or(low, v128.or(quotes, backslashes)));
}

/** ECMA-262, QuoteJSONString. */
function writeEscape(byte: u8, out: usize): usize {
  if (byte == 0) return out;
  const letter = escapeLetter(byte);
  store<u8>(out, BACKSLASH);
  if (letter != 0) {
    store<u8>(out, letter, 1);
    return out + 2;
  }
  store<u8>(out, 0x75, 1);
  store<u16>(out, 0x3030, 2);
  store<u8>(out, ZERO + (byte >> 4), 4);
  const low = byte & 15;
  store<u8>(out, ZERO + low + (low > 9 ? 39 : 0), 5);
  return out + 6;
}

function escapeLetter(byte: u8): u8 {
  if (byte == QUOTE || byte == BACKSLASH) return byte;
  if (byte == 0x0a) return 0x6e;
  if (byte == 0x0d) return 0x72;
  if (byte == 0x09) return 0x74;
  if (byte == 0x08) return 0x62;
  return byte == 0x0c ? 0x66 : 0;
}

/** Bytes of the character beyond ASCII that begins here; 0 where it is none (The Unicode Standard, table 3-7). */
function characterBytes(at: usize, end: usize): usize {
  const first = load<u8>(at);
  if (first < 0xc2 || first > 0xf4) return 0;
  const bytes: usize = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + bytes > end) return 0;
  const second = load<u8>(at, 1);
  const low: u8 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const high: u8 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let index: usize = 2; index < bytes; index++) if ((load<u8>(at + index) & 0xc0) != 0x80) return 0;
  return bytes;
}

/** Every digit of an int64. */
export function writeInteger(value: i64, out: usize): usize {
  if (value >= 0) return writeDigits(value, out);
  store<u8>(out, MINUS);
  return writeDigits(<u64>0 - <u64>value, out + 1);
}

export function writeDigits(value: u64, out: usize): usize {
  const digits = countDigits(value);
  writeDecimal(value, out, digits);
  return out + digits;
}

export function countDigits(value: u64): usize {
  let digits: usize = 1;
  for (let power: u64 = 10; digits < DIGITS_MAX && power <= value; power *= 10) digits++;
  return digits;
}

/** The last so many digits. */
export function writeDecimal(value: u64, out: usize, digits: usize): void {
  let index = digits;
  // Divisions of 64 bits take several times as long.
  for (; index > 0 && value > U32_MAX; index--) {
    const tens = value / 10;
    store<u8>(out + index - 1, ZERO + <u8>(value - tens * 10));
    value = tens;
  }
  for (let rest = <u32>value; index > 0; index--) {
    const tens = rest / 10;
    store<u8>(out + index - 1, ZERO + <u8>(rest - tens * 10));
    rest = tens;
  }
}
