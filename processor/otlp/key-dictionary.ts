import { WRITTEN_KEYS } from "./attribute-encoder.ts";
import { isContentKey } from "./content-keys.ts";
import { packBytes, type PackedBytes } from "./packed-bytes.ts";
import { COLUMN_KEYS, type ColumnKey } from "./read-attribute-columns.ts";
import type { CachedText } from "./text-cache.ts";
import type { WireReader } from "./wire-reader.ts";

/** What is known of an attribute key, found from its bytes without making a string of them. */
export interface KeyFacts {
  readonly key: string;
  /** Tells keys apart: a number of its own for each that was there from the start. */
  readonly id: number;
  /** Somebody reads it after the scan. */
  readonly read: boolean;
  /** What of it makes the shape of a span (core/span-shape.ts). */
  readonly shaping: Shaping;
  /** In WRITTEN_KEYS, the keys that enrichment may write; -1 for all others. */
  readonly writtenIndex: number;
  /** Its text is what people and models said: not stored unless configured. */
  readonly content: boolean;
  /** Which column of a row it is; null for nearly all. */
  readonly column: ColumnKey | null;
  /** `,"key":` in JSON, UTF-8. */
  readonly json: PackedBytes;
  /** Little-endian words of the key, the last one overlapping: what is compared. */
  readonly words: Int32Array;
  readonly length: number;
  /** Guesses, worth a look before a search: the key that came after this one last, and the text that was its value last. */
  next: KeyFacts | null;
  lastText: CachedText | null;
}

/** The core reads the value (a number is its own, or part of the shape); it asks only whether the key is there; or it does not look at it. */
export type Shaping = "value" | "code" | "presence" | "none";

/** Which keys are read, and what of them makes the shape of a span. */
export interface KeyUses {
  readonly read: ReadonlySet<string>;
  readonly shapedByValue: ReadonlySet<string>;
  /** Those of them whose numbers are part of the shape. */
  readonly shapedByCode: ReadonlySet<string>;
  readonly shapedByPresence: ReadonlySet<string>;
}

const NO_KEYS: ReadonlySet<string> = new Set();

/** Powers of two. Learned keys take each other's slots, so a client that invents keys cannot make it grow. */
const KNOWN_SLOTS = 2048;
const LEARNED_SLOTS = 4096;
/** A longer key is looked at anew each time. */
const LEARNED_BYTES_MAX = 128;
const SHORT_BYTES = 4;

/** Facts by key bytes: those of the keys that the core reads are there from the start, others are learned. */
export class KeyDictionary {
  private readonly known: (KeyFacts | undefined)[] = Array.from({ length: KNOWN_SLOTS });
  private readonly learned: (KeyFacts | undefined)[] = Array.from({ length: LEARNED_SLOTS });
  private readonly uses: KeyUses;
  private lastId = 0;

  constructor(uses: Pick<KeyUses, "read"> & Partial<KeyUses>) {
    this.uses = { shapedByValue: NO_KEYS, shapedByCode: NO_KEYS, shapedByPresence: NO_KEYS, ...uses };
    for (const key of uses.read) this.addKnown({ ...this.factsOf(key), id: (this.lastId += 1) });
  }

  find(reader: WireReader, start: number, end: number): KeyFacts {
    const hash = hashAt(reader, start, end - start);
    for (let slot = hash & (KNOWN_SLOTS - 1); ; slot = (slot + 1) & (KNOWN_SLOTS - 1)) {
      const facts = this.known[slot];
      if (facts === undefined) return this.findLearned(reader, start, end, hash);
      if (isKey(facts, reader, start, end)) return facts;
    }
  }

  private findLearned(reader: WireReader, start: number, end: number, hash: number): KeyFacts {
    if (end - start > LEARNED_BYTES_MAX) return this.factsOf(reader.bytes.toString("utf8", start, end));
    const slot = (hash ^ (hash >>> 12)) & (LEARNED_SLOTS - 1);
    const before = this.learned[slot];
    if (before !== undefined && isKey(before, reader, start, end)) return before;
    const facts = this.factsOf(reader.bytes.toString("utf8", start, end));
    // A key that is no UTF-8 reads as another key's bytes would: it must not be found in that one's place.
    if (facts.length === end - start) this.learned[slot] = facts;
    return facts;
  }

  private factsOf(key: string): KeyFacts {
    const bytes = Buffer.from(key);
    const { read } = this.uses;
    return {
      key,
      id: 0,
      read: read.has(key),
      shaping: this.shapingOf(key),
      writtenIndex: WRITTEN_KEYS.indexOf(key),
      content: isContentKey(key),
      column: COLUMN_KEYS.get(key) ?? null,
      json: packBytes(Buffer.from(`,${JSON.stringify(key.replaceAll("\0", ""))}:`)),
      words: wordsOf(bytes),
      length: bytes.length,
      next: null,
      lastText: null,
    };
  }

  private shapingOf(key: string): Shaping {
    const { shapedByValue, shapedByCode, shapedByPresence } = this.uses;
    if (shapedByCode.has(key)) return "code";
    if (shapedByValue.has(key)) return "value";
    return shapedByPresence.has(key) ? "presence" : "none";
  }

  private addKnown(facts: KeyFacts): void {
    let slot = hashOf(facts) & (KNOWN_SLOTS - 1);
    while (this.known[slot] !== undefined) slot = (slot + 1) & (KNOWN_SLOTS - 1);
    this.known[slot] = facts;
  }
}

/** Length and three of its words: enough to tell apart the keys of all dialects; equal hashes only cost a comparison. */
function hashAt(reader: WireReader, start: number, length: number): number {
  if (length < SHORT_BYTES) return mix(length, length > 0 ? (reader.bytes[start] ?? 0) : 0, 0, 0);
  const view = reader.view;
  const middle = view.getInt32(start + (((length - SHORT_BYTES) >>> 1) & ~3), true);
  return mix(length, view.getInt32(start, true), middle, view.getInt32(start + length - SHORT_BYTES, true));
}

function hashOf(facts: KeyFacts): number {
  const { words, length } = facts;
  if (length < SHORT_BYTES) return mix(length, words[0] ?? 0, 0, 0);
  return mix(length, words[0] ?? 0, words[(((length - SHORT_BYTES) >>> 1) & ~3) >>> 2] ?? 0, words.at(-1) ?? 0);
}

function mix(length: number, first: number, middle: number, last: number): number {
  const hash = Math.imul(first ^ Math.imul(middle, 0x27d4eb2d), 0x9e3779b1) ^ Math.imul(last + length, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** Of a key shorter than a word, its single bytes. */
function wordsOf(bytes: Buffer): Int32Array {
  if (bytes.length < SHORT_BYTES) return Int32Array.from(bytes);
  const count = Math.ceil(bytes.length / SHORT_BYTES);
  return Int32Array.from({ length: count }, (_, index) => bytes.readInt32LE(Math.min(index * SHORT_BYTES, bytes.length - SHORT_BYTES)));
}

/** Whether these are the bytes of that key. */
export function isKey(facts: KeyFacts, reader: WireReader, start: number, end: number): boolean {
  const { words, length } = facts;
  if (length !== end - start) return false;
  if (length < SHORT_BYTES) return sameBytes(words, reader.bytes, start);
  const last = words.length - 1;
  for (let index = 0; index < last; index++) {
    if (words[index] !== reader.view.getInt32(start + index * SHORT_BYTES, true)) return false;
  }
  return words[last] === reader.view.getInt32(end - SHORT_BYTES, true);
}

function sameBytes(words: Int32Array, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < words.length; index++) if (words[index] !== bytes[start + index]) return false;
  return true;
}
