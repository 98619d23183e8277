import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Categorization, ErrorEvidence } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";

/** What real SDKs threw against a local provider, labelled by hand; see docs/errors.md for the rules of labelling. */
type SdkRun = ErrorEvidence & { sdk: string; label: string; retryable: boolean; retryDelayMs?: number };

const RUNS = readFileSync(new URL("../../test/fixtures/errors.sdk-run.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as SdkRun);

test("the recorded runs cover every category but none by chance", () => {
  expect(RUNS.length).toBeGreaterThan(100);
});

test.each(RUNS.map((run, index) => [`${index} ${run.sdk}: ${(run.message ?? "").slice(0, 60)}`, run] as const))("%s", (_name, run) => {
  const { sdk: _sdk, label, retryable, retryDelayMs, ...evidence } = run;
  const answer: Categorization = categorizeError(evidence);
  expect({ category: answer.category, retryable: answer.retryable }, answer.rule).toEqual({ category: label, retryable });
  if (retryDelayMs !== undefined) expect(Math.abs((answer.retryDelayMs ?? NaN) - retryDelayMs)).toBeLessThanOrEqual(1000);
});
