import { resendCountOf, ttftSecondsOf } from "./call.ts";
import { outputSpeed } from "./enrich-call.ts";
import { blankCosts, hitRatio, readCosts, statusOf } from "./price-call.ts";
import type { PriceBook } from "./price-book.ts";
import type { Usage } from "./priced-call.ts";
import type { QuietCall } from "./quiet-shape.ts";
import { PRESENT, type TemplateMarks } from "./quiet-template.ts";
import { billFilled, readFilled } from "./shaped-usage.ts";
import type { Span } from "./span.ts";
import { TIME_NUMBERS } from "./span-columns.ts";
import { fillUsageFrom } from "./usage-attributes.ts";

/** Where the numbers of a span stand: its two times, then those that its shape names. */
export interface OwnNumbers {
  numbers: Float64Array;
  from: number;
}

/** Puts a span's own numbers in their places among the fields of its call. */
export function fillFields({ fields, numbers: places }: QuietCall, { numbers, from }: OwnNumbers): void {
  const first = from + TIME_NUMBERS;
  for (let index = 0; index < places.length; index += 2) fields[places[index] ?? 0] = numbers[first + (places[index + 1] ?? 0)];
}

/** Attempts before the last one, by the emitter's own count; the fields are the span's. */
export function resentOf({ resendVaries, fields }: QuietCall): number {
  return resendVaries ? (resendCountOf(fields) ?? -1) : -1;
}

/**
 * The numbers that enrichment finds (enrich-call.ts, writeFindings), of one span after another, in the order of the keys of its
 * template.
 */
export class QuietValues {
  list: Float64Array;
  count = 0;
  private readonly costs = blankCosts();

  private prices: PriceBook;
  /** Of the span that is added; NaN where nothing says it. In a place of its own it makes no object. */
  private ttftSeconds = Number.NaN;

  constructor(valuesMax: number, prices: PriceBook) {
    this.list = new Float64Array(valuesMax);
    this.prices = prices;
  }

  /** Begins anew, with room for so many. */
  begin(valuesMax: number, prices: PriceBook): void {
    if (valuesMax > this.list.length) this.list = new Float64Array(2 * valuesMax);
    this.prices = prices;
    this.count = 0;
  }

  /** Adds those of a span, and notes in `marks` which they are. `span` is asked where its numbers do not tell. */
  add(span: Span, call: QuietCall, own: OwnNumbers, marks: TemplateMarks): void {
    const { usage } = call;
    const { numbers, from } = own;
    marks.present = 0;
    marks.costStatus = "";
    marks.priceDate = null;
    this.readFirstChunk(span, call, own);
    if (this.ttftSeconds >= 0) this.put(marks, PRESENT.firstChunk, this.ttftSeconds);
    if (marks.retryDelayMs >= 0) this.put(marks, PRESENT.wait, Math.round(marks.retryDelayMs));
    fillUsageFrom(usage.facts.attributes, usage.numbers, numbers, from + TIME_NUMBERS);
    const tokens = readFilled(usage);
    if (tokens !== null) this.putUsage(tokens, marks);
    if (!marks.asksModel) return;
    this.putMoney(call, tokens, own, marks);
    if (tokens !== null && tokens.output > 0 && marks.failure === null) this.putSpeed(tokens.output, own, marks);
  }

  private readFirstChunk(span: Span, call: QuietCall, own: OwnNumbers): void {
    this.ttftSeconds = Number.NaN;
    if (!call.tellsFirstChunk) return;
    // Asked first (call.ts, ttftSecondsOf).
    const seconds = call.firstChunkPlace < 0 ? Number.NaN : (own.numbers[own.from + TIME_NUMBERS + call.firstChunkPlace] ?? Number.NaN);
    if (seconds >= 0 && seconds < Number.POSITIVE_INFINITY) this.ttftSeconds = seconds;
    else {
      fillFields(call, own);
      this.ttftSeconds = ttftSecondsOf(span, call.words.dialect, call.fields) ?? Number.NaN;
    }
  }

  private putUsage(usage: Usage, marks: TemplateMarks): void {
    const { list, count } = this;
    const written = usage.cacheWrite5m + usage.cacheWrite1h;
    list[count] = usage.uncachedInput + usage.cacheRead + written;
    list[count + 1] = usage.output;
    list[count + 2] = usage.cacheRead;
    list[count + 3] = written;
    this.count = count + 4;
    marks.present |= PRESENT.usage;
    if (usage.reasoning !== null) this.put(marks, PRESENT.reasoning, usage.reasoning);
  }

  private putMoney({ usage }: QuietCall, tokens: Usage | null, { numbers, from }: OwnNumbers, marks: TemplateMarks): void {
    const bill = billFilled(usage, numbers[from] ?? 0, this.prices);
    if (marks.failure !== null && isUnused(tokens, bill)) return;
    if (typeof bill === "string") marks.costStatus = bill;
    else {
      marks.costStatus = statusOf(usage.facts, bill);
      marks.priceDate = bill.priceDate;
      marks.present |= PRESENT.cost;
      const { list, count } = this;
      const costs = readCosts(usage.facts, bill.rates, this.costs);
      list[count] = costs.costUsd;
      list[count + 1] = costs.costInputUsd;
      list[count + 2] = costs.costCacheReadUsd;
      list[count + 3] = costs.costCacheWriteUsd;
      list[count + 4] = costs.costOutputUsd;
      list[count + 5] = costs.costWithoutCacheUsd;
      list[count + 6] = costs.cacheSavingsUsd;
      this.count = count + 7;
    }
    const ratio = tokens === null ? null : hitRatio(tokens);
    if (ratio !== null) this.put(marks, PRESENT.hitRatio, ratio);
  }

  private putSpeed(outputTokens: number, { numbers, from }: OwnNumbers, marks: TemplateMarks): void {
    const startMs = numbers[from] ?? 0;
    const answeredMs = marks.httpStatus === 0 ? startMs : marks.answeredMs;
    const waitMs = this.ttftSeconds >= 0 ? this.ttftSeconds * 1_000 : Math.max(0, answeredMs - startMs);
    const speed = outputSpeed(outputTokens, (numbers[from + 1] ?? 0) - startMs - waitMs);
    if (speed !== undefined) this.put(marks, PRESENT.speed, speed);
  }

  private put(marks: TemplateMarks, present: number, value: number): void {
    marks.present |= present;
    this.list[this.count] = value;
    this.count += 1;
  }
}

/** Of a failed call then no cost is spoken of (enrich-call.ts, writeMoney). */
function isUnused(tokens: Usage | null, bill: ReturnType<typeof billFilled>): boolean {
  if (tokens === null) return bill === "no_usage";
  return tokens.uncachedInput + tokens.cacheRead + tokens.cacheWrite5m + tokens.cacheWrite1h + tokens.output === 0;
}
