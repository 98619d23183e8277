import fc from "fast-check";
import { expect, test } from "vitest";
import { SIGN, signsOf } from "./text-signs.ts";

/** What each sign is, said by a pattern. */
const SIGNS: readonly (readonly [sign: keyof typeof SIGN, pattern: RegExp])[] = [
  ["beyondAscii", /[^\0-\x7f]/],
  ["quote", /["'`]/],
  ["angle", /</],
  ["underscore", /_/],
  ["colon", /[:=]/],
  ["space", /[\t-\r ]/],
  ["wideSpace", /[\t-\r]|[\t-\r ]{2}/],
  ["classEnding", /[\w.$][ETCFDN]/],
  ["shouted", /[A-Z0-9_]{4}/],
  ["number", /\d{3}/],
];

const char = fc.constantFrom(..."aZE_9 \n\v'\"`<:=.$é\0".split(""), "E", "E", "7", "7");

test.each(SIGNS)("%s is told of every text that %s matches, and of no other", (sign, pattern) => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: char, maxLength: 12 }), fc.string({ maxLength: 40 })), (text) => {
      expect((signsOf(text) & SIGN[sign]) !== 0, JSON.stringify(text)).toBe(pattern.test(text));
    }),
    { numRuns: 500 },
  );
});
