/** Longer texts repeat too seldom to be worth a look. */
const CACHED_BYTES_MAX = 64;
/** A power of two. Names, models, hosts and scopes of one fleet are a few hundred. */
const SLOTS = 4096;

/**
 * Texts that were decoded before, by a hash of their bytes; a newer one takes the slot of an older one. A span's name, its
 * model and its provider come thousands of times: looking one up costs a third of decoding it, and all spans share one string.
 * It only remembers what a pure function answered, so that it may outlive a request.
 */
const cache: string[] = Array.from({ length: SLOTS }, () => "");

/**
 * UTF-8 bytes as text. Bytes that are no UTF-8 become U+FFFD, NUL is left out: PostgreSQL's text can hold neither.
 * Of more than `bytesMax` bytes, the rest is cut off.
 */
export function decodeText(bytes: Buffer, start: number, end: number, bytesMax: number): string {
  const length = end - start;
  if (length === 0) return "";
  if (length > CACHED_BYTES_MAX) return withoutNul(bytes.toString("utf8", start, cutPosition(bytes, start, end, bytesMax)));
  let hash = length;
  let all = 0;
  let zero = 1;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    hash = (Math.imul(hash, 31) + byte) | 0;
    all |= byte;
    zero = byte === 0 ? 0 : zero;
  }
  if (all >= 0x80 || zero === 0) return withoutNul(bytes.toString("utf8", start, cutPosition(bytes, start, end, bytesMax)));
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const cached = cache[slot] ?? "";
  if (cached.length === length && sameAscii(cached, bytes, start)) return cached;
  const text = bytes.toString("latin1", start, end);
  cache[slot] = text;
  return text;
}

/** Where to cut so that no character is halved. */
export function cutPosition(bytes: Uint8Array, start: number, end: number, bytesMax: number): number {
  if (end - start <= bytesMax) return end;
  let position = start + bytesMax;
  // 10xxxxxx continues a character; there are at most three of them.
  for (let back = 0; back < 3 && position > start && ((bytes[position] ?? 0) & 0xc0) === 0x80; back++) position--;
  return position;
}

function sameAscii(text: string, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}

function withoutNul(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "") : text;
}
