import type { EarlierSpans } from "./quiet-earlier.ts";
import { wordOfHex } from "./quiet-ids.ts";
import { QuietRing, slotsOf, type HeldTrace } from "./quiet-ring.ts";
import { TRACE_ID_WORDS } from "./quiet-span.ts";
import { firstSpanOf, ID_STRIDE, ID_WORD, spanAfter, TRACE_COLUMN, TRACE_STRIDE } from "./span-columns.ts";
import type { Attributes, Span } from "./span.ts";
import type { TraceMemoryOptions } from "./trace-memory.ts";

/** Numbers of a part of a trace: its spans that came in one batch. */
const PART_STRIDE = 10;
const PART = { id: 0, first: 4, spans: 5, slots: 6, padding: 7, before: 8, state: 9 } as const;
/** The first part of its trace; one of the others; or taken out, which leaves it in its place until it is overwritten. */
const STATE = { first: 0, later: 1, gone: 2 } as const;
/** No part has been there. By its id it is found out where counts have gone round. */
const NEVER = -1;
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

/** What a part takes: spans, and slots of the ring. */
interface Sizes {
  spans: number;
  slots: number;
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
  private readonly limits: Readonly<Sizes> & { readonly parts: number; readonly ageMs: number };
  private readonly ring: QuietRing;
  private readonly parts: Int32Array;
  private readonly touchedMs: Float64Array;
  /** The latest part of each chain of those whose trace ids hash alike; each names the one before it. Chains end where parts are not held. */
  private readonly chains: Int32Array;
  private readonly partMask: number;
  /** Counts that wrap at 32 bits; modulo the length of the ring each is a place. */
  private oldestPart = 0;
  private nextPart = 0;
  /** Where the parts begin that came since shapes were forgotten last. */
  private generationPart = 0;
  private spansHeld = 0;
  /** With those that are left out before a part that would not fit in front of the ring's end. */
  private slotsHeld = 0;
  private clockMs = 0;
  private readonly asked = new Int32Array(TRACE_ID_WORDS);
  /** Of the part that is added. */
  private readonly sizes: Sizes = { spans: 0, slots: 0 };

