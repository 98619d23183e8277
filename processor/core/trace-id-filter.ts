import { wordOfHex } from "./quiet-ids.ts";

/** A power of two, several times as many as the traces of a memory, at a byte each. */
const SLOTS = 2 ** 18;
const COUNT_MAX = 255;
/** Where the last word of a trace id begins: the W3C's trace context asks that its last seven bytes are random. */
const LAST_WORD_DIGIT = 24;

/** Which trace ids are certainly not among some, without making a text of them. */
export interface TraceIdFilter {
  add(traceId: string): void;
  remove(traceId: string): void;
  /** @param lastWord the last four bytes as a little-endian machine reads them */
  mayHave(lastWord: number): boolean;
}

export function createTraceIdFilter(): TraceIdFilter {
  const counts = new Uint8Array(SLOTS);
  return {
    add(traceId) {
      const slot = slotOf(wordOfHex(traceId, LAST_WORD_DIGIT));
      // What was once too many to be counted stays: then the memory itself is asked.
      if ((counts[slot] ?? 0) < COUNT_MAX) counts[slot] = (counts[slot] ?? 0) + 1;
    },
    remove(traceId) {
      const slot = slotOf(wordOfHex(traceId, LAST_WORD_DIGIT));
      if ((counts[slot] ?? 0) < COUNT_MAX) counts[slot] = (counts[slot] ?? 0) - 1;
    },
    mayHave: (lastWord) => counts[slotOf(lastWord)] !== 0,
  };
}

function slotOf(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> 14;
}
