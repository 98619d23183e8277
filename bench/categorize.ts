import { bench, do_not_optimize, group, summary } from "mitata";
import { categorizeError } from "../processor/core/categorize-error.ts";
import type { ErrorEvidence } from "../processor/core/categorization.ts";

/** From the cheapest to the dearest: a code that decides at once, and prose that every rule has to look at. */
const CASES: Readonly<Record<string, ErrorEvidence>> = {
  "bare status": { status: 429 },
  "code in a body": {
    status: 429,
    body: { error: { code: "insufficient_quota", type: "insufficient_quota", message: "You exceeded your current quota." } },
  },
  "JSON in the message": {
    status: 529,
    errorType: "anthropic.OverloadedError",
    message: "Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}}",
  },
  "rate limit with a wait": {
    errorType: "RateLimitError",
    message:
      "429 Rate limit reached for gpt-5.2 on tokens per min (TPM): Limit 30000, Used 29500, Requested 1280. Please try again in 1.56s.",
  },
  "chain of causes": {
    errorType: "APIConnectionError",
    message: "Connection error.",
    cause: { name: "TypeError", message: "fetch failed", cause: { name: "Error", code: "ECONNRESET", message: "read ECONNRESET" } },
  },
  "prose that names nothing": {
    message: "Something went wrong while the agent was working on the task, and nobody can say what it was or whether it comes back.",
  },
};

/** Adds categorisation to a benchmark run; the aim is under 20 µs per error. */
export function register(): void {
  summary(() => {
    group("categorizeError", () => {
      for (const [name, evidence] of Object.entries(CASES)) bench(name, () => do_not_optimize(categorizeError(evidence)));
    });
  });
}
