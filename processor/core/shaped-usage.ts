import type { CallWords } from "./call.ts";
import type { PriceBook } from "./price-book.ts";
import { priceFacts } from "./price-call.ts";
import { billingOfAll } from "./price-tier.ts";
import type { CostStatus, PricedCall, Usage } from "./priced-call.ts";
import type { Span } from "./span.ts";
import { type Bill, billOf, type Pricing, type TariffBefore } from "./tariff.ts";
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

type AskedWords = Pick<CallWords, "provider" | "requestModel" | "responseModel">;

/** How the call that was read last was priced. */
interface ShapedPricing extends Pricing {
  /** The book that was asked last, and its answer for this shape. */
  book: PriceBook | null;
  found: ReturnType<PriceBook["find"]>;
  atMs: number;
  readonly before: TariffBefore;
}

/** null where usage stands in texts as well, or where only a request's address names the model. */
export function createShapedUsage(span: Span, words: CallWords, numberKeys: readonly string[]): ShapedUsage | null {
  return (words.responseModel ?? words.requestModel) === undefined ? null : createModellessUsage(span, words, numberKeys);
}

/** The same of a span that need not name a model: an agent's, for which no request is looked up. */
export function createModellessUsage(span: Span, words: AskedWords, numberKeys: readonly string[]): ShapedUsage | null {
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
    before: { tariff: null },
  };
  return { numbers, origin, facts, pricing };
}

/** `priceCall` of a span of that shape. */
export function priceShaped(span: Span, shaped: ShapedUsage, book: PriceBook): PricedCall {
  fillUsage(shaped.facts.attributes, shaped.numbers, span);
  readFilled(shaped);
  ask(shaped, span.startMs, book);
  return priceFacts(shaped.facts, shaped.pricing);
}

/** The tokens of the span whose numbers were filled in last, until the next one's are; null where it has none or none that can be. */
export function readFilled({ facts, origin }: ShapedUsage): Usage | null {
  return readAgain(facts, origin).reading.usage;
}

/** What these tokens are billed at at that time; or why nobody can say. */
export function billFilled(shaped: ShapedUsage, atMs: number, book: PriceBook): Bill | CostStatus {
  ask(shaped, atMs, book);
  return billOf(shaped.facts, shaped.pricing);
}

function ask({ facts, pricing }: ShapedUsage, atMs: number, book: PriceBook): void {
  pricing.atMs = atMs;
  if (pricing.book === book || facts.provider === undefined || facts.model === undefined) return;
  pricing.found = book.find(facts.provider, facts.model, facts.requestModel);
  pricing.book = book;
  pricing.before.tariff = null;
}
