import type { Failure } from "./call-failure.ts";
import { NumberedObjects } from "./numbered-objects.ts";
import type { EarlierSpans } from "./quiet-earlier.ts";
import type { FoundFailure } from "./quiet-failure.ts";
import { hexOfWords } from "./quiet-ids.ts";
import type { QuietShape } from "./quiet-shape.ts";
import { parentIdOf, SPAN_ID_WORDS, spanOfShape } from "./quiet-span.ts";
import { firstSpanOf, ID_STRIDE, ID_WORD, SPAN_COLUMN, SPAN_STRIDE, spanAfter, type SpanColumns } from "./span-columns.ts";
import type { Attributes, Span } from "./span.ts";

/**
 * A span's record, in slots of eight bytes: its own id, its parent's id, what it is, then its numbers. All of a span stands in one
 * place, because hardly any of it is in the processor's caches when the next one is written.
 */
const HEAD_SLOTS = 3;
const SLOT_WORDS = 2;
/** Words of a record: two for each id; its shape and its role; its resource and its failure. */
const WORD = { id: 0, parent: 2, shape: 4, resource: 5 } as const;
/** More objects than there are spans. */
const NUMBER_BITS = 24;
const NUMBER_MASK = 2 ** NUMBER_BITS - 1;
/** On an average, with the two times; where there are more, fewer spans are held. */
const NUMBERS_PER_SPAN = 8;
export const SLOTS_PER_SPAN = HEAD_SLOTS + NUMBERS_PER_SPAN;

const GONE_RULE = "what was found when the span came";

/** By the span's index in some columns, and by the resource's. */
export interface ColumnKinds {
  readonly shapes: readonly (QuietShape | undefined)[];
  /** QuietRole. */
  readonly roles: Uint8Array;
  /** As QuietRing numbers them. */
  readonly resources: readonly number[];
}

/** A trace of some columns that is to be held. */
export interface HeldTrace {
  readonly columns: SpanColumns;
  readonly trace: number;
  readonly kinds: ColumnKinds;
  /** Of its calls that failed, by span. */
  readonly failures: ReadonlyMap<number, FoundFailure>;
}

/** Slots that a span takes. */
export function slotsOf({ numberCount }: QuietShape): number {
  return HEAD_SLOTS + numberCount;
}

/** Spans as numbers, one behind another from wherever somebody says that there is room. */
export class QuietRing {
  readonly slots: number;
  /** Where the next span goes. */
  next = 0;
  private readonly numbers: Float64Array;
  private readonly words: Int32Array;
  private readonly shapes = new NumberedObjects<QuietShape>();
  private readonly resources = new NumberedObjects<Attributes>();
  /** By their number, from 1 on; 0: a span did not fail, or its shape says how. */
  private readonly failures: (Failure | null)[] = [null];

  constructor(spans: number) {
    this.slots = spans * SLOTS_PER_SPAN;
    this.numbers = new Float64Array(this.slots);
    this.words = new Int32Array(this.numbers.buffer);
  }

  numberOfResource(resource: Attributes): number {
    return this.resources.numberOf(resource);
  }

  /** Adds the spans of a trace. */
  add({ columns, trace, kinds, failures }: HeldTrace): void {
    const { words, numbers } = this;
    const { ids, spans, numbers: from } = columns;
    const { shapes, roles, resources } = kinds;
    const anyFailed = failures.size > 0;
    let slot = this.next;
    for (let span = firstSpanOf(columns, trace); span >= 0; span = spanAfter(columns, span)) {
      const shape = shapes[span];
      if (shape === undefined) continue;
      const idAt = span * ID_STRIDE;
      const row = span * SPAN_STRIDE;
      const at = slot * SLOT_WORDS;
      words[at] = ids[idAt + ID_WORD.span] ?? 0;
      words[at + 1] = ids[idAt + ID_WORD.span + 1] ?? 0;
      words[at + WORD.parent] = ids[idAt + ID_WORD.parent] ?? 0;
      words[at + WORD.parent + 1] = ids[idAt + ID_WORD.parent + 1] ?? 0;
      if (shape.number < 0) shape.number = this.shapes.numberOf(shape);
      words[at + WORD.shape] = shape.number | ((roles[span] ?? 0) << NUMBER_BITS);
      const failure = anyFailed ? this.numberOfFailure(failures.get(span)) : 0;
      words[at + WORD.resource] = (resources[spans[row + SPAN_COLUMN.resource] ?? 0] ?? 0) | (failure << NUMBER_BITS);
      slot += HEAD_SLOTS;
      const first = spans[row + SPAN_COLUMN.firstNumber] ?? 0;
      const end = first + shape.numberCount;
      for (let number = first; number < end; number += 1) numbers[slot++] = from[number] ?? 0;
    }
    this.next = slot;
  }

