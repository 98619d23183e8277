import type { PriceBook } from "./price-book.ts";
import type { CostStatus, PriceInput, Usage } from "./priced-call.ts";
import {
  rateFor,
  ratesAt,
  ratesHold,
  STANDARD_TIER,
  type ModelPrices,
  type Rate,
  type RateCard,
  type Validity,
} from "./prices/price-rows.ts";
import { billingTier, type BillingTier } from "./price-tier.ts";
import type { CallFacts } from "./usage.ts";

/** By which prices, as of when, and what only the call's surroundings know. */
export interface Pricing {
  readonly find: PriceBook["find"];
  readonly atMs: number;
  readonly context?: PriceInput["context"] | undefined;
  /** Where it is the same for all calls that are asked for: at which of the prices they are billed. */
  readonly billing?: BillingTier | null;
  /** What the call before this one was billed at, where nothing but time and tokens tells them apart. */
  readonly before?: TariffBefore;
}

export interface TariffBefore {
  tariff: Tariff | null;
}

/** What calls of one model and tier are billed at, for a time. */
interface Tariff extends Validity {
  /** Why nobody can say; null where somebody can. */
  readonly unpriced: CostStatus | null;
  readonly card: RateCard;
  /** Writes that live long are a class of their own, and have no price. */
  readonly lacksLongWrite: boolean;
  readonly factor: number;
  readonly uncertain: boolean;
  readonly priceDate: string;
  /** Tokens of input from which on any of its prices is another. */
  readonly inputEnd: number;
  /** Of calls with less input, once there was one. */
  bill: Bill | null;
}

/** What one call is billed at. */
export interface Bill {
  readonly rates: TokenRates;
  /** Billed by another scheme than tokens, and priced as if it were not. */
  readonly uncertain: boolean;
  readonly priceDate: string;
}

/** USD per million tokens, at the tier that the call reaches. */
export interface TokenRates {
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

/** What a call is billed at whose tokens are `facts.reading.usage`; or why nobody can say. */
export function billOf(facts: CallFacts, pricing: Pricing): Bill | CostStatus {
  const { reading, provider, model } = facts;
  const { usage } = reading;
  if (usage === null) return reading.invalid ? "invalid_usage" : "no_usage";
  if (provider === undefined) return "unknown_provider";
  if (model === undefined) return "unknown_model";
  const { before, atMs } = pricing;
  const known = before === undefined ? null : before.tariff;
  if (known !== null && atMs >= known.fromMs && atMs < known.untilMs) return billUnder(known, usage);
  const tariff = findTariff(facts, { provider, model }, pricing);
  // Where tokens have a say in the tier, it is another for the next call.
  if (before !== undefined && (pricing.billing ?? null) !== null) before.tariff = tariff;
  return billUnder(tariff, usage);
}

interface Asked {
  readonly provider: string;
  readonly model: string;
}

/** Objects are written out: a call that has no other before it finds its tariff each time, and V8 copies a spread one key by key. */
function findTariff(facts: CallFacts, { provider, model: asked }: Asked, { find, atMs, context, billing: known = null }: Pricing): Tariff {
  const match = find(provider, asked, facts.requestModel);
  if (match.status !== "found") return unpricedTariff(match.status);
  const { model } = match;
  const billing = known ?? billingTier(facts, context);
  const { factor, uncertain } = billing;
  if (factor === null) return unpricedTariff("unknown_tier");
  const holds = known === null ? ALWAYS : ratesHold(model, atMs);
  const card = cardFor(model, billing, atMs);
  if (card === null) return unpricedTariff(ratesAt(model, atMs, STANDARD_TIER) === null ? "unknown_model" : "unknown_tier", holds);
  return {
    fromMs: holds.fromMs,
    untilMs: holds.untilMs,
    unpriced: null,
    card,
    lacksLongWrite: lacksLongWrite(card, provider),
    factor,
    uncertain,
    priceDate: model.date,
    inputEnd: firstTierOf(card),
    bill: null,
  };
}

const ALWAYS: Validity = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };

function unpricedTariff(unpriced: CostStatus, holds: Validity = ALWAYS): Tariff {
  const { fromMs, untilMs } = holds;
  return {
    fromMs,
    untilMs,
    unpriced,
    card: {},
    lacksLongWrite: false,
    factor: 1,
    uncertain: false,
    priceDate: "",
    inputEnd: 0,
    bill: null,
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

/** Tokens of input from which on any of its prices is another. */
function firstTierOf(card: RateCard): number {
  let least = Infinity;
  for (const kind in card) {
    const rate: Rate = card[kind as keyof RateCard] ?? 0;
    if (typeof rate !== "number" && rate[1] !== undefined && rate[1] < least) least = rate[1];
  }
  return least;
}

/** Found once for the calls below the first tier of input. */
function billUnder(tariff: Tariff, usage: Usage): Bill | CostStatus {
  const { unpriced, card, bill } = tariff;
  if (unpriced !== null) return unpriced;
  if (usage.output > 0 && card.output === undefined) return "unknown_model";
  if (usage.cacheWrite1h > 0 && tariff.lacksLongWrite) return "unknown_tier";
  const inputTokens = totalInputOf(usage);
  const isUsual = inputTokens < tariff.inputEnd;
  if (isUsual && bill !== null) return bill;
  const rates = tokenRates(card, inputTokens, tariff.factor);
  if (rates === null) return "unknown_model";
  const found = { rates, uncertain: tariff.uncertain, priceDate: tariff.priceDate };
  if (isUsual) tariff.bill = found;
  return found;
}

/** What each kind of token costs in this call; a missing price of cache, audio or images means "billed as ordinary tokens". */
function tokenRates(card: RateCard, totalInput: number, factor: number): TokenRates | null {
  const { input, output = 0, cacheWrite = input } = card;
  if (input === undefined || cacheWrite === undefined) return null;
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

export function totalInputOf({ uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h }: Usage): number {
  return uncachedInput + cacheRead + cacheWrite5m + cacheWrite1h;
}
