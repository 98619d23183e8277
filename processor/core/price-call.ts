import type { PriceBook } from "./price-book.ts";
import type { CostStatus, PricedCall, Usage } from "./priced-call.ts";
import { rateFor, ratesAt, STANDARD_TIER, type ModelPrices, type RateCard } from "./prices/price-rows.ts";
import { billingTier, type BillingTier } from "./price-tier.ts";
import { readCallFacts, type CallFacts, type UsageInput } from "./usage.ts";

const TOKENS_PER_PRICE = 1_000_000;

/** The tokens of a call and what they cost, or why nobody can say. Total: no input makes it throw. Unknown is null, never 0. */
export function priceCall(input: UsageInput, book: PriceBook): PricedCall {
  const facts = readCallFacts(input);
  const { reading, provider, model, requestModel } = facts;
  const { usage } = reading;
  if (usage === null) return unpriced(null, reading.invalid ? "invalid_usage" : "no_usage");
  if (provider === undefined) return unpriced(usage, "unknown_provider");
  if (model === undefined) return unpriced(usage, "unknown_model");
  const match = book.find(provider, model, requestModel);
  if (match.status !== "found") return unpriced(usage, match.status);
  const billing = billingTier(facts, input.context);
  const rates = tokenRates(match.model, billing, usage, input.atMs);
  if (typeof rates === "string") return unpriced(usage, rates);
  if (usage.cacheWrite1h > 0 && rates.longWriteUnknown && sellsLongRetention(facts)) return unpriced(usage, "unknown_tier");
  return priced(usage, rates, { ambiguous: reading.ambiguous || billing.uncertain, priceDate: match.model.date });
}

/** USD per million tokens, at the tier that the call reaches. */
export interface TokenRates {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  /** Writes have a price and the long ones have none of their own: they are billed as the short ones. */
  readonly longWriteUnknown: boolean;
}

/** What one kind of token costs in this call; a missing cache price means "billed as ordinary input". */
export function tokenRates(model: ModelPrices, billing: BillingTier, usage: Usage, atMs: number): TokenRates | CostStatus {
  if (billing.factor === null) return "unknown_tier";
  const card = cardFor(model, billing, atMs);
  if (card === null)
    return billing.tier !== STANDARD_TIER && ratesAt(model, atMs, STANDARD_TIER) !== null ? "unknown_tier" : "unknown_model";
  if (card.input === undefined || (card.output === undefined && usage.output > 0)) return "unknown_model";
  const { factor } = billing;
  const totalInput = totalInputOf(usage);
  const cacheWrite = card.cacheWrite ?? card.input;
  return {
    input: factor * rateFor(card.input, totalInput),
    cacheRead: factor * rateFor(card.cacheRead ?? card.input, totalInput),
    cacheWrite: factor * rateFor(cacheWrite, totalInput),
    cacheWrite1h: factor * rateFor(card.cacheWrite1h ?? cacheWrite, totalInput),
    output: factor * rateFor(card.output ?? 0, totalInput),
    longWriteUnknown: card.cacheWrite !== undefined && card.cacheWrite1h === undefined,
  };
}

function cardFor(model: ModelPrices, billing: BillingTier, atMs: number): RateCard | null {
  const optional = billing.optionalTier === null ? null : ratesAt(model, atMs, billing.optionalTier);
  return billing.tier === STANDARD_TIER && optional !== null ? optional : ratesAt(model, atMs, billing.tier);
}

/** OpenAI's 12-hour retention is a dearer class of its own; Anthropic's hour, where no price is listed, is not. */
function sellsLongRetention({ provider }: CallFacts): boolean {
  return provider === "openai" || provider === "azure.ai.openai";
}

function priced(usage: Usage, rates: TokenRates, { ambiguous, priceDate }: { ambiguous: boolean; priceDate: string }): PricedCall {
  const costInputUsd = usd(usage.uncachedInput, rates.input);
  const costCacheReadUsd = usd(usage.cacheRead, rates.cacheRead);
  const costCacheWriteUsd = usd(usage.cacheWrite5m, rates.cacheWrite) + usd(usage.cacheWrite1h, rates.cacheWrite1h);
  const costOutputUsd = usd(usage.output, rates.output);
  const costUsd = costInputUsd + costCacheReadUsd + costCacheWriteUsd + costOutputUsd;
  // The output is the same addend in both sums, so that a call without caching saves exactly 0.
  const costWithoutCacheUsd = usd(totalInputOf(usage), rates.input) + costOutputUsd;
  return {
    usage,
    costUsd,
    costInputUsd,
    costCacheReadUsd,
    costCacheWriteUsd,
    costOutputUsd,
    costWithoutCacheUsd,
    cacheSavingsUsd: costWithoutCacheUsd - costUsd,
    cacheHitRatio: hitRatio(usage),
    costStatus: ambiguous ? "ambiguous_usage" : "priced",
    priceDate,
  };
}

function usd(tokens: number, rate: number): number {
  return (tokens * rate) / TOKENS_PER_PRICE;
}

function unpriced(usage: Usage | null, costStatus: CostStatus): PricedCall {
  return {
    usage,
    costUsd: null,
    costInputUsd: null,
    costCacheReadUsd: null,
    costCacheWriteUsd: null,
    costOutputUsd: null,
    costWithoutCacheUsd: null,
    cacheSavingsUsd: null,
    cacheHitRatio: usage === null ? null : hitRatio(usage),
    costStatus,
    priceDate: null,
  };
}

function totalInputOf({ uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h }: Usage): number {
  return uncachedInput + cacheRead + cacheWrite5m + cacheWrite1h;
}

function hitRatio(usage: Usage): number | null {
  const totalInput = totalInputOf(usage);
  return totalInput > 0 ? usage.cacheRead / totalInput : null;
}
