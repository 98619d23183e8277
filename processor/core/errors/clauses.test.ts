import fc from "fast-check";
import { expect, test } from "vitest";
import { COMPLAINTS, NEGATED, SUBJECTS } from "./clause-words.ts";
import { clause, matchesClause, proseClauses, withCodeClauses, type ClausePattern } from "./clauses.ts";

const speaks = (pattern: ClausePattern, prose: string, codes: readonly string[] = []): boolean =>
  withCodeClauses(proseClauses(prose), codes).some((found) => matchesClause(pattern, found));

const REVOKED_KEY = clause(["apiKey", "looseKey"], ["expired"]);

test.each([
  ["a word", "the key was revoked", true],
  ["a plural", "keys have been revoked", true],
  ["two words that count only together", "your api key was revoked", true],
  ["a negation before a positive word", "this key is not active", true],
  ["a contraction", "this key isn't active any more", true],
  ["the positive word alone", "this key is active", false],
  ["a negation too far before", "not every one of the many keys here is active", false],
  ["two sentences", "this is the key. it was revoked", false],
  ["a full stop inside a version", "the key of v1.2 was revoked", true],
])("%s", (_name, prose, expected) => {
  expect(speaks(REVOKED_KEY, prose)).toBe(expected);
});

test.each(["KeyRevokedError", "key_revoked", "KEY_REVOKED", "vendor.KeyRevoked", "APIKeyRevoked"])(
  "the code %s is a clause of its own",
  (code) => {
    expect(speaks(REVOKED_KEY, "", [code])).toBe(true);
  },
);

test("scripts without blanks are read by parts", () => {
  expect(speaks(clause(["money"], ["exhausted"]), "账户余额不足")).toBe(true);
  expect(speaks(clause(["model"], ["busy"]), "модель перегружена")).toBe(true);
});

test("a second subject is asked for, and words that speak against it", () => {
  const perDay = clause(["limit"], ["exceeded"], { also: ["longWindow"], without: ["size"] });
  expect(speaks(perDay, "limit of this month reached")).toBe(true);
  expect(speaks(perDay, "limit reached")).toBe(false);
  expect(speaks(perDay, "limit of this month reached: 5 mb")).toBe(false);
});

test("every listed word has its meaning, alone or behind a negation", () => {
  for (const [name, list] of Object.entries(SUBJECTS)) {
    for (const word of list.split(/\s+/)) {
      expect(speaks(clause([name as keyof typeof SUBJECTS], ["failed"]), `${word.replaceAll("_", " ")} failed`), word).toBe(true);
    }
  }
  for (const [name, list] of Object.entries(COMPLAINTS)) {
    for (const word of list.split(/\s+/))
      expect(speaks(clause(["model"], [name as keyof typeof COMPLAINTS]), `model ${word.replaceAll("_", " ")}`), word).toBe(true);
  }
  for (const [name, list] of Object.entries(NEGATED)) {
    for (const word of list.split(/\s+/))
      expect(speaks(clause(["model"], [name as keyof typeof COMPLAINTS]), `model not ${word}`), word).toBe(true);
  }
});

test("a set of subjects, and one of complaints, fits into the bits of a number", () => {
  expect(Object.keys(SUBJECTS).length).toBeLessThanOrEqual(31);
  expect(Object.keys(COMPLAINTS).length).toBeLessThanOrEqual(31);
});

test("any text is read, and how much of it is bounded", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 2_000 }),
      fc.array(fc.string({ maxLength: 60 }), { maxLength: 90 }),
      (prose, codes) => {
        expect(withCodeClauses(proseClauses(prose), codes).length).toBeLessThanOrEqual(40);
      },
    ),
  );
});
