const BYTE_HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const WORD_DIGITS = 8;

/** Hex digits of ids that stand in words as a little-endian machine reads them. */
export function hexOfWords(words: Int32Array, from: number, count: number): string {
  let hex = "";
  for (let index = from; index < from + count; index += 1) {
    const word = words[index] ?? 0;
    hex += `${BYTE_HEX[word & 255]}${BYTE_HEX[(word >>> 8) & 255]}${BYTE_HEX[(word >>> 16) & 255]}${BYTE_HEX[word >>> 24]}`;
  }
  return hex;
}

/** The word that stands in an id's hex digits from one of them on; of other text some number. */
export function wordOfHex(hex: string, from: number): number {
  const word = Number.parseInt(hex.slice(from, from + WORD_DIGITS), 16);
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
