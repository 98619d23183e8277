import type { KnownTexts } from "../core/quiet-failure.ts";
import type { WireReader } from "./wire-reader.ts";

/** Texts that are kept, in groups of WAYS; both powers of two. What fails in one way fails so by the thousand, and the ways are few. */
const SLOTS = 512;
const WAYS = 4;
/** Words of four bytes of one span's texts; longer ones are rarely the same twice. */
const WORDS_MAX = 1_024;
/** Hashes of texts that came once, a power of two. */
const SEEN_SLOTS = 4_096;
const WORD_BYTES = 4;
const BORDER = -1;

interface KeptTexts {
  readonly hash: number;
  /** All bytes that they were read of, with the length of each part before it. */
  readonly words: Int32Array;
  readonly texts: KnownTexts;
}

/**
 * Texts that were read before, found by the bytes that they were read of, all of which are compared. They are kept when they come
 * the second time: those that never come again, because an id stands in them, would push the others out.
 */
export class FailureTextCache {
  private readonly kept: (KeptTexts | undefined)[] = Array.from({ length: SLOTS });
  private readonly seen = new Int32Array(SEEN_SLOTS);
  /** Of those that are asked for. */
  private readonly words = new Int32Array(WORDS_MAX);
  private count = 0;
  private hash = 0;
  private isLong = false;

  begin(): void {
    this.count = 0;
    this.hash = 0;
    this.isLong = false;
  }

  /** A part of the texts that are asked for: the reader's bytes from `start` to before `end`. */
  add(reader: WireReader, start: number, end: number): void {
    const { words } = this;
    const { view } = reader;
    const length = end - start;
    let { count, hash } = this;
    if (count + length / WORD_BYTES + 2 > WORDS_MAX) {
      this.isLong = true;
      return;
    }
    words[count++] = length;
    hash = Math.imul(hash ^ length, 0x9e3779b1);
    const last = end - WORD_BYTES;
    for (let at = start; at < end; at += WORD_BYTES) {
      const word = at <= last ? view.getInt32(at, true) : tailOf(reader.bytes, at, end);
      words[count++] = word;
      hash = Math.imul((hash << 5) ^ (hash >>> 27) ^ word, 0x9e3779b1);
    }
    this.count = count;
    this.hash = hash;
  }

  /** What comes next is of another event. */
  addBorder(): void {
    if (this.count >= WORDS_MAX) this.isLong = true;
    else this.words[this.count++] = BORDER;
  }

  /** null: they are not kept. */
  find(): KnownTexts | null {
    if (this.isLong) return null;
    const slot = this.slot;
    for (let way = 0; way < WAYS; way++) {
      const kept = this.kept[slot + way];
      if (kept !== undefined && kept.hash === this.hash && this.isSame(kept.words)) return kept.texts;
    }
    return null;
  }

  /** Whether those that were not found came before, so that they are worth to be kept; notes that they came. */
  comesAgain(): boolean {
    if (this.isLong) return false;
    const at = mixed(this.hash) & (SEEN_SLOTS - 1);
    if (this.seen[at] === this.hash) return true;
    this.seen[at] = this.hash;
    return false;
  }

  /** Keeps what those that were asked for are, in a free place, else in that of the ones that have been there longest. */
  keep(texts: KnownTexts): void {
    const { kept, slot } = this;
    const entry = { hash: this.hash, words: this.words.slice(0, this.count), texts };
    let way = 0;
    while (way < WAYS && kept[slot + way] !== undefined) way++;
    if (way === WAYS) kept.copyWithin(slot, slot + 1, slot + WAYS);
    kept[slot + Math.min(way, WAYS - 1)] = entry;
  }

  private get slot(): number {
    return mixed(this.hash) & (SLOTS - WAYS);
  }

  private isSame(others: Int32Array): boolean {
    const { words, count } = this;
    if (others.length !== count) return false;
    for (let index = 0; index < count; index++) if (words[index] !== others[index]) return false;
    return true;
  }
}

/** Less than a word, with zeros behind. */
function tailOf(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let at = end - 1; at >= start; at--) word = (word << 8) | (bytes[at] ?? 0);
  return word;
}

function mixed(hash: number): number {
  return hash ^ (hash >>> 15);
}
