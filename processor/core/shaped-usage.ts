import type { CallWords } from "./call.ts";
import type { PriceBook } from "./price-book.ts";
import { priceFacts } from "./price-call.ts";
import type { PricedCall } from "./priced-call.ts";
import type { Span } from "./span.ts";
import { callFacts, usageOriginOf, type UsageOrigin } from "./usage.ts";
import { fillUsage, usageAttributes, usageNumbers, type UsageAttributes, type UsageNumbers } from "./usage-attributes.ts";

/** The usage of spans of one shape: who answered, who wrote it down and where the numbers go is known. */
export interface ShapedUsage {
  /** Of the span that was read last. */
  readonly attributes: UsageAttributes;
  readonly numbers: UsageNumbers;
  readonly origin: UsageOrigin;
  /** The book that was asked last, and its answer for this shape. */
  readonly prices: { book: PriceBook | null; found: ReturnType<PriceBook["find"]> };
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
  const prices: ShapedUsage["prices"] = { book: null, found: { status: "unknown_model" } };
  return { attributes, numbers, origin: usageOriginOf(input, attributes), prices };
}

/** `priceCall` of a span of that shape. */
export function priceShaped(span: Span, usage: ShapedUsage, book: PriceBook): PricedCall {
  const { attributes, numbers, origin, prices } = usage;
  const facts = callFacts(fillUsage(attributes, numbers, span), origin);
  if (prices.book !== book && facts.provider !== undefined && facts.model !== undefined) {
    prices.found = book.find(facts.provider, facts.model, facts.requestModel);
    prices.book = book;
  }
  return priceFacts(facts, { find: () => prices.found, atMs: span.startMs });
}
