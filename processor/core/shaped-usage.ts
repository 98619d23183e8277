import type { CallWords } from "./call.ts";
import type { PriceBook } from "./price-book.ts";
import { priceFacts, type Pricing, type RatesBefore } from "./price-call.ts";
import { billingOfAll } from "./price-tier.ts";
import type { PricedCall, Usage } from "./priced-call.ts";
import type { Span } from "./span.ts";
import { callFacts, readAgain, usageOriginOf, type CallFacts, type UsageOrigin } from "./usage.ts";
import { fillUsage, usageAttributes, usageNumbers, type UsageNumbers } from "./usage-attributes.ts";

/** The usage of spans of one shape: who answered, who wrote it down and where the numbers go is known. */
export interface ShapedUsage {
  readonly numbers: UsageNumbers;
  readonly origin: UsageOrigin;
  /** Of the span that was read last. */
  readonly facts: CallFacts;
  readonly pricing: ShapedPricing;
}

/** How the call that was read last was priced. */
interface ShapedPricing extends Pricing {
  /** The book that was asked last, and its answer for this shape. */
  book: PriceBook | null;
  found: ReturnType<PriceBook["find"]>;
  atMs: number;
  readonly before: RatesBefore;
}

/** null where usage stands in texts as well, or where only a request's address names the model. */
export function createShapedUsage(span: Span, words: CallWords, numberKeys: readonly string[]): ShapedUsage | null {
  return (words.responseModel ?? words.requestModel) === undefined ? null : createModellessUsage(span, words, numberKeys);
}

/** The same of a span that need not name a model: an agent's, for which no request is looked up. */
export function createModellessUsage(span: Span, words: CallWords, numberKeys: readonly string[]): ShapedUsage | null {
  const numbers = usageNumbers(span.attributes, numberKeys);
  const model = words.responseModel ?? words.requestModel;
  if (numbers === null) return null;
  const attributes = usageAttributes(span.attributes);
  const { scopeName: scope, scopeVersion } = span;
  const input = { scope, scopeVersion, provider: words.provider, model, atMs: span.startMs, attributes: span.attributes };
  const origin = usageOriginOf(input, attributes);
  const facts = callFacts(attributes, origin);
  const pricing: ShapedPricing = {
    book: null,
    found: { status: "unknown_model" },
    find: () => pricing.found,
    atMs: Number.NaN,
    billing: billingOfAll(facts),
    before: { card: null, factor: 1, rates: null, inputEnd: 0 },
  };
  return { numbers, origin, facts, pricing };
}

/** `priceCall` of a span of that shape. */
export function priceShaped(span: Span, shaped: ShapedUsage, book: PriceBook): PricedCall {
  fillUsage(shaped.facts.attributes, shaped.numbers, span);
  readFilled(shaped);
  return priceFilled(shaped, span.startMs, book);
}

/** The tokens of the span whose numbers were filled in last; null where it has none or none that can be. */
export function readFilled({ facts, origin }: ShapedUsage): Usage | null {
  return readAgain(facts, origin).reading.usage;
}

/** What these tokens cost at that time. */
export function priceFilled({ facts, pricing }: ShapedUsage, atMs: number, book: PriceBook): PricedCall {
  if (pricing.book !== book && facts.provider !== undefined && facts.model !== undefined) {
    pricing.found = book.find(facts.provider, facts.model, facts.requestModel);
    pricing.book = book;
  }
  pricing.atMs = atMs;
  return priceFacts(facts, pricing);
}
