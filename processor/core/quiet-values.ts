import { resendCountOf, ttftSecondsOf } from "./call.ts";
import { outputSpeed } from "./enrich-call.ts";
import type { PriceBook } from "./price-book.ts";
import type { PricedCall, Usage } from "./priced-call.ts";
import type { QuietCall } from "./quiet-shape.ts";
import { PRESENT, type TemplateMarks } from "./quiet-template.ts";
import { priceFilled, readFilled } from "./shaped-usage.ts";
import type { Span } from "./span.ts";
import { fillUsageFrom } from "./usage-attributes.ts";

/** Where values are written, one after another. */
export interface ValueList {
  values: Float64Array;
  count: number;
}

/** Where the numbers of a span stand that its shape names. */
export interface OwnNumbers {
  readonly numbers: Float64Array;
  readonly from: number;
}

/** Puts a span's own numbers in their places among the fields of its call. */
export function fillFields({ fields, numbers: places }: QuietCall, { numbers, from }: OwnNumbers): void {
  for (let index = 0; index < places.length; index += 2) fields[places[index] ?? 0] = numbers[from + (places[index + 1] ?? 0)];
}

/** Attempts before the last one, by the emitter's own count; the fields are the span's. */
export function resentOf({ resendVaries, fields }: QuietCall): number {
  return resendVaries ? (resendCountOf(fields) ?? -1) : -1;
}

/** What of a span is written: where its numbers come from and go to, and what else tells it from others of its shape. */
export interface ValueWriting {
  readonly own: OwnNumbers;
  readonly marks: TemplateMarks;
  readonly to: ValueList;
}

/**
 * Writes the numbers that enrichment finds for one span (enrich-call.ts, writeFindings), in the order of the template's keys, and
 * notes which are there. The fields of `call` are the span's.
 */
export function writeValues(span: Span, call: QuietCall, prices: PriceBook, { own, marks, to }: ValueWriting): void {
  const { usage } = call;
  marks.present = 0;
  marks.costStatus = "";
  marks.priceDate = null;
  const ttftSeconds = ttftSecondsOf(span, call.words.dialect, call.fields);
  if (ttftSeconds !== undefined) put(to, marks, PRESENT.firstChunk, ttftSeconds);
  fillUsageFrom(usage.facts.attributes, usage.numbers, own.numbers, own.from);
  const tokens = readFilled(usage);
  writeUsage(tokens, marks, to);
  if (!marks.asksModel) return;
  const { startMs, endMs } = span;
  writeMoney(priceFilled(usage, startMs, prices), marks, to);
  const output = tokens?.output ?? 0;
  const answeredMs = marks.httpStatus === 0 ? startMs : marks.answeredMs;
  const waitMs = ttftSeconds === undefined ? Math.max(0, answeredMs - startMs) : ttftSeconds * 1_000;
  const speed = output === 0 ? undefined : outputSpeed(output, endMs - startMs - waitMs);
  if (speed !== undefined) put(to, marks, PRESENT.speed, speed);
}

function writeUsage(usage: Usage | null, marks: TemplateMarks, to: ValueList): void {
  if (usage === null) return;
  const written = usage.cacheWrite5m + usage.cacheWrite1h;
  put(to, marks, PRESENT.usage, usage.uncachedInput + usage.cacheRead + written);
  put(to, marks, PRESENT.usage, usage.output);
  put(to, marks, PRESENT.usage, usage.cacheRead);
  put(to, marks, PRESENT.usage, written);
  if (usage.reasoning !== null) put(to, marks, PRESENT.reasoning, usage.reasoning);
}

function writeMoney(priced: PricedCall, marks: TemplateMarks, to: ValueList): void {
  marks.costStatus = priced.costStatus;
  marks.priceDate = priced.priceDate;
  if (priced.costUsd !== null) {
    put(to, marks, PRESENT.cost, priced.costUsd);
    put(to, marks, PRESENT.cost, priced.costInputUsd ?? 0);
    put(to, marks, PRESENT.cost, priced.costCacheReadUsd ?? 0);
    put(to, marks, PRESENT.cost, priced.costCacheWriteUsd ?? 0);
    put(to, marks, PRESENT.cost, priced.costOutputUsd ?? 0);
    put(to, marks, PRESENT.cost, priced.costWithoutCacheUsd ?? 0);
    put(to, marks, PRESENT.cost, priced.cacheSavingsUsd ?? 0);
  }
  if (priced.cacheHitRatio !== null) put(to, marks, PRESENT.hitRatio, priced.cacheHitRatio);
}

function put(to: ValueList, marks: TemplateMarks, present: number, value: number): void {
  marks.present |= present;
  to.values[to.count] = value;
  to.count += 1;
}
