import type { Attributes } from "@opentelemetry/api";
import { readProviderUsage } from "../../processor/core/usage-provider.ts";
import type { Answerer } from "../../processor/core/usage-provider.ts";
import type { Json } from "../wire/answer.ts";

/**
 * Puts a provider's `usage` on a span in the words of the convention: input with everything cached, output with reasoning. A part
 * that the provider does not speak of is left out, never made 0; counts that cannot be are left out altogether.
 */
export function addUsage(attributes: Attributes, usage: Json | undefined, who: Answerer): void {
  const billed = usage === undefined ? null : readProviderUsage(usage, who);
  if (usage === undefined || billed === null) return;
  const cacheWrite = billed.cacheWrite5m + billed.cacheWrite1h;
  const input = billed.uncachedInput + billed.cacheRead + cacheWrite;
  if (!Number.isFinite(input + billed.output)) return;
  const stated = statedParts(usage);
  attributes["gen_ai.usage.input_tokens"] = input;
  attributes["gen_ai.usage.output_tokens"] = billed.output;
  if (billed.cacheRead > 0 || stated.cacheRead) attributes["gen_ai.usage.cache_read.input_tokens"] = billed.cacheRead;
  if (cacheWrite > 0 || stated.cacheWrite) attributes["gen_ai.usage.cache_write.input_tokens"] = cacheWrite;
  if (billed.reasoning !== null) attributes["gen_ai.usage.reasoning.output_tokens"] = billed.reasoning;
  if (billed.cacheWrite1h > 0 || stated.split) {
    attributes["anthropic.usage.cache_creation.ephemeral_5m_input_tokens"] = billed.cacheWrite5m;
    attributes["anthropic.usage.cache_creation.ephemeral_1h_input_tokens"] = billed.cacheWrite1h;
  }
}

interface StatedParts {
  cacheRead: boolean;
  cacheWrite: boolean;
  split: boolean;
}

/** Names by which providers speak of the cache. */
const CACHE_READ = /cached|cache_read|cacheRead|cache_hit/;
const CACHE_WRITE = /cache_write|cacheWrite|cache_creation/;
const ONE_HOUR = "ephemeral_1h_input_tokens";
/** usage -> details -> what a gateway nests once more. */
const DEPTH_MAX = 4;

function statedParts(usage: object): StatedParts {
  const stated = { cacheRead: false, cacheWrite: false, split: false };
  noteParts(usage, stated, 0);
  return stated;
}

function noteParts(usage: object, stated: StatedParts, depth: number): void {
  for (const key in usage) {
    const value = (usage as Json)[key];
    if (typeof value === "number" && value >= 0) notePart(key, stated);
    else if (typeof value === "object" && value !== null && depth < DEPTH_MAX) noteParts(value, stated, depth + 1);
  }
}

function notePart(key: string, stated: StatedParts): void {
  if (key === ONE_HOUR) stated.split = true;
  if (!key.includes("cache")) return;
  stated.cacheRead ||= CACHE_READ.test(key);
  stated.cacheWrite ||= CACHE_WRITE.test(key);
}
