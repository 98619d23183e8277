import type { ErrorCategory } from "../categorization.ts";
import type { ErrorFacts } from "./error-layers.ts";
import type { ErrorRule } from "./error-rule.ts";
import { isMarked } from "./pattern-index.ts";
import { PROSE_BIT } from "./prose-index.ts";
import { ONE_REQUEST_TOO_LARGE } from "./rules/rate.ts";

/** A stated wait beyond this is no retry but another day. */
const RETRY_WAIT_MS_MAX = 3_600_000;

/** Whether the same request has a fair chance within the stated wait or, if none is stated, some minutes. */
export const RETRYABLE: Readonly<Record<ErrorCategory, boolean>> = {
  rate_limit: true,
  quota_exceeded: false,
  model_overloaded: true,
  timeout: true,
  network_error: true,
  api_error: true,
  auth: false,
  validation: false,
  unknown: false,
};

// Google adds a RetryInfo of seconds to allowances that come back tomorrow, or never.
const GOOGLE_DAY = /perday|limit: 0\b|quota_exhausted/;

export function isRetryable(
  rule: { category: ErrorCategory; retryable?: ErrorRule["retryable"] | undefined },
  facts: ErrorFacts,
  waitMs: number | null,
): boolean {
  if (rule.category === "quota_exceeded") return waitMs !== null && waitMs <= RETRY_WAIT_MS_MAX && !isGoogleDay(facts);
  if (rule.category === "rate_limit" && isMarked(facts.marks, PROSE_BIT.requestTooLarge) && ONE_REQUEST_TOO_LARGE.test(facts.allProse()))
    return false;
  const retryable = rule.retryable ?? RETRYABLE[rule.category];
  return retryable && (waitMs === null || waitMs <= RETRY_WAIT_MS_MAX);
}

function isGoogleDay({ allCodes, allProse, waits }: ErrorFacts): boolean {
  return (
    allCodes().has("quotaexhausted") || GOOGLE_DAY.test(allProse()) || (waits.retryDelay !== undefined && allProse().includes("per day"))
  );
}
