import type { PriceInput } from "./priced-call.ts";
import { STANDARD_TIER } from "./prices/price-rows.ts";
import type { CallFacts } from "./usage.ts";
import { SLOT, textIn } from "./usage-attributes.ts";
import { objectOf } from "./usage-provider.ts";

/** Which of a model's prices a call was billed at. */
export interface BillingTier {
  /** "standard", "batch", "flex", "priority", "fast", ...; two at once joined by "+", which no price row has. */
  readonly tier: string;
  /** A tier that counts only where the model has a price for it. */
  readonly optionalTier: string | null;
  /** Multiplies every price; null where nobody says by how much. */
  readonly factor: number | null;
  /** Billed by another scheme than tokens, and priced as if it were not. */
  readonly uncertain: boolean;
}

/** Names of the ordinary price. "auto" only asks: the response says what it got. */
const STANDARD_NAMES: ReadonlySet<string> = new Set([
  "standard",
  "default",
  "on_demand",
  "standard_only",
  "normal",
  "none",
  "traffic_type_unspecified",
]);

/** anthropic: `inference_geo: "us"` costs 1.1 x for every kind of token (LiteLLM 1.106.2; Anthropic's pricing page, data residency). */
const GEO_FACTORS: Readonly<Record<string, number>> = { us: 1.1, global: 1, not_available: 1 };

export function billingTier(facts: CallFacts, context: PriceInput["context"]): BillingTier {
  const { provider, attributes, documents } = facts;
  const said = tierName(facts, context?.serviceTier);
  // Anthropic's Priority Tier is bought as committed throughput, not per token.
  const committed = provider === "anthropic" && said === "priority";
  const speed = tierOf(textIn(attributes, SLOT.speed) ?? documents.answer["speed"]) ?? tierOf(context?.speed);
  return {
    tier: together(committed ? STANDARD_TIER : said, tierOf(context?.processing), speed),
    optionalTier: provider === "alibaba_cloud" && cachesExplicitly(facts) ? "explicit-cache" : null,
    factor: geoFactor(facts),
    uncertain: committed,
  };
}

/** `billingTier` of calls that nothing but their counts tells apart; null where counts have a say in it. */
export function billingOfAll(facts: CallFacts): BillingTier | null {
  return facts.provider === "alibaba_cloud" ? null : billingTier(facts, undefined);
}

/** Those that are not the ordinary one, each once. */
function together(...tiers: readonly (string | undefined)[]): string {
  let all = STANDARD_TIER;
  for (const tier of tiers) {
    if (tier === undefined || tier === STANDARD_TIER || tier === all) continue;
    all = all === STANDARD_TIER ? tier : `${all}+${tier}`;
  }
  return all;
}

/** Alibaba's implicit cache has no write fee, and its explicit one names itself. */
function cachesExplicitly({ documents, reading }: CallFacts): boolean {
  if ((reading.usage?.cacheWrite5m ?? 0) > 0) return true;
  return objectOf(documents.answer["prompt_tokens_details"])["cache_type"] !== undefined;
}

/** What the response says goes before what the request asked for. */
function tierName({ attributes, documents }: CallFacts, fromContext: string | undefined): string | undefined {
  const { answer } = documents;
  return (
    tierOf(textIn(attributes, SLOT.responseTier)) ??
    tierOf(answer["service_tier"]) ??
    tierOf(answer["trafficType"]) ??
    tierOf(textIn(attributes, SLOT.requestTier)) ??
    tierOf(fromContext)
  );
}

function tierOf(name: unknown): string | undefined {
  if (typeof name !== "string" || name === "") return undefined;
  if (STANDARD_NAMES.has(name)) return STANDARD_TIER;
  // Gemini's trafficType: ON_DEMAND, ON_DEMAND_PRIORITY, ON_DEMAND_FLEX.
  const tier = name.toLowerCase().replace(/^on_demand_(?=.)/, "");
  if (tier === "auto") return undefined;
  return STANDARD_NAMES.has(tier) ? STANDARD_TIER : tier;
}

function geoFactor({ provider, attributes, documents }: CallFacts): number | null {
  const geo = textIn(attributes, SLOT.inferenceGeo) ?? documents.answer["inference_geo"];
  if (provider !== "anthropic" || typeof geo !== "string" || geo === "") return 1;
  return GEO_FACTORS[geo.toLowerCase()] ?? null;
}
