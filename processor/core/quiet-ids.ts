const WORD_DIGITS = 8;

/** Hex digits of ids that stand in words as a little-endian machine reads them; `count` is even. */
export function hexOfWords(words: Int32Array, from: number, count: number): string {
  let hex = twoWords(words[from] ?? 0, words[from + 1] ?? 0);
  for (let index = from + 2; index < from + count; index += 2) hex += twoWords(words[index] ?? 0, words[index + 1] ?? 0);
  return hex;
}

/** One call with 16 arguments makes a flat string, in half the time of one that is put together. */
function twoWords(first: number, second: number): string {
  return String.fromCharCode(
    digit(first >>> 4),
    digit(first),
    digit(first >>> 12),
    digit(first >>> 8),
    digit(first >>> 20),
    digit(first >>> 16),
    digit(first >>> 28),
    digit(first >>> 24),
    digit(second >>> 4),
    digit(second),
    digit(second >>> 12),
    digit(second >>> 8),
    digit(second >>> 20),
    digit(second >>> 16),
    digit(second >>> 28),
    digit(second >>> 24),
  );
}

/** The character of a number's last four bits: from 10 on, 39 more leads from the digits to the letters. */
function digit(bits: number): number {
  const nibble = bits & 15;
  return 48 + nibble + (((9 - nibble) >> 31) & 39);
}

/** The word that stands in an id's hex digits from one of them on; of other text some number. */
export function wordOfHex(hex: string, from: number): number {
  const word = Number.parseInt(hex.slice(from, from + WORD_DIGITS), 16);
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
