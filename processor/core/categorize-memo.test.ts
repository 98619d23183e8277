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
      expect(categorize(asked)).toEqual(categorizeError(asked));
      expect(categorize(asked)).toEqual(categorizeError(asked));
    }),
    { numRuns: 2_000 },
  );
});

test("gives the very answer of the same error, and forgets when there are too many", () => {
  const categorize = createCategorizeMemo();
  const first = categorize({ status: 429, message: "slow down" });
  expect(categorize({ status: 429, message: "slow down" })).toBe(first);
  expect(categorize({ status: "429", message: "slow down" })).not.toBe(first);
  for (let status = 0; status < 1_000; status += 1) categorize({ status: String(status) });
  expect(categorize({ status: 429, message: "slow down" })).not.toBe(first);
});
