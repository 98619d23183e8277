import fc from "fast-check";
import { expect, test } from "vitest";
import type { ErrorEvidence } from "../categorization.ts";
import { categorizeError } from "../categorize-error.ts";

const waitOf = (evidence: ErrorEvidence): number | null => categorizeError(evidence).retryDelayMs;

test.each<[string, number | null]>([
  ["Please try again in 1.56s.", 1560],
  ["Please try again in 6m0s.", 360_000],
  ["Please try again in 20ms.", 20],
  ["Please try again in 9m38.016s. Need more tokens?", 578_016],
  ["Please retry after 86400 seconds.", 86_400_000],
  ["Please retry in 22.9s.", 22_900],
  ["Rate limit is exceeded. Try again in 30 seconds.", 30_000],
  ["Please wait 52220 seconds before retrying.", 52_220_000],
  ["The limit resets in 5h, please try again later.", 18_000_000],
  ["Quota will reset after 1h2m3s.", 3_723_000],
  ["retry after 2 hours and 5 minutes", 7_500_000],
  ["try again after 5 minutes", 300_000],
  ["Request was throttled. Your rate limit resets in ~30s.", 30_000],
  ["{'error': 'rate limited', 'retry_after': 7}", 7000],
  ["429 Too Many Requests (Retry-After: 20)", 20_000],
  ["请在 30 秒后重试", 30_000],
  ["请5分钟后再试", 300_000],
  ["the tool waited 5 seconds for nothing", null],
  ["Requested 1280 of 30000 tokens per min", null],
  ["Please try again later.", null],
])("%s states %s", (message, expected) => {
  expect(waitOf({ status: 429, message })).toBe(expected);
});

test.each<[string, Record<string, unknown>, number | null]>([
  ["seconds", { "retry-after": "17" }, 17_000],
  ["seconds with a fraction", { "Retry-After": "0.5" }, 500],
  ["a number", { "retry-after": 3 }, 3000],
  ["milliseconds before seconds", { "retry-after": "17", "retry-after-ms": "250" }, 250],
  ["Azure's spelling", { "x-ms-retry-after-ms": "1200" }, 1200],
  ["lists, as span attributes hold them", { "retry-after": ["4"] }, 4000],
  ["a date, by the answer's own clock", { "Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", Date: "Wed, 21 Oct 2026 07:28:00 GMT" }, 30_000],
  ["a date that has passed", { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", Date: "Wed, 21 Oct 2026 07:28:30 GMT" }, 0],
  ["a date without a clock to hold it against", { "Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT" }, null],
  ["nonsense", { "retry-after": "soon" }, null],
  ["a negative", { "retry-after": "-5" }, null],
  ["an id for seconds", { "retry-after": "999999999999" }, null],
])("header: %s", (_name, headers, expected) => {
  expect(waitOf({ status: 429, headers })).toBe(expected);
});

test.each<[string, unknown, number | null]>([
  [
    "google.rpc.RetryInfo as text",
    { error: { details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34.07s" }] } },
    34_070,
  ],
  ["google.protobuf.Duration as an object", { error: { details: [{ retryDelay: { seconds: 5, nanos: 500_000_000 } }] } }, 5500],
  ["Hugging Face's estimated_time", { error: "Model is loading", estimated_time: 20.5 }, 20_500],
  ["retry_after in the body", { error: { message: "slow", retry_after: 2 } }, 2000],
  ["the field beats the prose", { error: { message: "Please retry in 9s.", details: [{ retryDelay: "22s" }] } }, 22_000],
])("body: %s", (_name, body, expected) => {
  expect(waitOf({ status: 429, body })).toBe(expected);
});

test("a header beats the body", () => {
  expect(waitOf({ headers: { "retry-after": "1" }, body: { retry_after: 9 } })).toBe(1000);
});

test("any stated duration is read back in ms", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 1, max: 23 }),
      (seconds, minutes, hours) => {
        expect(waitOf({ message: `Please try again in ${hours}h${minutes}m${seconds}s.` })).toBe(
          ((hours * 60 + minutes) * 60 + seconds) * 1000,
        );
      },
    ),
  );
});

test("whatever a header holds, a wait is a finite number of ms or absent", () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (value, date) => {
      const waitMs = waitOf({ headers: { "retry-after": value, "retry-after-ms": value, date } });
      expect(waitMs === null || (Number.isFinite(waitMs) && waitMs >= 0)).toBe(true);
    }),
  );
});
