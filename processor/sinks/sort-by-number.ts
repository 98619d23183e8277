const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const TWO_32 = 2 ** 32;

/**
 * The items in the order of their keys, which are whole numbers from 0 to 2^53; those with the same key in the order in which they
 * came. A digit at a time from the last one (radix sort), which takes a fraction of the time of comparisons.
 */
export function sortByNumber(items: Uint32Array, keys: Float64Array): Uint32Array {
  const { length } = keys;
  const [first, last] = rangeOf(keys);
  const low = new Uint32Array(length);
  const high = new Uint32Array(length);
  let order = new Uint32Array(length);
  for (let index = 0; index < length; index++) {
    const key = (keys[index] ?? 0) - first;
    low[index] = key >>> 0;
    high[index] = key / TWO_32;
    order[index] = index;
  }
  let spare = new Uint32Array(length);
  // A digit does not reach over the border of the words.
  for (let bit = 0; last - first >= 2 ** bit; bit = bit < 32 ? Math.min(32, bit + DIGIT_BITS) : bit + DIGIT_BITS) {
    sortByDigit(bit < 32 ? { words: low, shift: bit } : { words: high, shift: bit - 32 }, order, spare);
    [order, spare] = [spare, order];
  }
  for (let index = 0; index < length; index++) spare[index] = items[order[index] ?? 0] ?? 0;
  return spare;
}

function rangeOf(keys: Float64Array): [number, number] {
  let first = Infinity;
  let last = 0;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] ?? 0;
    if (key < first) first = key;
    if (key > last) last = key;
  }
  return [first, last];
}

function sortByDigit({ words, shift }: { readonly words: Uint32Array; readonly shift: number }, from: Uint32Array, to: Uint32Array): void {
  const ends = new Uint32Array(DIGITS);
  for (let index = 0; index < words.length; index++) {
    const digit = ((words[index] ?? 0) >>> shift) & (DIGITS - 1);
    ends[digit] = (ends[digit] ?? 0) + 1;
  }
  let place = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = ends[digit] ?? 0;
    ends[digit] = place;
    place += count;
  }
  for (let index = 0; index < from.length; index++) {
    const item = from[index] ?? 0;
    const digit = ((words[item] ?? 0) >>> shift) & (DIGITS - 1);
    const at = ends[digit] ?? 0;
    to[at] = item;
    ends[digit] = at + 1;
  }
}
