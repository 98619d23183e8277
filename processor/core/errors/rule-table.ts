import type { CategoryRules, ErrorRule } from "./error-rule.ts";
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

/** The rules of each strength of evidence in precedence. */
export const NAMED = rulesOf("named", DEPARTMENTS);
export const IMPLIED = rulesOf("implied");
export const VAGUE = rulesOf("vague", FAMILIES);

function rulesOf(strength: keyof CategoryRules, first: readonly ErrorRule[] = []): readonly ErrorRule[] {
  return [...first, ...IN_ORDER.flatMap((category) => category[strength])];
}
