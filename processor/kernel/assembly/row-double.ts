import { countDigits, writeDecimal, writeDigits } from "./row-json.ts";
import { POWERS } from "./row-layout.ts";

/*
 * The shortest decimal that reads as a double, and of those the nearest: what JavaScript's Number.prototype.toString writes.
 * Raffaello Giulietti, "The Schubfach way to render doubles" (2021), for numbers that are written without an exponent.
 */

const MINUS: u8 = 0x2d;
const POINT: u8 = 0x2e;
const ZERO: u8 = 0x30;

/** From here to below 2^53 neither an exponent nor a negative power of ten is needed. */
const MAGNITUDE_MIN: f64 = 1e-6;
const MAGNITUDE_MAX: f64 = 9007199254740992;
/** Of 10 that may be asked for: a number of 1e-6 has 17 digits up to the 22nd behind the point. */
const POWER_MAX: i32 = 24;

const SIGNIFICAND_BITS: i32 = 52;
const SIGNIFICAND: u64 = ((<u64>1) << 52) - 1;
const EXPONENT: u64 = 0x7ff;
const EXPONENT_BIAS: i32 = 1075;

/** Answers where it ends; 0 for a number that is to be written by others. */
export function writeDouble(value: f64, out: usize): usize {
  if (value == 0) {
    store<u8>(out, ZERO);
    return out + 1;
  }
  const magnitude = abs(value);
  if (!(magnitude >= MAGNITUDE_MIN && magnitude < MAGNITUDE_MAX)) return 0;
  if (value < 0) store<u8>(out++, MINUS);
  if (magnitude == floor(magnitude)) return writeDigits(<u64>magnitude, out);
  findDecimal(magnitude);
  while (decimal % 10 == 0) {
    decimal /= 10;
    exponent++;
  }
  return writeFraction(out);
}

/** The decimal that was found last: `decimal` * 10 ^ `exponent`. */
let decimal: u64 = 0;
let exponent: i32 = 0;

/** Of a number that is no integer: names are the paper's. */
function findDecimal(magnitude: f64): void {
  const bits = reinterpret<u64>(magnitude);
  const c = (bits & SIGNIFICAND) | ((<u64>1) << SIGNIFICAND_BITS);
  const q = <i32>((bits >> SIGNIFICAND_BITS) & EXPONENT) - EXPONENT_BIAS;
  const isIrregular = (bits & SIGNIFICAND) == 0;
  // floor(log10(2^q)), or of three quarters of it.
  const k = (q * 1262611 - (isIrregular ? 524031 : 0)) >> 22;
  // q + floor(log2(10^-k)) + 1
  const h = <u64>(q + ((-k * 1741647) >> 19) + 1);
  beginPower(-k);
  const isOdd = c & 1;
  const lower = scaled((4 * c - 2 + <u64>isIrregular) << h) + isOdd;
  const v = scaled((4 * c) << h);
  const upper = scaled((4 * c + 2) << h) - isOdd;
  const s = v >> 2;
  const tens = s / 10;
  const isDownInside = lower <= 40 * tens;
  const isUpInside = 40 * tens + 40 <= upper;
  if (isDownInside != isUpInside) {
    decimal = tens + <u64>isUpInside;
    exponent = k + 1;
    return;
  }
  exponent = k;
  const isFloorInside = lower <= 4 * s;
  const isCeilingInside = 4 * s + 4 <= upper;
  if (isFloorInside != isCeilingInside) decimal = s + <u64>isCeilingInside;
  else {
    const middle = 4 * s + 2;
    decimal = s + <u64>(v > middle || (v == middle && (s & 1) != 0));
  }
}

/** 10 ^ n as 128 bits of which the first is set. */
let powerHigh: u64 = 0;
let powerLow: u64 = 0;

function beginPower(n: i32): void {
  if (load<u64>(POWERS) == 0) makePowers();
  powerHigh = load<u64>(POWERS + ((<usize>n) << 4));
  powerLow = load<u64>(POWERS + ((<usize>n) << 4), 8);
}

function makePowers(): void {
  let high: u64 = 0;
  let low: u64 = 1;
  for (let n = 0; n <= POWER_MAX; n++) {
    const zeros = high == 0 ? 64 + clz(low) : clz(high);
    const at = POWERS + ((<usize>n) << 4);
    if (zeros >= 64) store<u64>(at, low << (zeros - 64));
    else {
      store<u64>(at, zeros == 0 ? high : (high << zeros) | (low >> (64 - zeros)));
      store<u64>(at, low << zeros, 8);
    }
    high = high * 10 + multiplyHigh(low, 10);
    low *= 10;
  }
}

/** The product with the power of ten less its last 128 bits; its last bit says whether something of them was left. */
function scaled(factor: u64): u64 {
  const carried = multiplyHigh(powerLow, factor);
  const low = powerHigh * factor + carried;
  const high = multiplyHigh(powerHigh, factor) + <u64>(low < carried);
  return high | <u64>(low > 1);
}

/** The upper half of the product of two words. */
function multiplyHigh(left: u64, right: u64): u64 {
  const leftLow = left & 0xffff_ffff;
  const leftHigh = left >> 32;
  const rightLow = right & 0xffff_ffff;
  const rightHigh = right >> 32;
  const middle = leftHigh * rightLow + ((leftLow * rightLow) >> 32);
  const other = leftLow * rightHigh + (middle & 0xffff_ffff);
  return leftHigh * rightHigh + (middle >> 32) + (other >> 32);
}

/** With digits behind the point. */
function writeFraction(out: usize): usize {
  const digits = <i32>countDigits(decimal);
  const whole = digits + exponent;
  if (whole > 0) {
    writeDecimal(decimal, out + 1, digits);
    for (let index = 0; index < whole; index++) store<u8>(out + index, load<u8>(out + index + 1));
    store<u8>(out + whole, POINT);
    return out + digits + 1;
  }
  store<u8>(out, ZERO);
  store<u8>(out, POINT, 1);
  out += 2;
  for (let index = whole; index < 0; index++) store<u8>(out++, ZERO);
  writeDecimal(decimal, out, digits);
  return out + digits;
}
