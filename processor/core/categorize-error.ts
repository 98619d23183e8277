import type { Categorization, ErrorCategory, ErrorEvidence } from "./categorization.ts";
import { matchesClause, type ClausePattern } from "./errors/clauses.ts";
import { factsOf, type ErrorFacts, type ErrorLayer } from "./errors/error-layers.ts";
import type { ErrorRule } from "./errors/error-rule.ts";
import { isMarked } from "./errors/pattern-index.ts";
import { CLAUSE_MARKS, TIERS, type PlacedTier } from "./errors/prose-index.ts";
import { isRetryable } from "./errors/retryable.ts";
import { statedWaitMs } from "./errors/stated-wait.ts";
import { statusRule } from "./errors/status-rules.ts";

/** What decided, before the answer is dressed: a row of the rule table or a bare status. */
interface Decision {
  readonly name: string;
  readonly category: ErrorCategory;
  readonly retryable?: boolean;
}

export const NOTHING_MATCHED: Decision = { name: "unknown: nothing matched", category: "unknown" };

/**
 * Says what kind of failure the evidence shows. Total and deterministic: any value in any field gives an answer, and the
 * work is bounded whatever the size. A complaint that is named beats one that is only implied, that beats the status, that
 * beats a wrapper's name; the innermost cause is judged before what wraps it.
 */
export function categorizeError(evidence: ErrorEvidence): Categorization {
  const facts = factsOf(evidence);
  const decision = decide(facts);
  const retryDelayMs = statedWaitMs(evidence.headers, facts);
  return { category: decision.category, retryable: isRetryable(decision, facts, retryDelayMs), retryDelayMs, rule: decision.name };
}

function decide(facts: ErrorFacts): Decision {
  return (
    matchTier(TIERS.named, facts) ??
    matchTier(TIERS.implied, facts) ??
    (facts.status === null ? null : statusRule(facts.status)) ??
    matchTier(TIERS.vague, facts) ??
    NOTHING_MATCHED
  );
}

function matchTier(tier: PlacedTier, facts: ErrorFacts): ErrorRule | null {
  let before: ErrorLayer | null = null;
  for (const layer of facts.layers) {
    // What says the same as what it wraps was asked already.
    if (layer === before || (layer.prose.text === "" && layer.codes.size === 0)) continue;
    before = layer;
    const rule = matchLayer(tier, layer, facts);
    if (rule !== null) return rule;
  }
  return null;
}

/** Rules that cannot match are passed over by their bits (errors/pattern-index.ts); the others are asked in their order. */
function matchLayer(tier: PlacedTier, layer: ErrorLayer, facts: ErrorFacts): ErrorRule | null {
  const { listed, stems, prose } = layer;
  for (let word = tier.firstWord; word < tier.endWord; word += 1) {
    let bits = (listed[word] ?? 0) | (stems[word] ?? 0) | (prose.marks[word] ?? 0) | (CLAUSE_MARKS[word] ?? 0);
    for (; bits !== 0; bits &= bits - 1) {
      const bit = 32 * word + (31 - Math.clz32(bits & -bits));
      const rule = tier.rules[bit - 32 * tier.firstWord];
      if (rule !== undefined && matches(rule, bit, layer) && !isRefuted(rule, facts)) return rule;
    }
  }
  return null;
}

function matches({ stem, text, clauses }: ErrorRule, bit: number, layer: ErrorLayer): boolean {
  if (isMarked(layer.listed, bit)) return true;
  if (stem !== undefined && isMarked(layer.stems, bit) && layer.codeText !== "" && stem.test(layer.codeText)) return true;
  return (text !== undefined && layer.prose.matches(bit, text)) || (clauses !== undefined && speaksOf(clauses, layer));
}

function speaksOf(patterns: readonly ClausePattern[], { clauses }: ErrorLayer): boolean {
  for (const found of clauses()) for (const pattern of patterns) if (matchesClause(pattern, found)) return true;
  return false;
}

function isRefuted({ unless }: ErrorRule, facts: ErrorFacts): boolean {
  if (unless === undefined) return false;
  if (unless.codes?.some((code) => facts.allCodes().has(code)) === true) return true;
  if (facts.status !== null && unless.status?.includes(facts.status) === true) return true;
  return unless.text?.test(facts.allProse()) ?? false;
}
