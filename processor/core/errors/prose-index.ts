import type { ErrorRule } from "./error-rule.ts";
import { indexPatterns, setMark, type PatternIndex, type PatternMarks } from "./pattern-index.ts";
import { ONE_REQUEST_TOO_LARGE } from "./rules/rate.ts";
import { IMPLIED, NAMED, VAGUE } from "./rule-table.ts";
import { ANY_CLOCK_FACE, ANY_FOREIGN_WAIT, ANY_SPOKEN_WAIT } from "./spoken-wait.ts";
import { ANY_REASON } from "./text-status.ts";

const WORD_BITS = 32;

/** One strength of evidence: its rules in precedence, with a bit each, from the first bit of a word of marks to its last word. */
export interface PlacedTier {
  readonly rules: readonly ErrorRule[];
  readonly firstWord: number;
  readonly endWord: number;
}

function placed(rules: readonly ErrorRule[], firstWord: number): PlacedTier {
  return { rules, firstWord, endWord: firstWord + Math.ceil(rules.length / WORD_BITS) };
}

const named = placed(NAMED, 0);
const implied = placed(IMPLIED, named.endWord);
const vague = placed(VAGUE, implied.endWord);
export const TIERS = { named, implied, vague };

const FIRST_FREE_BIT = vague.endWord * WORD_BITS;
/** What else is looked for in prose. */
export const PROSE_BIT = {
  reason: FIRST_FREE_BIT,
  spokenWait: FIRST_FREE_BIT + 1,
  foreignWait: FIRST_FREE_BIT + 2,
  clockFace: FIRST_FREE_BIT + 3,
  requestTooLarge: FIRST_FREE_BIT + 4,
} as const;

const OTHERS: readonly RegExp[] = [ANY_REASON, ANY_SPOKEN_WAIT, ANY_FOREIGN_WAIT, ANY_CLOCK_FACE, ONE_REQUEST_TOO_LARGE];
export const MARK_WORDS = vague.endWord + 1;

/** Which rules' `text` a prose may match, and what of PROSE_BIT. */
export const PROSE_INDEX: PatternIndex = indexPatterns(byBit(({ text }) => text, OTHERS));
/** Which rules' `stem` the codes of a layer may match. */
export const STEM_INDEX: PatternIndex = indexPatterns(byBit(({ stem }) => stem));
/** The rules that list a code. */
export const BITS_BY_CODE: ReadonlyMap<string, readonly number[]> = bitsByCode();
/** The rules that have clauses. */
export const CLAUSE_MARKS: PatternMarks = clauseMarks();

function byBit(patternOf: (rule: ErrorRule) => RegExp | undefined, others: readonly RegExp[] = []): (RegExp | undefined)[] {
  const patterns: (RegExp | undefined)[] = Array.from({ length: FIRST_FREE_BIT });
  eachRule((rule, bit) => (patterns[bit] = patternOf(rule)));
  return [...patterns, ...others];
}

function bitsByCode(): Map<string, number[]> {
  const bits = new Map<string, number[]>();
  eachRule(({ codes = [] }, bit) => {
    for (const code of codes) bits.set(code, [...(bits.get(code) ?? []), bit]);
  });
  return bits;
}

function clauseMarks(): Int32Array {
  const marks = new Int32Array(MARK_WORDS);
  eachRule(({ clauses }, bit) => {
    if (clauses !== undefined) setMark(marks, bit);
  });
  return marks;
}

function eachRule(found: (rule: ErrorRule, bit: number) => void): void {
  for (const { rules, firstWord } of Object.values(TIERS)) {
    for (const [index, rule] of rules.entries()) found(rule, firstWord * WORD_BITS + index);
  }
}
