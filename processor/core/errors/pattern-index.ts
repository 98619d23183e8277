import { needlesOf } from "./needles.ts";

/** Triples of neighbouring characters fall into so many slots, a power of two: several times as many as there are needles. */
const SLOTS = 8_192;
const SLOT_SHIFT = 32 - Math.log2(SLOTS);
const TRIPLE = 3;
const TRIPLE_BITS = 0xffffff;
const WORD_BITS = 32;
const ASCII_MAX = 0x7f;
const NONE = -1;

/** Which patterns may match a text, a bit for each by its place in the list. */
export type PatternMarks = Int32Array;

/** Finds in one pass over a text which of many patterns are worth a try. */
export interface PatternIndex {
  /** A bit that is not set says that the pattern cannot match. */
  marksOf(text: string): PatternMarks;
}

/**
 * Made once for a list of patterns; where there is none, its bit is never set. Each pattern is told by the pieces of plain text of
 * which it needs one (needles.ts), each piece by three of its characters that few others have: only where those stand in a text is
 * it compared. Trying a pattern of thirty alternatives at every character costs as much as all of this.
 */
export function indexPatterns(patterns: readonly (RegExp | undefined)[]): PatternIndex {
  const words = Math.ceil(patterns.length / WORD_BITS);
  const [always, beyondAscii] = [new Int32Array(words), new Int32Array(words)];
  const needles: Needle[] = [];
  for (const [pattern, of] of patterns.entries()) {
    const needed = of === undefined ? [] : needlesOf(of);
    if (needed === null) setMark(always, pattern);
    for (const text of needed ?? []) {
      if (isAscii(text)) needles.push({ text, pattern });
      else setMark(beyondAscii, pattern);
    }
  }
  return new TripleIndex(needles, always, beyondAscii);
}

export function isMarked(marks: PatternMarks, pattern: number): boolean {
  return ((marks[pattern >> 5] ?? 0) & (1 << (pattern & 31))) !== 0;
}

export function addMarks(from: PatternMarks, to: Int32Array): void {
  for (let word = 0; word < to.length; word += 1) to[word] = (to[word] ?? 0) | (from[word] ?? 0);
}

export function setMark(marks: Int32Array, pattern: number): void {
  marks[pattern >> 5] = (marks[pattern >> 5] ?? 0) | (1 << (pattern & 31));
}

/** Any piece of ASCII text that a pattern needs. Of other scripts two characters make a word: any of theirs is a reason to try. */
interface Needle {
  readonly text: string;
  readonly pattern: number;
}

class TripleIndex implements PatternIndex {
  private readonly always: Int32Array;
  private readonly beyondAscii: Int32Array;
  private readonly needles: readonly Needle[];
  /** Of each needle, where its triple stands in it. */
  private readonly offsets: Int32Array;
  /** Of each slot its triple, and the first needle that has it; of each needle the next one that has the same. */
  private readonly triples = new Int32Array(SLOTS);
  private readonly first = new Int16Array(SLOTS).fill(NONE);
  private readonly next: Int16Array;

  constructor(needles: readonly Needle[], always: Int32Array, beyondAscii: Int32Array) {
    this.always = always;
    this.beyondAscii = beyondAscii;
    this.needles = needles;
    this.offsets = new Int32Array(needles.length);
    this.next = new Int16Array(needles.length);
    const shared = tripleCounts(needles);
    for (const [index, { text }] of needles.entries()) {
      const offset = rarestTriple(text, shared);
      const triple = tripleAt(text, offset);
      const slot = this.slotOf(triple);
      this.triples[slot] = triple;
      this.offsets[index] = offset;
      this.next[index] = this.first[slot] ?? NONE;
      this.first[slot] = index;
    }
  }

  marksOf(text: string): PatternMarks {
    const { triples } = this;
    // Filled by a loop: `slice` takes as long as a sentence does.
    const marks = new Int32Array(this.always.length);
    addMarks(this.always, marks);
    let beyond = 0;
    let triple = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      beyond |= code;
      // What is beyond ASCII spoils the triples that it is in, and no other: no needle has it.
      triple = ((triple << 8) | code) & TRIPLE_BITS;
      const slot = this.slotOf(triple);
      if (triples[slot] === triple) this.markFrom(this.first[slot] ?? NONE, text, at, marks);
    }
    if (beyond > ASCII_MAX) addMarks(this.beyondAscii, marks);
    return marks;
  }

  /** That of the triple, or a free one. */
  private slotOf(triple: number): number {
    let slot = Math.imul(triple, 0x9e3779b1) >>> SLOT_SHIFT;
    for (let held = this.triples[slot]; held !== 0 && held !== triple; held = this.triples[slot]) slot = (slot + 1) & (SLOTS - 1);
    return slot;
  }

  /** Marks what has one of these needles, the last character of whose triple stands there. */
  private markFrom(start: number, text: string, at: number, marks: Int32Array): void {
    for (let index = start; index >= 0; index = this.next[index] ?? NONE) {
      const needle = this.needles[index];
      if (needle === undefined || isMarked(marks, needle.pattern)) continue;
      if (text.startsWith(needle.text, at - TRIPLE + 1 - (this.offsets[index] ?? 0))) setMark(marks, needle.pattern);
    }
  }
}

/** How many needles have each triple. */
function tripleCounts(needles: readonly Needle[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { text } of needles) {
    for (const triple of new Set(triplesIn(text))) counts.set(triple, (counts.get(triple) ?? 0) + 1);
  }
  return counts;
}

/** What few needles have few texts have. */
function rarestTriple(needle: string, counts: ReadonlyMap<string, number>): number {
  const shares = triplesIn(needle).map((triple) => counts.get(triple) ?? 0);
  return shares.indexOf(Math.min(...shares));
}

function triplesIn(needle: string): string[] {
  return Array.from({ length: needle.length - TRIPLE + 1 }, (_, at) => needle.slice(at, at + TRIPLE));
}

function tripleAt(text: string, at: number): number {
  return (text.charCodeAt(at) << 16) | (text.charCodeAt(at + 1) << 8) | text.charCodeAt(at + 2);
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
