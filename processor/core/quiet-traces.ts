import { hexOfWords, wordOfHex } from "./quiet-ids.ts";
import type { QuietShape } from "./quiet-shape.ts";
import { parentIdOf, SPAN_ID_WORDS, spanOfShape, TRACE_ID_WORDS } from "./quiet-span.ts";
import { ID_STRIDE, ID_WORD, SPAN_COLUMN, SPAN_STRIDE, TRACE_COLUMN, TRACE_STRIDE, type SpanColumns } from "./span-columns.ts";
import type { Attributes, Span } from "./span.ts";
import type { TraceMemoryOptions } from "./trace-memory.ts";

/** Numbers of a part of a trace: its spans that came in one batch. */
const PART_STRIDE = 9;
const PART = { id: 0, firstSpan: 4, spans: 5, firstNumber: 6, numbers: 7, nextInChain: 8 } as const;
const END = -1;
/** Instead of a next one: the part was taken out, and is in no chain any more. */
const GONE = -2;
/** Words of a span: its own id and its parent's. */
const SPAN_WORDS = 4;
/** On an average, with the two times; where there are more, fewer spans are held. */
const NUMBERS_PER_SPAN = 8;
/** Where no limit is given, and where a higher one is. */
const SPANS_MAX = 65_536;
const RING_SPANS_MAX = 1_048_576;
/** Parts whose trace ids hash alike: beyond it somebody makes them so. */
const CHAIN_MAX = 64;
const WORD_DIGITS = 8;

/** By the span's index in some columns, and by the resource's. */
export interface ColumnKinds {
  readonly shapes: readonly (QuietShape | undefined)[];
  readonly resources: readonly Attributes[];
}

/** A trace that was taken out: its spans part by part, in the order in which they came. */
export interface TakenTrace {
  readonly parts: readonly (readonly Span[])[];
  /** When the last part came. */
  readonly touchedMs: number;
}

/**
 * The latest traces of which no more has to be known than that they were: as numbers, in rings whose oldest are overwritten.
 * Whoever has to know more of one takes it out as spans.
 */
export class QuietTraces {
  /** Parts that were overwritten by newer ones. */
  lost = 0;
  /** Parts that are held. */
  size = 0;
  private readonly limits: { readonly parts: number; readonly spans: number; readonly numbers: number; readonly ageMs: number };
  private readonly parts: Int32Array;
  private readonly touchedMs: Float64Array;
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;
  private readonly shapes: (QuietShape | undefined)[];
  private readonly resources: (Attributes | undefined)[];
  /** The latest part of each chain of those whose trace ids hash alike. */
  private readonly chains: Int32Array;
  /** Counts that wrap at 32 bits; modulo the length of its ring each is a place. */
  private oldestPart = 0;
  private nextPart = 0;
  private nextSpan = 0;
  private nextNumber = 0;
  private spansHeld = 0;
  private numbersHeld = 0;
  private clockMs = 0;
  private readonly asked = new Int32Array(TRACE_ID_WORDS);

  constructor({ tracesMax, spansMax = SPANS_MAX, ageMsMax }: Pick<TraceMemoryOptions, "tracesMax" | "spansMax" | "ageMsMax">) {
    const spans = Math.min(spansMax, RING_SPANS_MAX);
    const parts = Math.min(tracesMax, spans);
    this.limits = { parts, spans, numbers: spans * NUMBERS_PER_SPAN, ageMs: ageMsMax };
    this.parts = new Int32Array(ringOf(parts) * PART_STRIDE);
    this.touchedMs = new Float64Array(ringOf(parts));
    this.words = new Int32Array(ringOf(spans) * SPAN_WORDS);
    this.numbers = new Float64Array(ringOf(spans) * NUMBERS_PER_SPAN);
    this.shapes = Array.from({ length: ringOf(spans) });
    this.resources = Array.from({ length: ringOf(spans) });
    this.chains = new Int32Array(ringOf(parts)).fill(END);
  }

  /** Starts a batch; with the clock's time what is too old is forgotten. */
  begin(nowMs: number | undefined): void {
    if (nowMs === undefined) return;
    this.clockMs = nowMs;
    while (this.oldestPart !== this.nextPart && nowMs - (this.touchedMs[this.oldestPart & this.partMask] ?? 0) > this.limits.ageMs)
      this.forgetOldest();
  }

