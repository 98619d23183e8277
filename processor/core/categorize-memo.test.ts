import fc from "fast-check";
import { expect, test } from "vitest";
import { categorizeError } from "./categorize-error.ts";
import type { ErrorEvidence } from "./categorization.ts";
import { createCategorizeMemo } from "./categorize-memo.ts";

const WORDS = fc.constantFrom("429", "n3:429", "RateLimitError", "quota exceeded", "timeout", "-", "s", "", "\0", "Please try again in 2s");
const scalar = fc.option(fc.oneof(WORDS, fc.integer({ min: 0, max: 600 }), fc.constant(Number.NaN)), { nil: undefined });
const word = fc.option(WORDS, { nil: undefined });

/** Few values, so that near misses of the key meet one another. */
const evidence: fc.Arbitrary<ErrorEvidence> = fc.record({
  provider: word,
  status: scalar,
  errorType: word,
  errorCode: scalar,
  message: word,
  headers: fc.option(fc.record({ "retry-after": WORDS }), { nil: undefined }),
  body: fc.option(fc.record({ error: WORDS }), { nil: undefined }),
  cause: fc.oneof(word, fc.record({ name: word, code: scalar, status: scalar, message: fc.oneof(word, fc.record({ cause: word })) })),
});

test("answers as if it remembered nothing", () => {
  const categorize = createCategorizeMemo();
  fc.assert(
    fc.property(evidence, (asked) => {
      // The third time it is remembered.
      for (let turn = 0; turn < 3; turn += 1) expect(categorize(asked)).toEqual(categorizeError(asked));
    }),
    { numRuns: 2_000 },
  );
});

test("gives the very answer of an error that came twice before, of the same types, until others have taken its place", () => {
  const categorize = createCategorizeMemo();
  const slowDown = { status: 429, message: "slow down", cause: { name: "E", code: undefined, status: 429, message: undefined } };
  expect(categorize(slowDown)).not.toBe(categorize(slowDown));
  const kept = categorize({ ...slowDown });
  expect(categorize(slowDown)).toBe(kept);
  expect(categorize({ ...slowDown, status: "429" })).not.toBe(kept);
  expect(categorize({ ...slowDown, cause: undefined })).not.toBe(kept);
  for (let turn = 0; turn < 2 * 20_000; turn += 1) categorize({ message: `request ${turn >> 1}` });
  expect(categorize(slowDown)).not.toBe(kept);
});
