import type { Categorization, ErrorCategory, ErrorEvidence } from "./categorization.ts";
import { matchesClause } from "./errors/clauses.ts";
import { factsOf, type ErrorFacts, type ErrorLayer } from "./errors/error-layers.ts";
import type { ErrorRule } from "./errors/error-rule.ts";
import { isRetryable } from "./errors/retryable.ts";
import { IMPLIED, NAMED, VAGUE, type RuleTier } from "./errors/rule-table.ts";
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
    matchTier(NAMED, facts) ??
    matchTier(IMPLIED, facts) ??
    (facts.status === null ? null : statusRule(facts.status)) ??
    matchTier(VAGUE, facts) ??
    NOTHING_MATCHED
  );
}

function matchTier(tier: RuleTier, facts: ErrorFacts): ErrorRule | null {
  for (const layer of facts.layers) {
    const rule = matchLayer(tier, layer, facts);
    if (rule !== null) return rule;
  }
  return null;
}

function matchLayer(tier: RuleTier, layer: ErrorLayer, facts: ErrorFacts): ErrorRule | null {
  const { prose, codes, codeText } = layer;
  const byCode: ErrorRule[] = [];
  for (const code of codes) byCode.push(...(tier.rulesByCode.get(code) ?? []));
  for (const rule of tier.rules) {
    const matches =
      byCode.includes(rule) ||
      (codeText !== "" && rule.stem?.test(codeText) === true) ||
      (prose !== "" && rule.text?.test(prose) === true) ||
      speaksOf(rule, layer);
    if (matches && !isRefuted(rule, facts)) return rule;
  }
  return null;
}

function speaksOf({ clauses: patterns }: ErrorRule, { clauses }: ErrorLayer): boolean {
  return patterns?.some((pattern) => clauses().some((clause) => matchesClause(pattern, clause))) ?? false;
}

function isRefuted({ unless }: ErrorRule, facts: ErrorFacts): boolean {
  if (unless === undefined) return false;
  if (unless.codes?.some((code) => facts.allCodes.has(code)) === true) return true;
  if (facts.status !== null && unless.status?.includes(facts.status) === true) return true;
  return unless.text?.test(facts.allProse) ?? false;
}
