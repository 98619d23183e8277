import type { Attributes } from "./span.ts";

export type CostStatus =
  | "priced"
  | "unknown_model"
  | "unknown_provider"
  | "unknown_tier"
  | "invalid_usage"
  | "ambiguous_usage"
  | "no_usage";

/** Tokens of one call, each counted once: the five add up to everything that was billed. All finite and >= 0. */
export interface Usage {
  readonly uncachedInput: number;
  readonly cacheRead: number;
  /** Written to a cache that lives 5 minutes (Anthropic) or the provider's short time. */
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  /** Includes reasoning. */
  readonly output: number;
  /** Subset of output; null where nobody said. */
  readonly reasoning: number | null;
}

/** What a call is priced by: a span's attributes plus what only its surroundings know. */
export interface PriceInput {
  /** Name of the instrumentation scope: decides how its token counts are to be read. */
  readonly scope?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  /** Start of the call, ms since the epoch: prices are historic. */
  readonly atMs: number;
  /** Where no attribute says it. */
  readonly context?:
    | { readonly serviceTier?: string | undefined; readonly processing?: string | undefined; readonly speed?: string | undefined }
    | undefined;
  readonly attributes: Attributes;
}

/** Tokens and money of one call. Money is in USD and null where it is not known: never 0 for "no price". */
export interface PricedCall {
  /** null when the span has no usage, or usage that cannot be (NaN, negative). */
  readonly usage: Usage | null;
  readonly costUsd: number | null;
  readonly costInputUsd: number | null;
  readonly costCacheReadUsd: number | null;
  readonly costCacheWriteUsd: number | null;
  readonly costOutputUsd: number | null;
  /** The same tokens without prompt caching, at the same tier. */
  readonly costWithoutCacheUsd: number | null;
  /** costWithoutCacheUsd - costUsd: net of the write premium, may be negative. */
  readonly cacheSavingsUsd: number | null;
  /** cacheRead / all input; null when there is no input. */
  readonly cacheHitRatio: number | null;
  readonly costStatus: CostStatus;
  /** Date of the price data, "2026-11-24"; null unless priced. */
  readonly priceDate: string | null;
}