  /** Whether spans of the trace are held whose id's words stand there. */
  has(ids: Int32Array, at: number): boolean {
    let part = this.chains[this.chainOf(ids, at)] ?? END;
    while (part !== END && !this.isPartOf(part, ids, at)) part = this.parts[part * PART_STRIDE + PART.nextInChain] ?? END;
    return part !== END;
  }

  /** Holds the spans of one trace of some columns. false: there is no room for it. */
  add(columns: SpanColumns, trace: number, kinds: ColumnKinds): boolean {
    const { traces, spans } = columns;
    const first = traces[trace * TRACE_STRIDE + TRACE_COLUMN.first] ?? 0;
    const count = traces[trace * TRACE_STRIDE + TRACE_COLUMN.spans] ?? 0;
    let numbers = 0;
    for (let span = first; span >= 0; span = spans[span * SPAN_STRIDE + SPAN_COLUMN.next] ?? -1)
      numbers += kinds.shapes[span]?.numberCount ?? 0;
    if (count > this.limits.spans || numbers > this.limits.numbers) return false;
    const chain = this.chainOf(columns.ids, first * ID_STRIDE + ID_WORD.trace);
    if (this.isCrowded(chain)) return false;
    this.makeRoom(count, numbers);
    this.addPart(columns.ids, first * ID_STRIDE + ID_WORD.trace, { chain, count, numbers });
    for (let span = first; span >= 0; span = spans[span * SPAN_STRIDE + SPAN_COLUMN.next] ?? -1) this.addSpan(columns, span, kinds);
    return true;
  }

  /** Takes a trace out; null where it is not held. */
  take(traceId: string): TakenTrace | null {
    if (this.size === 0 || traceId.length !== TRACE_ID_WORDS * WORD_DIGITS) return null;
    const { asked } = this;
    for (let word = 0; word < TRACE_ID_WORDS; word += 1) asked[word] = wordOfHex(traceId, word * WORD_DIGITS);
    const chain = this.chainOf(asked, 0);
    const parts: (readonly Span[])[] = [];
    let touchedMs = 0;
    let before = END;
    let next = END;
    for (let part = this.chains[chain] ?? END; part !== END; part = next) {
      next = this.parts[part * PART_STRIDE + PART.nextInChain] ?? END;
      if (!this.isPartOf(part, asked, 0)) {
        before = part;
        continue;
      }
      touchedMs = Math.max(touchedMs, this.touchedMs[part] ?? 0);
      parts.unshift(this.spansOf(part, traceId));
      this.unlink(part, before, chain);
    }
    return parts.length === 0 ? null : { parts, touchedMs };
  }

  private get partMask(): number {
    return this.touchedMs.length - 1;
  }

  private get spanMask(): number {
    return this.shapes.length - 1;
  }

  private get numberMask(): number {
    return this.numbers.length - 1;
  }

