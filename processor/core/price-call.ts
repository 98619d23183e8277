import type { PriceBook } from "./price-book.ts";
import type { CostStatus, PricedCall, Usage } from "./priced-call.ts";
import { type Bill, billOf, type Pricing, type TokenRates, totalInputOf } from "./tariff.ts";
import { readCallFacts, type CallFacts, type UsageInput } from "./usage.ts";
import type { Modalities } from "./usage-provider.ts";

const TOKENS_PER_PRICE = 1_000_000;

/** The tokens of a call and what they cost, or why nobody can say. Total: no input makes it throw. Unknown is null, never 0. */
export function priceCall(input: UsageInput, book: PriceBook): PricedCall {
  const find: PriceBook["find"] = (provider, model, requested) => book.find(provider, model, requested);
  return priceFacts(readCallFacts(input), { find, atMs: input.atMs, context: input.context });
}

/** `priceCall` of a call whose usage has been read. */
export function priceFacts(facts: CallFacts, pricing: Pricing): PricedCall {
  const bill = billOf(facts, pricing);
  const { usage } = facts.reading;
  if (typeof bill === "string") return unpriced(usage, bill);
  const costs = readCosts(facts, bill.rates, blankCosts());
  // Written out: a spread copies key by key, a tenth of what a call of a known shape takes.
  return {
    usage,
    costUsd: costs.costUsd,
    costInputUsd: costs.costInputUsd,
    costCacheReadUsd: costs.costCacheReadUsd,
    costCacheWriteUsd: costs.costCacheWriteUsd,
    costOutputUsd: costs.costOutputUsd,
    costWithoutCacheUsd: costs.costWithoutCacheUsd,
    cacheSavingsUsd: costs.cacheSavingsUsd,
    cacheHitRatio: usage === null ? null : hitRatio(usage),
    costStatus: statusOf(facts, bill),
    priceDate: bill.priceDate,
  };
}

/** The money of one call after another, in USD. */
export interface CallCosts {
  costUsd: number;
  costInputUsd: number;
  costCacheReadUsd: number;
  costCacheWriteUsd: number;
  costOutputUsd: number;
  costWithoutCacheUsd: number;
  cacheSavingsUsd: number;
}

export function blankCosts(): CallCosts {
  return {
    costUsd: 0,
    costInputUsd: 0,
    costCacheReadUsd: 0,
    costCacheWriteUsd: 0,
    costOutputUsd: 0,
    costWithoutCacheUsd: 0,
    cacheSavingsUsd: 0,
  };
}

/** What the tokens that were read cost at these rates. */
export function readCosts({ reading: { usage, modalities } }: CallFacts, rates: TokenRates, to: CallCosts): CallCosts {
  if (usage === null) return to;
  to.costInputUsd = inputUsd(usage.uncachedInput, modalities, rates);
  to.costCacheReadUsd = usd(usage.cacheRead, rates.cacheRead);
  to.costCacheWriteUsd = usd(usage.cacheWrite5m, rates.cacheWrite) + usd(usage.cacheWrite1h, rates.cacheWrite1h);
  to.costOutputUsd = outputUsd(usage.output, modalities, rates);
  to.costUsd = to.costInputUsd + to.costCacheReadUsd + to.costCacheWriteUsd + to.costOutputUsd;
  // The output is the same addend in both sums, so that a call without caching saves exactly 0.
  to.costWithoutCacheUsd = inputUsd(totalInputOf(usage), modalities, rates) + to.costOutputUsd;
  to.cacheSavingsUsd = to.costWithoutCacheUsd - to.costUsd;
  return to;
}

/** Of a call that has a cost. */
export function statusOf({ reading }: CallFacts, { uncertain }: Bill): CostStatus {
  return reading.ambiguous || uncertain ? "ambiguous_usage" : "priced";
}

function inputUsd(tokens: number, modalities: Modalities | null, rates: TokenRates): number {
  if (modalities === null) return usd(tokens, rates.input);
  const { inputAudio, inputImage } = modalities;
  return usd(tokens - inputAudio - inputImage, rates.input) + usd(inputAudio, rates.inputAudio) + usd(inputImage, rates.inputImage);
}

function outputUsd(tokens: number, modalities: Modalities | null, rates: TokenRates): number {
  if (modalities === null) return usd(tokens, rates.output);
  const { outputAudio, outputImage } = modalities;
  return usd(tokens - outputAudio - outputImage, rates.output) + usd(outputAudio, rates.outputAudio) + usd(outputImage, rates.outputImage);
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

/** null where there is no input. */
export function hitRatio(usage: Usage): number | null {
  const totalInput = totalInputOf(usage);
  return totalInput > 0 ? usage.cacheRead / totalInput : null;
}
