import type { WireReader } from "./wire-reader.ts";

/** Longer texts repeat too seldom to be worth a look; addresses of models are the longest that do. */
const CACHED_BYTES_MAX = 160;
/** Of texts that may be anything (messages of errors) only those as short as a name are kept: the rest would push out what repeats. */
const NAME_BYTES_MAX = 64;
/** A power of two. Names, models, hosts and scopes of one fleet are a few hundred. */
const SLOTS = 8192;
/** Places that a text may stand in: a group of so many, a power of two. */
const WAYS = 4;
const WORD_BYTES = 4;

/** A text that was decoded before. Equal bytes have one entry as long as nothing else takes its slot. */
export interface CachedText {
  readonly text: string;
  /** Of all its bytes. */
  readonly hash: number;
  /** Its bytes as little-endian words, the last one overlapping: what is compared. */
  readonly words: Int32Array;
  readonly length: number;
}

/**
 * Texts that were decoded before, by a hash of their bytes; a newer one takes the slot of an older one. A span's name, its
 * model and its provider come thousands of times: looking one up costs a fifth of decoding it, and all spans share one string.
 * It only remembers what a pure function answered, so that it may outlive a request.
 */
const cache: (CachedText | undefined)[] = Array.from({ length: SLOTS });

/** The entry of a text of the reader's bytes; null where it is too short, too long, or not ASCII. */
export function findText(reader: WireReader, start: number, end: number): CachedText | null {
  const length = end - start;
  if (length > CACHED_BYTES_MAX) return null;
  const { view } = reader;
  if (length < WORD_BYTES) return findShort(reader, start, end);
  const middle = view.getInt32(start + (((length - WORD_BYTES) >>> 1) & ~3), true);
  const slot = slotOf(view.getInt32(start, true), middle, view.getInt32(end - WORD_BYTES, true), length);
  for (let way = 0; way < WAYS; way++) {
    const cached = cache[slot + way];
    if (cached !== undefined && cached.length === length && sameWords(cached.words, view, start, end)) return cached;
  }
  return remember(reader, start, end, slot);
}

/** Less than a word: its bytes make one. */
function findShort(reader: WireReader, start: number, end: number): CachedText | null {
  let word = 0;
  for (let at = start; at < end; at++) word = (word << 8) | (reader.bytes[at] ?? 0);
  const slot = slotOf(word, 0, 0, end - start);
  for (let way = 0; way < WAYS; way++) {
    const cached = cache[slot + way];
    if (cached !== undefined && cached.length === end - start && cached.words[0] === word) return cached;
  }
  const text = decode(reader.bytes, start, end, CACHED_BYTES_MAX);
  return text.length === end - start ? keep({ text, hash: word, words: Int32Array.of(word), length: text.length }, slot) : null;
}

function remember(reader: WireReader, start: number, end: number, slot: number): CachedText | null {
  const text = decode(reader.bytes, start, end, CACHED_BYTES_MAX);
  const length = end - start;
  if (text.length !== length) return null;
  const count = Math.ceil(length / WORD_BYTES);
  const words = Int32Array.from({ length: count }, (_, index) =>
    reader.view.getInt32(Math.min(start + index * WORD_BYTES, end - WORD_BYTES), true),
  );
  return keep({ text, hash: hashOf(words), words, length }, slot);
}

/** In a free place, else in that of the one that has been there longest. */
function keep(entry: CachedText, slot: number): CachedText {
  for (let way = 0; way < WAYS; way++) if (cache[slot + way] === undefined) return (cache[slot + way] = entry);
  cache.copyWithin(slot, slot + 1, slot + WAYS);
  return (cache[slot + WAYS - 1] = entry);
}

/**
 * UTF-8 bytes as text. Bytes that are no UTF-8 become U+FFFD, NUL is left out: PostgreSQL's text can hold neither.
 * Of more than `bytesMax` bytes, the rest is cut off.
 */
export function decodeText(reader: WireReader, start: number, end: number, bytesMax: number): string {
  if (start === end) return "";
  const isName = end - start <= Math.min(bytesMax, NAME_BYTES_MAX);
  return (isName ? findText(reader, start, end)?.text : undefined) ?? decode(reader.bytes, start, end, bytesMax);
}

/** Hash of the length and of three words: what differs only elsewhere takes turns in one slot. */
function slotOf(first: number, middle: number, last: number, length: number): number {
  const hash = Math.imul(first ^ Math.imul(middle, 0x27d4eb2d), 0x9e3779b1) ^ Math.imul(last + length, 0x85ebca6b);
  return (hash ^ (hash >>> 15)) & (SLOTS - WAYS);
}

/** Of every word, unlike a slot's: what differs in an id must not be taken for what came before. */
function hashOf(words: Int32Array): number {
  let hash = words.length;
  for (let index = 0; index < words.length; index++) hash = Math.imul(hash ^ (words[index] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
  return hash;
}

/** Whether these bytes are that text's. */
export function isText({ words, length }: CachedText, { view }: WireReader, start: number, end: number): boolean {
  return length === end - start && length >= WORD_BYTES && sameWords(words, view, start, end);
}

function sameWords(words: Int32Array, view: DataView, start: number, end: number): boolean {
  const last = words.length - 1;
  for (let index = 0; index < last; index++) if (words[index] !== view.getInt32(start + index * WORD_BYTES, true)) return false;
  return words[last] === view.getInt32(end - WORD_BYTES, true);
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
