import { NORMALIZED, OWN } from "./attributes.ts";
import { completeCall } from "./call.ts";
import type { Failure } from "./call-failure.ts";
import { writeFindings } from "./enrich-call.ts";
import type { EnrichmentTemplate } from "./enrichment-template.ts";
import type { PriceBook } from "./price-book.ts";
import type { CostStatus } from "./priced-call.ts";
import type { FailureKind } from "./quiet-failure.ts";
import type { QuietCall } from "./quiet-shape.ts";
import type { Span } from "./span.ts";

/** Values that a span has or has not, some only together; in the order in which they are written. */
export const PRESENT = { firstChunk: 1, wait: 2, usage: 4, reasoning: 8, cost: 16, hitRatio: 32, speed: 64 } as const;

const KEYS: readonly (readonly [number, readonly string[]])[] = [
  [PRESENT.firstChunk, [NORMALIZED.timeToFirstChunk]],
  [PRESENT.wait, [OWN.errorRetryAfterMs]],
  [PRESENT.usage, [NORMALIZED.inputTokens, NORMALIZED.outputTokens, NORMALIZED.cacheReadTokens, NORMALIZED.cacheWriteTokens]],
  [PRESENT.reasoning, [NORMALIZED.reasoningTokens]],
  [
    PRESENT.cost,
    [
      OWN.costUsd,
      OWN.costInputUsd,
      OWN.costCacheReadUsd,
      OWN.costCacheWriteUsd,
      OWN.costOutputUsd,
      OWN.costWithoutCacheUsd,
      OWN.cacheSavingsUsd,
    ],
  ],
  [PRESENT.hitRatio, [OWN.cacheHitRatio]],
  [PRESENT.speed, [OWN.outputTokensPerSecond]],
];

/** More values than any span gets. */
export const VALUES_MAX = KEYS.flatMap(([, keys]) => keys).length;

/** All that tells what is written on one span of a shape from what is written on another, but for the numbers. */
export interface TemplateMarks {
  /** It stands for a call to a model. */
  asksModel: boolean;
  /** Bits of PRESENT. */
  present: number;
  /** Of a call: "" for any other span. */
  costStatus: CostStatus | "";
  priceDate: string | null;
  /** What its request was answered; 0 where no request is known. */
  httpStatus: number;
  /** When that request began; NaN where none is known. No mark: a number. */
  answeredMs: number;
  /** Something would have shown retries, had there been any. */
  counted: boolean;
  /** null: it did not fail. */
  failure: FailureKind | null;
  /** The wait that the provider stated; NaN where it stated none. No mark: a number. */
  retryDelayMs: number;
}

/** A template with the marks by which it is found. */
export interface PlacedTemplate {
  /** All that has few values, in one number. */
  readonly bits: number;
  readonly httpStatus: number;
  readonly priceDate: string | null;
  readonly failure: FailureKind | null;
  readonly template: EnrichmentTemplate;
}

/** Kinds of what is written: some per shape. When there are more, somebody invents shapes, and their numbers are given anew. */
const TEMPLATES_MAX = 8_192;

export interface QuietTemplates {
  /** The template of a span with these marks; null where none was made yet. */
  find(call: QuietCall, marks: TemplateMarks): EnrichmentTemplate | null;
  /** Makes it, by the ordinary way to write. The fields of `call` are the span's. */
  make(call: QuietCall, marks: TemplateMarks, span: Span, prices: PriceBook): EnrichmentTemplate;
  /** No more can be made: whoever keeps any has to forget them, and may begin anew. */
  readonly full: boolean;
}

export function createQuietTemplates(): QuietTemplates {
  let count = 0;
  return {
    get full() {
      return count >= TEMPLATES_MAX;
    },
    find({ templates }, marks) {
      const { httpStatus, priceDate, failure } = marks;
      const bits = bitsOf(marks);
      for (let index = 0; index < templates.length; index += 1) {
        const placed = templates[index];
        if (placed === undefined || placed.bits !== bits || placed.httpStatus !== httpStatus) continue;
        if (placed.priceDate === priceDate && placed.failure === failure) return placed.template;
      }
      return null;
    },
    make(call, marks, span, prices) {
      const template = { id: count, enrichment: write(call, marks, span, prices), numberKeys: keysOf(marks.present) };
      count += 1;
      const { httpStatus, priceDate, failure } = marks;
      call.templates.unshift({ bits: bitsOf(marks), httpStatus, priceDate, failure, template });
      return template;
    },
  };
}

const PRESENT_END = 2 * PRESENT.speed;

function bitsOf({ present, asksModel, counted, costStatus }: TemplateMarks): number {
  const status = costStatus === "priced" ? 0 : STATUSES.indexOf(costStatus);
  return present + PRESENT_END * (Number(asksModel) + 2 * Number(counted) + 4 * status);
}

const STATUSES: readonly TemplateMarks["costStatus"][] = [
  "priced",
  "ambiguous_usage",
  "no_usage",
  "invalid_usage",
  "unknown_model",
  "unknown_provider",
  "unknown_tier",
  "",
];

function keysOf(present: number): string[] {
  return KEYS.flatMap(([bit, keys]) => ((present & bit) === 0 ? [] : keys));
}

/** As of a call whose request, if one is known, was the first (retry.ts, retriesOf and nothingSeen). */
function write(call: QuietCall, marks: TemplateMarks, span: Span, prices: PriceBook): EnrichmentTemplate["enrichment"] {
  const { asksModel, httpStatus, answeredMs, counted } = marks;
  const lastAttempt = httpStatus === 0 ? undefined : { note: { httpStatus, startMs: answeredMs } };
  const count = counted || httpStatus > 0 ? 0 : undefined;
  const retries = asksModel ? { count, reason: undefined, waitMs: undefined, of: undefined, lastAttempt } : null;
  const read = completeCall(span, call.words, call.fields);
  return writeFindings({ span, call: read, llmCall: asksModel, failure: failureOf(marks), retries, usage: call.usage }, prices);
}

function failureOf({ failure, retryDelayMs }: TemplateMarks): Failure | null {
  if (failure === null) return null;
  const { category, retryable, errorType, statesWait } = failure;
  return { category, retryable, errorType, retryDelayMs: statesWait ? retryDelayMs : null, rule: "" };
}
