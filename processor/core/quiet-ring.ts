import type { Failure } from "./call-failure.ts";
import type { EarlierSpans } from "./quiet-earlier.ts";
import { hexOfWords } from "./quiet-ids.ts";
import type { QuietShape } from "./quiet-shape.ts";
import { parentIdOf, SPAN_ID_WORDS, spanOfShape } from "./quiet-span.ts";
import { ID_STRIDE, ID_WORD, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "./span-columns.ts";
import type { Attributes, Span } from "./span.ts";

/** Words of a span: its own id and its parent's. */
const SPAN_WORDS = 4;
/** On an average, with the two times; where there are more, fewer spans are held. */
export const NUMBERS_PER_SPAN = 8;

const GONE_RULE = "what was found when the span came";

/** By the span's index in some columns, and by the resource's. */
export interface ColumnKinds {
  readonly shapes: readonly (QuietShape | undefined)[];
  /** QuietRole. */
  readonly roles: Uint8Array;
  readonly resources: readonly Attributes[];
}

/** Spans one after another, as numbers: the newest stand where the oldest stood. Who adds has looked that there is room. */
export class QuietRing {
  /** Counts that wrap at 32 bits; modulo the length of its ring each is a place. */
  nextSpan = 0;
  nextNumber = 0;
  private readonly spanMask: number;
  private readonly numberMask: number;
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;
  private readonly roles: Uint8Array;
  /** Which of the failures that were found it is, plus one; 0: it did not fail, or its shape says how. */
  private readonly failureOf: Uint8Array;
  private readonly failures: Failure[] = [];
  private readonly shapes: (QuietShape | undefined)[];
  private readonly resources: (Attributes | undefined)[];

  /** @param spans a power of two */
  constructor(spans: number) {
    this.spanMask = spans - 1;
    this.numberMask = spans * NUMBERS_PER_SPAN - 1;
    this.words = new Int32Array(spans * SPAN_WORDS);
    this.numbers = new Float64Array(spans * NUMBERS_PER_SPAN);
    this.roles = new Uint8Array(spans);
    this.failureOf = new Uint8Array(spans);
    this.shapes = Array.from({ length: spans });
    this.resources = Array.from({ length: spans });
  }

  add({ ids, numbers: from, spans }: SpanColumns, span: number, kinds: ColumnKinds): void {
    const { words, numbers, numberMask } = this;
    const place = this.nextSpan & this.spanMask;
    const idAt = span * ID_STRIDE;
    const at = place * SPAN_WORDS;
    words[at] = ids[idAt + ID_WORD.span] ?? 0;
    words[at + 1] = ids[idAt + ID_WORD.span + 1] ?? 0;
    words[at + 2] = ids[idAt + ID_WORD.parent] ?? 0;
    words[at + 3] = ids[idAt + ID_WORD.parent + 1] ?? 0;
    const shape = kinds.shapes[span];
    this.shapes[place] = shape;
    this.roles[place] = kinds.roles[span] ?? 0;
    this.failureOf[place] = 0;
    this.resources[place] = kinds.resources[spans[span * SPAN_STRIDE + SPAN_COLUMN.resource] ?? 0];
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

  /** Notes what the failure of a span was found to be that was added lately, so many spans before the next. */
  noteFailure(before: number, { category, retryable }: Failure): void {
    const { failures } = this;
    let index = failures.findIndex((known) => known.category === category && known.retryable === retryable);
    if (index < 0) index = failures.push({ category, retryable, retryDelayMs: null, rule: GONE_RULE, errorType: undefined }) - 1;
    this.failureOf[(this.nextSpan - before) & this.spanMask] = index + 1;
  }

  /** Lets go of what all but the last so many spans have of their shapes and resources. */
  keepLast(count: number): void {
    const { shapes, resources, spanMask } = this;
    for (let index = count; index <= spanMask; index += 1) {
      const place = (this.nextSpan - 1 - index) & spanMask;
      shapes[place] = undefined;
      resources[place] = undefined;
    }
  }

  /** Adds spans once more that stand somewhere already. */
  addAgain(first: number, count: number, { firstNumber, numberCount }: { firstNumber: number; numberCount: number }): void {
    const { words, numbers, roles, failureOf, shapes, resources, spanMask, numberMask } = this;
    for (let index = 0; index < count; index += 1) {
      const [from, to] = [(first + index) & spanMask, (this.nextSpan + index) & spanMask];
      words.copyWithin(to * SPAN_WORDS, from * SPAN_WORDS, (from + 1) * SPAN_WORDS);
      roles[to] = roles[from] ?? 0;
      failureOf[to] = failureOf[from] ?? 0;
      shapes[to] = shapes[from];
      resources[to] = resources[from];
    }
    for (let index = 0; index < numberCount; index += 1) {
      numbers[(this.nextNumber + index) & numberMask] = numbers[(firstNumber + index) & numberMask] ?? 0;
    }
    this.nextSpan = (this.nextSpan + count) | 0;
    this.nextNumber = (this.nextNumber + numberCount) | 0;
  }

  /** Adds spans that stand here to those that are looked at; false where they are too many. */
  note(first: number, count: number, earlier: EarlierSpans): boolean {
    for (let index = 0; index < count; index += 1) {
      const place = (first + index) & this.spanMask;
      const words = this.words.subarray(place * SPAN_WORDS, (place + 1) * SPAN_WORDS);
      if (!earlier.add(words, this.roles[place] ?? 0, this.shapes[place])) return false;
    }
    return true;
  }

  spansOf(traceId: string, first: number, count: number, firstNumber: number): Span[] {
    const { words, numbers, spanMask, numberMask } = this;
    const spans: Span[] = [];
    let number = firstNumber;
    for (let index = 0; index < count; index += 1) {
      const place = (first + index) & spanMask;
      const shape = this.shapes[place];
      if (shape === undefined) continue;
      const own = new Float64Array(shape.numberCount);
      for (let offset = 0; offset < own.length; offset += 1) own[offset] = numbers[(number + offset) & numberMask] ?? 0;
      number += own.length;
      spans.push(
        spanOfShape(shape.column, {
          traceId,
          spanId: hexOfWords(words, place * SPAN_WORDS, SPAN_ID_WORDS),
          parentSpanId: parentIdOf(words, place * SPAN_WORDS + SPAN_ID_WORDS),
          resource: this.resources[place] ?? {},
          foundFailure: this.failures[(this.failureOf[place] ?? 0) - 1] ?? null,
          numbers: own,
        }),
      );
    }
    return spans;
  }
}
