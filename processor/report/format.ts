import type { Interval } from "./wilson-interval.ts";

/** What stands where nobody knows. */
export const UNKNOWN = "-";

export const formatCount = (count: number): string => Math.round(count).toLocaleString("en-US");

/** 0 to 1 as "97.3 %". Neither 100 nor 0 is said unless it is exactly that. */
export function formatRate(rate: number | null): string {
  if (rate === null) return UNKNOWN;
  const text = (100 * rate).toFixed(1);
  if (text === "100.0" && rate < 1) return ">99.9 %";
  if (text === "0.0" && rate > 0) return "<0.1 %";
  return `${text} %`;
}

export const formatInterval = ({ low, high }: Interval): string => `${(100 * low).toFixed(1)}-${(100 * high).toFixed(1)} %`;

/** Two significant digits below a cent, cents above. */
export function formatUsd(usd: number | null): string {
  if (usd === null) return UNKNOWN;
  const size = Math.abs(usd);
  const digits = size === 0 || size >= 0.1 ? 2 : Math.min(9, 1 - Math.floor(Math.log10(size)));
  const amount = size >= 1000 ? Math.round(size).toLocaleString("en-US") : size.toFixed(digits);
  return `${usd < 0 ? "-" : ""}$${amount}`;
}

export function formatMs(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

/** 1234567 tokens as "1.2M". */
export function formatTokens(tokens: number): string {
  if (tokens < 10_000) return formatCount(tokens);
  if (tokens < 1_000_000) return `${Math.round(tokens / 1000)}k`;
  return tokens < 1_000_000_000 ? `${(tokens / 1_000_000).toFixed(1)}M` : `${(tokens / 1_000_000_000).toFixed(1)}G`;
}
