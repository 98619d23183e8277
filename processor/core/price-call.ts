import type { PriceBook } from "./price-book.ts";
import type { CostStatus, PricedCall, PriceInput, Usage } from "./priced-call.ts";
import { rateFor, ratesAt, STANDARD_TIER, type ModelPrices, type Rate, type RateCard } from "./prices/price-rows.ts";
import { billingTier, type BillingTier } from "./price-tier.ts";
import { readCallFacts, type CallFacts, type UsageInput } from "./usage.ts";
import type { Modalities } from "./usage-provider.ts";

const TOKENS_PER_PRICE = 1_000_000;

/** The tokens of a call and what they cost, or why nobody can say. Total: no input makes it throw. Unknown is null, never 0. */
export function priceCall(input: UsageInput, book: PriceBook): PricedCall {
  const find: PriceBook["find"] = (provider, model, requested) => book.find(provider, model, requested);
  return priceFacts(readCallFacts(input), { find, atMs: input.atMs, context: input.context });
}

/** By which prices, as of when, and what only the call's surroundings know. */
export interface Pricing {
  readonly find: PriceBook["find"];
  readonly atMs: number;
  readonly context?: PriceInput["context"] | undefined;
  /** Where it is the same for all calls that are asked for: at which of the prices they are billed. */
  readonly billing?: BillingTier | null;
  /** What the call before this one was billed at. */
  readonly before?: RatesBefore;
}

/** What calls of one card and factor are billed at up to so many tokens of input. */
export interface RatesBefore {
  card: RateCard | null;
  factor: number;
  inputEnd: number;
  rates: TokenRates | null;
}

/** `priceCall` of a call whose usage has been read. */
export function priceFacts(facts: CallFacts, { find, atMs, context, billing: known = null, before }: Pricing): PricedCall {
  const { reading, provider, model, requestModel } = facts;
  const { usage } = reading;
  if (usage === null) return unpriced(null, reading.invalid ? "invalid_usage" : "no_usage");
  if (provider === undefined) return unpriced(usage, "unknown_provider");
  if (model === undefined) return unpriced(usage, "unknown_model");
  const match = find(provider, model, requestModel);
  if (match.status !== "found") return unpriced(usage, match.status);
  const billing = known ?? billingTier(facts, context);
  const card = priceCard(match.model, billing, usage, atMs);
  if (typeof card === "string") return unpriced(usage, card);
  if (usage.cacheWrite1h > 0 && lacksLongWrite(card, provider)) return unpriced(usage, "unknown_tier");
  const rates = ratesLike(before, card, usage, billing.factor ?? 1);
  if (rates === null) return unpriced(usage, "unknown_model");
  const { ambiguous, modalities } = reading;
  return priced({ usage, modalities, ambiguous: ambiguous || billing.uncertain }, rates, match.model.date);
}

/** USD per million tokens, at the tier that the call reaches. */
interface TokenRates {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly inputAudio: number;
  readonly inputImage: number;
  readonly outputAudio: number;
  readonly outputImage: number;
}

/** The prices of that tier on that day, or why the call has none. */
function priceCard(model: ModelPrices, billing: BillingTier, usage: Usage, atMs: number): RateCard | CostStatus {
  if (billing.factor === null) return "unknown_tier";
  const card = cardFor(model, billing, atMs);
  if (card === null) return ratesAt(model, atMs, STANDARD_TIER) === null ? "unknown_model" : "unknown_tier";
  return card.output === undefined && usage.output > 0 ? "unknown_model" : card;
}

/** `tokenRates`, found once for calls that nothing but their tokens tells apart. */
function ratesLike(before: RatesBefore | undefined, card: RateCard, usage: Usage, factor: number): TokenRates | null {
  if (before === undefined) return tokenRates(card, usage, factor);
  if (before.card !== card || before.factor !== factor) Object.assign(before, { card, factor, rates: null, inputEnd: firstTierOf(card) });
  if (totalInputOf(usage) >= before.inputEnd) return tokenRates(card, usage, factor);
  return (before.rates ??= tokenRates(card, usage, factor));
}

/** Tokens of input from which on any of its prices is another. */
function firstTierOf(card: RateCard): number {
  return Math.min(...Object.values(card).map((rate: Rate) => (typeof rate === "number" ? Infinity : (rate[1] ?? Infinity))));
}

/** What each kind of token costs in this call; a missing price of cache, audio or images means "billed as ordinary tokens". */
function tokenRates(card: RateCard, usage: Usage, factor: number): TokenRates | null {
  const { input, output = 0, cacheWrite = input } = card;
  if (input === undefined || cacheWrite === undefined) return null;
  const totalInput = totalInputOf(usage);
  return {
    input: factor * rateFor(input, totalInput),
    cacheRead: factor * rateFor(card.cacheRead ?? input, totalInput),
    cacheWrite: factor * rateFor(cacheWrite, totalInput),
    cacheWrite1h: factor * rateFor(card.cacheWrite1h ?? cacheWrite, totalInput),
    output: factor * rateFor(output, totalInput),
    inputAudio: factor * rateFor(card.inputAudio ?? input, totalInput),
    inputImage: factor * rateFor(card.inputImage ?? input, totalInput),
    outputAudio: factor * rateFor(card.outputAudio ?? output, totalInput),
    outputImage: factor * rateFor(card.outputImage ?? output, totalInput),
  };
}

function cardFor(model: ModelPrices, billing: BillingTier, atMs: number): RateCard | null {
  const optional = billing.optionalTier === null ? null : ratesAt(model, atMs, billing.optionalTier);
  return billing.tier === STANDARD_TIER && optional !== null ? optional : ratesAt(model, atMs, billing.tier);
}

/** OpenAI's 12-hour retention is a class of its own, dearer than its short writes; Anthropic's hour, where no price is listed, is not. */
function lacksLongWrite({ cacheWrite, cacheWrite1h }: RateCard, provider: string): boolean {
  return (provider === "openai" || provider === "azure.ai.openai") && cacheWrite !== undefined && cacheWrite1h === undefined;
}

interface Billed {
  readonly usage: Usage;
  readonly modalities: Modalities | null;
  readonly ambiguous: boolean;
}

function priced({ usage, modalities, ambiguous }: Billed, rates: TokenRates, priceDate: string): PricedCall {
  const costInputUsd = inputUsd(usage.uncachedInput, modalities, rates);
  const costCacheReadUsd = usd(usage.cacheRead, rates.cacheRead);
  const costCacheWriteUsd = usd(usage.cacheWrite5m, rates.cacheWrite) + usd(usage.cacheWrite1h, rates.cacheWrite1h);
  const costOutputUsd = outputUsd(usage.output, modalities, rates);
  const costUsd = costInputUsd + costCacheReadUsd + costCacheWriteUsd + costOutputUsd;
  // The output is the same addend in both sums, so that a call without caching saves exactly 0.
  const costWithoutCacheUsd = inputUsd(totalInputOf(usage), modalities, rates) + costOutputUsd;
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

function totalInputOf({ uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h }: Usage): number {
  return uncachedInput + cacheRead + cacheWrite5m + cacheWrite1h;
}

function hitRatio(usage: Usage): number | null {
  const totalInput = totalInputOf(usage);
  return totalInput > 0 ? usage.cacheRead / totalInput : null;
}
