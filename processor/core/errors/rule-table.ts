import type { CategoryRules, ErrorRule } from "./error-rule.ts";
import { gateOf, type TripleGate } from "./letter-triples.ts";
import { CANCEL } from "./rules/cancel.ts";
import { CAPACITY } from "./rules/capacity.ts";
import { CLOCK } from "./rules/clock.ts";
import { FAMILIES } from "./rules/family.ts";
import { IDENTITY } from "./rules/identity.ts";
import { MONEY } from "./rules/money.ts";
import { RATE } from "./rules/rate.ts";
import { REQUEST } from "./rules/request.ts";
import { DEPARTMENTS, SERVER } from "./rules/server.ts";
import { UNKNOWN } from "./rules/unknown.ts";
import { WIRE } from "./rules/wire.ts";

/** The precedence between categories, where an error gives evidence for several. */
const IN_ORDER: readonly CategoryRules[] = [CANCEL, MONEY, CAPACITY, RATE, CLOCK, UNKNOWN, IDENTITY, REQUEST, WIRE, SERVER];

/** One strength of evidence: its rules in precedence, and which of them a code may match. */
export interface RuleTier {
  readonly rules: readonly ErrorRule[];
  /** For each rule, what its `text` needs in a prose to be worth a try. */
  readonly gates: readonly TripleGate[];
  readonly rulesByCode: ReadonlyMap<string, readonly ErrorRule[]>;
}

export const NAMED: RuleTier = tierOf("named", DEPARTMENTS);
export const IMPLIED: RuleTier = tierOf("implied");
export const VAGUE: RuleTier = tierOf("vague", FAMILIES);

function tierOf(strength: keyof CategoryRules, first: readonly ErrorRule[] = []): RuleTier {
  const rules = [...first, ...IN_ORDER.flatMap((category) => category[strength])];
  const rulesByCode = new Map<string, ErrorRule[]>();
  for (const rule of rules) {
    for (const code of rule.codes ?? []) rulesByCode.set(code, [...(rulesByCode.get(code) ?? []), rule]);
  }
  return { rules, gates: rules.map(({ text }) => gateOf(text)), rulesByCode };
}
