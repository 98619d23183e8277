import type { EarlierSpans } from "./quiet-earlier.ts";
import { wordOfHex } from "./quiet-ids.ts";
import { NUMBERS_PER_SPAN, QuietRing, type ColumnKinds } from "./quiet-ring.ts";
import { TRACE_ID_WORDS } from "./quiet-span.ts";
import { ID_STRIDE, ID_WORD, SPAN_COLUMN, SPAN_STRIDE, TRACE_COLUMN, TRACE_STRIDE, type SpanColumns } from "./span-columns.ts";
import type { Span } from "./span.ts";
import type { TraceMemoryOptions } from "./trace-memory.ts";

/** Numbers of a part of a trace: its spans that came in one batch. */
const PART_STRIDE = 10;
const PART = { id: 0, firstSpan: 4, spans: 5, firstNumber: 6, numbers: 7, nextInChain: 8, continues: 9 } as const;
const END = -1;
/** Instead of a next one: the part was taken out, and is in no chain any more. */
const GONE = -2;
/** Where no limit is given, and where a higher one is. */
const SPANS_MAX = 65_536;
const RING_SPANS_MAX = 1_048_576;
/** Parts whose trace ids hash alike: beyond it somebody makes them so. */
const CHAIN_MAX = 64;
const WORD_DIGITS = 8;

/** A trace that was taken out: its spans part by part, in the order in which they came. */
export interface TakenTrace {
  readonly parts: readonly (readonly Span[])[];
  /** When the last part came. */
  readonly touchedMs: number;
}

interface Sizes {
  readonly spans: number;
  readonly numbers: number;
}

/**
 * The latest traces of which no more has to be known than that they were: as numbers, in rings whose oldest are overwritten.
 * Whoever has to know more of one takes it out as spans.
 */
export class QuietTraces {
  /** Traces that newer ones have pushed out. */
  lost = 0;
  /** Traces that are held. */
  size = 0;
  private readonly limits: Sizes & { readonly parts: number; readonly ageMs: number };
  private readonly ring: QuietRing;
  private readonly parts: Int32Array;
  private readonly touchedMs: Float64Array;
  /** The latest part of each chain of those whose trace ids hash alike. */
  private readonly chains: Int32Array;
  private readonly partMask: number;
  /** Counts that wrap at 32 bits; modulo the length of the ring each is a place. */
  private oldestPart = 0;
  private nextPart = 0;
  private spansHeld = 0;
  private numbersHeld = 0;
  private clockMs = 0;
  private readonly asked = new Int32Array(TRACE_ID_WORDS);

  constructor({ tracesMax, spansMax = SPANS_MAX, ageMsMax }: Pick<TraceMemoryOptions, "tracesMax" | "spansMax" | "ageMsMax">) {
    const spans = Math.min(spansMax, RING_SPANS_MAX);
    const parts = Math.min(tracesMax, spans);
    this.limits = { parts, spans, numbers: spans * NUMBERS_PER_SPAN, ageMs: ageMsMax };
    this.ring = new QuietRing(ringOf(spans));
    this.parts = new Int32Array(ringOf(parts) * PART_STRIDE);
    this.touchedMs = new Float64Array(ringOf(parts));
    this.chains = new Int32Array(ringOf(parts)).fill(END);
    this.partMask = ringOf(parts) - 1;
  }

  /** Starts a batch; with the clock's time what is too old is forgotten. */
  begin(nowMs: number | undefined): void {
    if (nowMs === undefined) return;
    this.clockMs = nowMs;
    while (this.oldestPart !== this.nextPart && nowMs - (this.touchedMs[this.oldestPart & this.partMask] ?? 0) > this.limits.ageMs) {
      this.forgetOldest();
    }
  }

  /** Notes what is held of the trace whose id's words stand there; false where that is too much to be looked at. */
  readEarlier(ids: Int32Array, at: number, earlier: EarlierSpans): boolean {
    const { parts } = this;
    earlier.clear();
    for (let part = this.chains[this.chainOf(ids, at)] ?? END; part !== END; part = parts[part * PART_STRIDE + PART.nextInChain] ?? END) {
      const from = part * PART_STRIDE;
      if (!this.isPartOf(part, ids, at)) continue;
      if (!this.ring.note(parts[from + PART.firstSpan] ?? 0, parts[from + PART.spans] ?? 0, earlier)) return false;
    }
    return true;
  }

  /** Holds the spans of one trace of some columns. `goesOn`: some are held already, and live on with them. false: there is no room for it. */
  add(columns: SpanColumns, trace: number, kinds: ColumnKinds, goesOn: boolean): boolean {
    const { traces, spans, ids } = columns;
    const first = traces[trace * TRACE_STRIDE + TRACE_COLUMN.first] ?? 0;
    const at = first * ID_STRIDE + ID_WORD.trace;
    let numbers = 0;
    for (let span = first; span >= 0; span = spans[span * SPAN_STRIDE + SPAN_COLUMN.next] ?? -1) {
      numbers += kinds.shapes[span]?.numberCount ?? 0;
    }
    const sizes = { spans: traces[trace * TRACE_STRIDE + TRACE_COLUMN.spans] ?? 0, numbers };
    if (sizes.spans > this.limits.spans || numbers > this.limits.numbers || this.isCrowded(this.chainOf(ids, at))) return false;
    if (goesOn) this.renew(ids, at);
    this.makeRoom(sizes);
    this.addPart(ids, at, sizes);
    for (let span = first; span >= 0; span = spans[span * SPAN_STRIDE + SPAN_COLUMN.next] ?? -1) this.ring.add(columns, span, kinds);
    return true;
  }