  constructor({ tracesMax, spansMax = SPANS_MAX, ageMsMax }: Pick<TraceMemoryOptions, "tracesMax" | "spansMax" | "ageMsMax">) {
    const spans = Math.min(spansMax, RING_SPANS_MAX);
    const parts = Math.min(tracesMax, spans);
    this.ring = new QuietRing(spans);
    this.limits = { parts, spans, slots: this.ring.slots, ageMs: ageMsMax };
    this.parts = new Int32Array(ringOf(parts) * PART_STRIDE);
    this.touchedMs = new Float64Array(ringOf(parts));
    this.chains = new Int32Array(ringOf(parts)).fill(NEVER);
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

  /** Shapes were forgotten: what came before they were the last time is forgotten too, and with it what it had of them. */
  turnGeneration(): void {
    while (this.oldestPart !== this.nextPart && ((this.generationPart - this.oldestPart) | 0) > 0) this.lost += this.forgetOldest();
    this.generationPart = this.nextPart;
    this.ring.forgetUnnamed(this.heldParts());
  }

  /** A number for a resource: good until what nobody names is forgotten, and then as long as a span is held that names it. */
  numberOfResource(resource: Attributes): number {
    return this.ring.numberOfResource(resource);
  }

  /** Forgets shapes and resources that no span has any more, where there are many; answers whether it did. */
  tidy(): boolean {
    const { isCrowded } = this.ring;
    if (isCrowded) this.ring.forgetUnnamed(this.heldParts());
    return isCrowded;
  }

  /** Notes what is held of the trace whose id's words stand there; false where that is too much to be looked at. */
  readEarlier(ids: Int32Array, at: number, earlier: EarlierSpans): boolean {
    const { parts } = this;
    earlier.clear();
    let state: number = STATE.first;
    for (let part = this.chains[this.chainOf(ids, at)] ?? NEVER; this.isHeld(part); part = this.before(part)) {
      if (!this.isPartOf(part, ids, at)) continue;
      const from = this.placeOf(part);
      state = parts[from + PART.state] ?? 0;
      if (!this.ring.note(parts[from + PART.first] ?? 0, parts[from + PART.spans] ?? 0, earlier)) return false;
    }
    if (state !== STATE.first) earlier.clear();
    return true;
  }

  /** Holds the spans of one trace. `goesOn`: some are held already, and live on with them. false: there is no room for it. */
  add(held: HeldTrace, goesOn: boolean): boolean {
    const { columns, trace, kinds } = held;
    const { traces, ids } = columns;
    const first = firstSpanOf(columns, trace);
    const at = first * ID_STRIDE + ID_WORD.trace;
    let slots = 0;
    for (let span = first; span >= 0; span = spanAfter(columns, span)) {
      const shape = kinds.shapes[span];
      if (shape !== undefined) slots += slotsOf(shape);
    }
    const { sizes } = this;
    sizes.slots = slots;
    sizes.spans = traces[trace * TRACE_STRIDE + TRACE_COLUMN.spans] ?? 0;
    if (sizes.spans > this.limits.spans || slots > this.limits.slots || this.isCrowded(this.chainOf(ids, at))) return false;
    const renewed = goesOn ? this.renew(ids, at) : null;
    this.makeRoom(sizes);
    this.addPart(ids, at, sizes, renewed !== null && this.isHeld(renewed) ? STATE.later : STATE.first);
    this.ring.add(held);
    return true;
  }

  /** Takes a trace out; null where it is not held. */
  take(traceId: string): TakenTrace | null {
    if (this.size === 0 || traceId.length !== TRACE_ID_WORDS * WORD_DIGITS) return null;
    const { asked, parts } = this;
    for (let word = 0; word < TRACE_ID_WORDS; word += 1) asked[word] = wordOfHex(traceId, word * WORD_DIGITS);
    const found = this.takeOut(asked, 0);
    if (found.length === 0) return null;
    const touchedMs = this.touchedMs[(found[0] ?? 0) & this.partMask] ?? 0;
    const taken = found.map((part) => {
      const from = this.placeOf(part);
      return this.ring.spansOf(traceId, parts[from + PART.first] ?? 0, parts[from + PART.spans] ?? 0);
    });
    return { parts: taken, touchedMs };
  }

  /** What goes on outlives what does not: its parts are held anew behind all others. Answers which is the first of them now. */
  private renew(ids: Int32Array, at: number): number | null {
    const { parts } = this;
    let first: number | null = null;
    // Copied at first: the room that is made for one of them may be another's.
    const copies = this.takeOut(ids, at).map((part) => {
      const from = this.placeOf(part);
      const [start, slots] = [parts[from + PART.first] ?? 0, parts[from + PART.slots] ?? 0];
      return { spans: parts[from + PART.spans] ?? 0, slots, records: this.ring.copyOf(start, slots) };
    });
    for (const copy of copies) {
      this.makeRoom(copy);
      const isFirst = first === null || !this.isHeld(first);
      if (isFirst) first = this.nextPart;
      this.addPart(ids, at, copy, isFirst ? STATE.first : STATE.later);
      this.ring.addAgain(copy.records);
    }
    return first;
  }

  private chainOf(ids: Int32Array, at: number): number {
    const low = Math.imul((ids[at + 3] ?? 0) ^ Math.imul(ids[at + 2] ?? 0, 0x27d4eb2d), 0x9e3779b1);
    const mixed = Math.imul(low ^ (ids[at + 1] ?? 0) ^ Math.imul(ids[at] ?? 0, 0x165667b1), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & this.partMask;
  }

  private placeOf(part: number): number {
    return (part & this.partMask) * PART_STRIDE;
  }

  private isHeld(part: number): boolean {
    return ((part - this.oldestPart) | 0) >= 0 && ((this.nextPart - part) | 0) > 0;
  }

  private before(part: number): number {
    return this.parts[this.placeOf(part) + PART.before] ?? NEVER;
  }

  private isPartOf(part: number, ids: Int32Array, at: number): boolean {
    const { parts } = this;
    const from = this.placeOf(part);
    if (parts[from + PART.state] === STATE.gone || parts[from + 3] !== ids[at + 3]) return false;
    return parts[from + 2] === ids[at + 2] && parts[from + 1] === ids[at + 1] && parts[from] === ids[at];
  }

  private isCrowded(chain: number): boolean {
    let length = 0;
    for (let part = this.chains[chain] ?? NEVER; this.isHeld(part); part = this.before(part)) length += 1;
    return length >= CHAIN_MAX;
  }

  /** Goes on at the ring's beginning where a part would not fit in front of its end: the spans of a part stand one behind another. */
  private makeRoom(sizes: Sizes): void {
    while (this.oldestPart !== this.nextPart && !this.hasRoom(sizes)) this.lost += this.forgetOldest();
    if (this.oldestPart === this.nextPart) this.ring.next = 0;
  }

  private hasRoom({ spans, slots }: Sizes): boolean {
    const { limits } = this;
    return (
      ((this.nextPart - this.oldestPart) | 0) < limits.parts &&
      this.spansHeld + spans <= limits.spans &&
      this.slotsHeld + this.paddingBefore(slots) + slots <= limits.slots
    );
  }

  private paddingBefore(slots: number): number {
    const left = this.limits.slots - this.ring.next;
    return slots <= left ? 0 : left;
  }

  /** Nothing is found of a trace whose first part is not held. Answers how many traces are no more. */
  private forgetOldest(): number {
    const { parts } = this;
    const at = this.placeOf(this.oldestPart);
    this.oldestPart = (this.oldestPart + 1) | 0;
    this.spansHeld -= parts[at + PART.spans] ?? 0;
    this.slotsHeld -= (parts[at + PART.padding] ?? 0) + (parts[at + PART.slots] ?? 0);
    if (parts[at + PART.state] !== STATE.first) return 0;
    this.size -= 1;
    return 1;
  }

  private *heldParts(): Generator<readonly [first: number, count: number]> {
    const { parts } = this;
    for (let part = this.oldestPart; part !== this.nextPart; part = (part + 1) | 0) {
      const at = this.placeOf(part);
      if (parts[at + PART.state] !== STATE.gone) yield [parts[at + PART.first] ?? 0, parts[at + PART.spans] ?? 0];
    }
  }

  /** The parts of a trace in the order in which they came, which nobody finds again. None where the first is not held any more. */
  private takeOut(ids: Int32Array, at: number): number[] {
    const { parts } = this;
    const found: number[] = [];
    for (let part = this.chains[this.chainOf(ids, at)] ?? NEVER; this.isHeld(part); part = this.before(part)) {
      if (this.isPartOf(part, ids, at)) found.unshift(part);
    }
    const first = found[0];
    const isWhole = first !== undefined && parts[this.placeOf(first) + PART.state] === STATE.first;
    for (const part of found) parts[this.placeOf(part) + PART.state] = STATE.gone;
    if (!isWhole) return [];
    this.size -= 1;
    return found;
  }

  /** Its spans are to be added to the ring. */
  private addPart(ids: Int32Array, idAt: number, { spans, slots }: Sizes, state: number): void {
    const { parts, chains, ring } = this;
    const chain = this.chainOf(ids, idAt);
    const at = this.placeOf(this.nextPart);
    const padding = this.paddingBefore(slots);
    if (padding > 0) ring.next = 0;
    for (let word = 0; word < TRACE_ID_WORDS; word += 1) parts[at + PART.id + word] = ids[idAt + word] ?? 0;
    parts[at + PART.first] = ring.next;
    parts[at + PART.spans] = spans;
    parts[at + PART.slots] = slots;
    parts[at + PART.padding] = padding;
    parts[at + PART.before] = chains[chain] ?? NEVER;
    parts[at + PART.state] = state;
    chains[chain] = this.nextPart;
    this.touchedMs[this.nextPart & this.partMask] = this.clockMs;
    this.nextPart = (this.nextPart + 1) | 0;
    if (state === STATE.first) this.size += 1;
    this.spansHeld += spans;
    this.slotsHeld += padding + slots;
  }
}

/** The least power of two that is not less. */
function ringOf(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(count, 1)));
}
