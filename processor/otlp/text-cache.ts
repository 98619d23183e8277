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
  if (length > CACHED_BYTES_MAX) return decode(bytes, start, end, bytesMax);
  const slot = slotOf(bytes, start, end);
  const cached = cache[slot] ?? "";
  if (cached.length === length && sameAscii(cached, bytes, start)) return cached;
  const text = decode(bytes, start, end, bytesMax);
  if (text.length === length) cache[slot] = text;
  return text;
}

/** Hash of the length and eight bytes from both ends and the middle: what differs only elsewhere takes turns in one slot. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const middle = (start + end) >>> 1;
  const outer = (bytes[start] ?? 0) | ((bytes[end - 1] ?? 0) << 8) | ((bytes[end - 2] ?? 0) << 16) | ((bytes[start + 1] ?? 0) << 24);
  const inner = (bytes[middle] ?? 0) | ((bytes[middle - 1] ?? 0) << 8) | ((bytes[middle + 1] ?? 0) << 16) | ((bytes[end - 3] ?? 0) << 24);
  const hash = Math.imul(outer ^ Math.imul(end - start, 0x27d4eb2d), 0x9e3779b1) ^ Math.imul(inner, 0x85ebca6b);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

function decode(bytes: Buffer, start: number, end: number, bytesMax: number): string {
  const text = bytes.toString("utf8", start, cutPosition(bytes, start, end, bytesMax));
  return text.includes("\0") ? text.replaceAll("\0", "") : text;
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