  private chainOf(ids: Int32Array, at: number): number {
    const low = Math.imul((ids[at + 3] ?? 0) ^ Math.imul(ids[at + 2] ?? 0, 0x27d4eb2d), 0x9e3779b1);
    const mixed = Math.imul(low ^ (ids[at + 1] ?? 0) ^ Math.imul(ids[at] ?? 0, 0x165667b1), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & (this.chains.length - 1);
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

  private makeRoom(spans: number, numbers: number): void {
    const { limits } = this;
    while (
      ((this.nextPart - this.oldestPart) | 0) >= limits.parts ||
      this.spansHeld + spans > limits.spans ||
      this.numbersHeld + numbers > limits.numbers
    ) {
      if (this.forgetOldest()) this.lost += 1;
    }
  }

  /** Answers whether it was still there. */
  private forgetOldest(): boolean {
    const { parts } = this;
    const part = this.oldestPart & this.partMask;
    const at = part * PART_STRIDE;
    this.oldestPart = (this.oldestPart + 1) | 0;
    this.spansHeld -= parts[at + PART.spans] ?? 0;
    this.numbersHeld -= parts[at + PART.numbers] ?? 0;
    if (parts[at + PART.nextInChain] === GONE) return false;
    const chain = this.chainOf(parts, at + PART.id);
    let before = END;
    for (
      let other = this.chains[chain] ?? END;
      other !== part && other !== END;
      other = parts[other * PART_STRIDE + PART.nextInChain] ?? END
    )
      before = other;
    this.unlink(part, before, chain);
    return true;
  }

  private unlink(part: number, before: number, chain: number): void {
    const { parts } = this;
    const next = parts[part * PART_STRIDE + PART.nextInChain] ?? END;
    if (before === END) this.chains[chain] = next;
    else parts[before * PART_STRIDE + PART.nextInChain] = next;
    parts[part * PART_STRIDE + PART.nextInChain] = GONE;
    this.size -= 1;
  }

  private addPart(ids: Int32Array, idAt: number, { chain, count, numbers }: { chain: number; count: number; numbers: number }): void {
    const { parts, chains } = this;
    const part = this.nextPart & this.partMask;
    const at = part * PART_STRIDE;
    for (let word = 0; word < TRACE_ID_WORDS; word += 1) parts[at + PART.id + word] = ids[idAt + word] ?? 0;
    parts[at + PART.firstSpan] = this.nextSpan;
    parts[at + PART.spans] = count;
    parts[at + PART.firstNumber] = this.nextNumber;
    parts[at + PART.numbers] = numbers;
    parts[at + PART.nextInChain] = chains[chain] ?? END;
    chains[chain] = part;
    this.touchedMs[part] = this.clockMs;
    this.nextPart = (this.nextPart + 1) | 0;
    this.size += 1;
    this.spansHeld += count;
    this.numbersHeld += numbers;
  }

  private addSpan({ ids, numbers: from, spans }: SpanColumns, span: number, { shapes, resources }: ColumnKinds): void {
    const { words, numbers, numberMask } = this;
    const place = this.nextSpan & this.spanMask;
    const idAt = span * ID_STRIDE;
    const at = place * SPAN_WORDS;
    words[at] = ids[idAt + ID_WORD.span] ?? 0;
    words[at + 1] = ids[idAt + ID_WORD.span + 1] ?? 0;
    words[at + 2] = ids[idAt + ID_WORD.parent] ?? 0;
    words[at + 3] = ids[idAt + ID_WORD.parent + 1] ?? 0;
    const shape = shapes[span];
    this.shapes[place] = shape;
    this.resources[place] = resources[spans[span * SPAN_STRIDE + SPAN_COLUMN.resource] ?? 0];
    const first = spans[span * SPAN_STRIDE + SPAN_COLUMN.firstNumber] ?? 0;
    const end = first + (shape?.numberCount ?? 0);
    let to = this.nextNumber;
    for (let number = first; number < end; number += 1) {
      numbers[to & numberMask] = from[number] ?? 0;
      to = (to + 1) | 0;
    }
    this.nextNumber = to;
    this.nextSpan = (this.nextSpan + 1) | 0;
  }

  private spansOf(part: number, traceId: string): Span[] {
    const { parts, words, numbers, spanMask, numberMask } = this;
    const at = part * PART_STRIDE;
    const first = parts[at + PART.firstSpan] ?? 0;
    let number = parts[at + PART.firstNumber] ?? 0;
    return Array.from({ length: parts[at + PART.spans] ?? 0 }, (_, index) => {
      const place = (first + index) & spanMask;
      const shape = this.shapes[place] as QuietShape;
      const own = Float64Array.from({ length: shape.numberCount }, (_unset, offset) => numbers[(number + offset) & numberMask] ?? 0);
      number = (number + shape.numberCount) | 0;
      return spanOfShape(shape.column, {
        traceId,
        spanId: hexOfWords(words, place * SPAN_WORDS, SPAN_ID_WORDS),
        parentSpanId: parentIdOf(words, place * SPAN_WORDS + SPAN_ID_WORDS),
        resource: this.resources[place] ?? NO_ATTRIBUTES,
        numbers: own,
      });
    });
  }
}

const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null));

/** The least power of two that is not less. */
function ringOf(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(count, 1)));
}