  /** Takes a trace out; null where it is not held. */
  take(traceId: string): TakenTrace | null {
    if (this.size === 0 || traceId.length !== TRACE_ID_WORDS * WORD_DIGITS) return null;
    const { asked, parts } = this;
    for (let word = 0; word < TRACE_ID_WORDS; word += 1) asked[word] = wordOfHex(traceId, word * WORD_DIGITS);
    let touchedMs = 0;
    const found: number[] = [];
    this.unlinkAll(asked, 0, found);
    const taken = found.map((part) => {
      const from = part * PART_STRIDE;
      touchedMs = Math.max(touchedMs, this.touchedMs[part] ?? 0);
      return this.ring.spansOf(
        traceId,
        parts[from + PART.firstSpan] ?? 0,
        parts[from + PART.spans] ?? 0,
        parts[from + PART.firstNumber] ?? 0,
      );
    });
    return taken.length === 0 ? null : { parts: taken, touchedMs };
  }

  /** What goes on outlives what does not: its parts are held anew behind all others. */
  private renew(ids: Int32Array, at: number): void {
    const { parts } = this;
    const found: number[] = [];
    this.unlinkAll(ids, at, found);
    for (const part of found) {
      const from = part * PART_STRIDE;
      const sizes = { spans: parts[from + PART.spans] ?? 0, numbers: parts[from + PART.numbers] ?? 0 };
      const [firstSpan, firstNumber] = [parts[from + PART.firstSpan] ?? 0, parts[from + PART.firstNumber] ?? 0];
      this.makeRoom(sizes);
      this.addPart(ids, at, sizes);
      this.ring.addAgain(firstSpan, sizes.spans, { firstNumber, numberCount: sizes.numbers });
    }
  }

  private chainOf(ids: Int32Array, at: number): number {
    const low = Math.imul((ids[at + 3] ?? 0) ^ Math.imul(ids[at + 2] ?? 0, 0x27d4eb2d), 0x9e3779b1);
    const mixed = Math.imul(low ^ (ids[at + 1] ?? 0) ^ Math.imul(ids[at] ?? 0, 0x165667b1), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & this.partMask;
  }

  private isPartOf(part: number, ids: Int32Array, at: number): boolean {
    const { parts } = this;
    const from = part * PART_STRIDE + PART.id;
    return parts[from + 3] === ids[at + 3] && parts[from + 2] === ids[at + 2] && parts[from + 1] === ids[at + 1] && parts[from] === ids[at];
  }

  private isCrowded(chain: number): boolean {
    let length = 0;
    for (let part = this.chains[chain] ?? END; part !== END; part = this.parts[part * PART_STRIDE + PART.nextInChain] ?? END) length += 1;
    return length >= CHAIN_MAX;
  }

  private makeRoom({ spans, numbers }: Sizes): void {
    const { limits } = this;
    while (
      ((this.nextPart - this.oldestPart) | 0) >= limits.parts ||
      this.spansHeld + spans > limits.spans ||
      this.numbersHeld + numbers > limits.numbers
    ) {
      this.lost += this.forgetOldest();
    }
  }

  /** The trace of the oldest part, with all that came of it later. Answers how many are no more: none, where it was taken out. */
  private forgetOldest(): number {
    const { parts } = this;
    const at = (this.oldestPart & this.partMask) * PART_STRIDE;
    this.oldestPart = (this.oldestPart + 1) | 0;
    this.spansHeld -= parts[at + PART.spans] ?? 0;
    this.numbersHeld -= parts[at + PART.numbers] ?? 0;
    if (parts[at + PART.nextInChain] === GONE) return 0;
    this.unlinkAll(parts, at + PART.id, null);
    return 1;
  }

  /** Takes all parts of one trace out of their chain; `found` gets them in the order in which they came. */
  private unlinkAll(ids: Int32Array, at: number, found: number[] | null): void {
    const chain = this.chainOf(ids, at);
    let before = END;
    let next = END;
    for (let part = this.chains[chain] ?? END; part !== END; part = next) {
      next = this.parts[part * PART_STRIDE + PART.nextInChain] ?? END;
      if (this.isPartOf(part, ids, at)) {
        found?.unshift(part);
        this.unlink(part, before, chain);
      } else before = part;
    }
  }

  private unlink(part: number, before: number, chain: number): void {
    const { parts } = this;
    const next = parts[part * PART_STRIDE + PART.nextInChain] ?? END;
    if (before === END) this.chains[chain] = next;
    else parts[before * PART_STRIDE + PART.nextInChain] = next;
    parts[part * PART_STRIDE + PART.nextInChain] = GONE;
    if (parts[part * PART_STRIDE + PART.continues] === 0) this.size -= 1;
  }

  private addPart(ids: Int32Array, idAt: number, { spans, numbers }: Sizes): void {
    const { parts, chains } = this;
    const part = this.nextPart & this.partMask;
    const chain = this.chainOf(ids, idAt);
    const at = part * PART_STRIDE;
    const latest = chains[chain] ?? END;
    const continues = latest !== END && this.isPartOf(latest, ids, idAt);
    for (let word = 0; word < TRACE_ID_WORDS; word += 1) parts[at + PART.id + word] = ids[idAt + word] ?? 0;
    parts[at + PART.firstSpan] = this.ring.nextSpan;
    parts[at + PART.spans] = spans;
    parts[at + PART.firstNumber] = this.ring.nextNumber;
    parts[at + PART.numbers] = numbers;
    parts[at + PART.nextInChain] = latest;
    parts[at + PART.continues] = continues ? 1 : 0;
    chains[chain] = part;
    this.touchedMs[part] = this.clockMs;
    this.nextPart = (this.nextPart + 1) | 0;
    if (!continues) this.size += 1;
    this.spansHeld += spans;
    this.numbersHeld += numbers;
  }
}

/** The least power of two that is not less. */
function ringOf(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(count, 1)));
}
