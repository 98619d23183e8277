import type { Categorization, ErrorCategory, ErrorEvidence } from "./categorization.ts";
import { matchesClause, type ClausePattern } from "./errors/clauses.ts";
import { factsOf, type ErrorFacts, type ErrorLayer } from "./errors/error-layers.ts";
import { mayMatch, type TripleGate } from "./errors/letter-triples.ts";
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
    if (layer.prose === "" && layer.codes.size === 0) continue;
    const rule = matchLayer(tier, layer, facts);
    if (rule !== null) return rule;
  }
  return null;
}

function matchLayer(tier: RuleTier, layer: ErrorLayer, facts: ErrorFacts): ErrorRule | null {
  const listed = rulesListing(layer.codes, tier);
  let index = -1;
  for (const rule of tier.rules) {
    index += 1;
    const matches =
      listed?.has(rule) === true ||
      holdsWords(rule, tier.gates[index] ?? null, layer) ||
      (rule.clauses !== undefined && speaksOf(rule.clauses, layer));
    if (matches && !isRefuted(rule, facts)) return rule;
  }
  return null;
}

function rulesListing(codes: ReadonlySet<string>, { rulesByCode }: RuleTier): ReadonlySet<ErrorRule> | null {
  let listed: Set<ErrorRule> | null = null;
  for (const code of codes) for (const rule of rulesByCode.get(code) ?? []) (listed ??= new Set()).add(rule);
  return listed;
}

/** Asked of every rule, so it is kept free of calls that answer nothing: most errors have no prose, or no codes. */
function holdsWords({ stem, text }: ErrorRule, gate: TripleGate, { codeText, prose, triples }: ErrorLayer): boolean {
  if (stem !== undefined && codeText !== "" && stem.test(codeText)) return true;
  return text !== undefined && prose !== "" && mayMatch(gate, triples) && text.test(prose);
}

function speaksOf(patterns: readonly ClausePattern[], { clauses }: ErrorLayer): boolean {
  for (const found of clauses()) for (const pattern of patterns) if (matchesClause(pattern, found)) return true;
  return false;
}

function isRefuted({ unless }: ErrorRule, facts: ErrorFacts): boolean {
  if (unless === undefined) return false;
  if (unless.codes?.some((code) => facts.allCodes.has(code)) === true) return true;
  if (facts.status !== null && unless.status?.includes(facts.status) === true) return true;
  return unless.text?.test(facts.allProse) ?? false;
}