  /** Spans that stand here, to be added once more. */
  copyOf(first: number, slots: number): Float64Array {
    return this.numbers.slice(first, first + slots);
  }

  addAgain(copy: Float64Array): void {
    this.numbers.set(copy, this.next);
    this.next += copy.length;
  }

  /** Adds spans that stand here to those that are looked at; false where they are too many. */
  note(first: number, count: number, earlier: EarlierSpans): boolean {
    let slot = first;
    for (let index = 0; index < count; index += 1) {
      const shape = this.shapeAt(slot);
      if (shape === undefined || !earlier.add(this.words, slot * SLOT_WORDS, this.roleAt(slot), shape)) return false;
      slot += slotsOf(shape);
    }
    return true;
  }

  spansOf(traceId: string, first: number, count: number): Span[] {
    const { words, numbers } = this;
    const spans: Span[] = [];
    let slot = first;
    for (let index = 0; index < count; index += 1) {
      const shape = this.shapeAt(slot);
      if (shape === undefined) break;
      const at = slot * SLOT_WORDS;
      const kind = words[at + WORD.resource] ?? 0;
      const end = slot + slotsOf(shape);
      spans.push(
        spanOfShape(shape.column, {
          traceId,
          spanId: hexOfWords(words, at, SPAN_ID_WORDS),
          parentSpanId: parentIdOf(words, at + WORD.parent),
          resource: this.resources.at(kind & NUMBER_MASK) ?? {},
          foundFailure: this.failures[kind >>> NUMBER_BITS] ?? null,
          numbers: numbers.slice(slot + HEAD_SLOTS, end),
        }),
      );
      slot = end;
    }
    return spans;
  }

  /** So many shapes or resources were seen that it is worth a look which of them are still named. */
  get isCrowded(): boolean {
    return this.shapes.isCrowded || this.resources.isCrowded;
  }

  /** Forgets shapes and resources of which no span is here. `parts`: where spans stand one behind another, and how many. */
  forgetUnnamed(parts: Iterable<readonly [first: number, count: number]>): void {
    const shapes = new Set<number>();
    const resources = new Set<number>();
    for (const [first, count] of parts) {
      let slot = first;
      for (let index = 0; index < count; index += 1) {
        shapes.add((this.words[slot * SLOT_WORDS + WORD.shape] ?? 0) & NUMBER_MASK);
        resources.add((this.words[slot * SLOT_WORDS + WORD.resource] ?? 0) & NUMBER_MASK);
        const shape = this.shapeAt(slot);
        slot += shape === undefined ? HEAD_SLOTS : slotsOf(shape);
      }
    }
    for (const shape of this.shapes.keepOnly(shapes)) shape.number = -1;
    this.resources.keepOnly(resources);
  }

  private shapeAt(slot: number): QuietShape | undefined {
    return this.shapes.at((this.words[slot * SLOT_WORDS + WORD.shape] ?? 0) & NUMBER_MASK);
  }

  private roleAt(slot: number): number {
    return (this.words[slot * SLOT_WORDS + WORD.shape] ?? 0) >>> NUMBER_BITS;
  }

  private numberOfFailure(found: FoundFailure | undefined): number {
    if (found === undefined) return 0;
    const { failures } = this;
    const { category, retryable } = found.failure;
    const before = failures.findIndex((known) => known?.category === category && known.retryable === retryable);
    if (before > 0) return before;
    return failures.push({ category, retryable, retryDelayMs: null, rule: GONE_RULE, errorType: undefined }) - 1;
  }
}
