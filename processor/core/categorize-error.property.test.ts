import fc from "fast-check";
import { expect, test } from "vitest";
import { ERROR_CATEGORIES, type ErrorEvidence } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";
import { factsOf } from "./errors/error-layers.ts";
import { IMPLIED, NAMED, VAGUE } from "./errors/rule-table.ts";

/** Words that rules look for, so that random text comes near them. */
const WORDS = [
  "rate",
  "limit",
  "timeout",
  "api",
  "key",
  "invalid",
  "429",
  "quota",
  "exceeded",
  "model",
  "overloaded",
  '{"',
  '"}',
  "error",
  "connection",
  ":",
  "per",
  "minute",
  "not",
  "found",
  "\u0000",
  "\ud800",
  "__proto__",
  "credits",
  "request",
  "too",
  "large",
  "'",
  '"',
  "{",
  "[",
  "\\",
  "http://",
  "<",
  ">",
];

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((words) => words.join(" ")),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((words) => words.join("")),
);

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 8 }),
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true }),
  text,
);

/** Wrong types too: nothing guarantees that a caller in JavaScript keeps to ErrorEvidence. */
const evidence = fc.record(
  { provider: json, status: json, errorType: json, errorCode: json, message: json, body: json, headers: json, cause: json },
  { requiredKeys: [] },
) as fc.Arbitrary<ErrorEvidence>;

test("total and deterministic: every evidence has one answer of the right shape", () => {
  fc.assert(
    fc.property(evidence, (input) => {
      const answer = categorizeError(input);
      expect(ERROR_CATEGORIES).toContain(answer.category);
      expect(typeof answer.retryable).toBe("boolean");
      expect(answer.rule).not.toBe("");
      expect(answer.retryDelayMs === null || (Number.isFinite(answer.retryDelayMs) && answer.retryDelayMs >= 0)).toBe(true);
      expect(categorizeError(input)).toEqual(answer);
    }),
    { numRuns: 1500 },
  );
});

test("evidence is read, never changed", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (body) => {
      const before = JSON.stringify(body);
      categorizeError({ body, cause: body });
      expect(JSON.stringify(body)).toBe(before);
    }),
  );
});

test("a body says the same as text, as JSON and below a wrapper", () => {
  const bodies = fc.constantFrom(
    { error: { type: "overloaded_error", message: "Overloaded" } },
    { error: { code: "insufficient_quota", message: "You exceeded your current quota" } },
    { error: { code: "context_length_exceeded", message: "This model's maximum context length is 8192 tokens" } },
    { error: { code: "invalid_api_key", message: "Incorrect API key provided" } },
  );
  fc.assert(
    fc.property(bodies, fc.constantFrom("", "429 ", "Error: ", "litellm.APIError: XException - "), (body, prefix) => {
      const { category } = categorizeError({ body });
      expect(categorizeError({ message: prefix + JSON.stringify(body) }).category).toBe(category);
      expect(categorizeError({ message: `Error code: 400 - ${JSON.stringify(body).replaceAll('"', "'")}` }).category).toBe(category);
      expect(categorizeError({ message: "agent failed", cause: { name: "Error", message: prefix + JSON.stringify(body) } }).category).toBe(
        category,
      );
      expect(
        categorizeError({ body: { error: { message: "Provider returned error", metadata: { raw: JSON.stringify(body) } } } }).category,
      ).toBe(category);
    }),
  );
});

test("cycles, deep nesting and endless chains end", () => {
  const circular: Record<string, unknown> = { message: "Overloaded" };
  circular["self"] = circular;
  circular["cause"] = circular;
  expect(categorizeError({ body: circular, cause: circular }).category).toBe("model_overloaded");

  let deep: unknown = { code: "insufficient_quota" };
  for (let depth = 0; depth < 100_000; depth += 1) deep = depth % 2 === 0 ? [deep] : { error: deep, cause: deep };
  expect(categorizeError({ body: deep, cause: deep }).category).toBe("unknown");

  let chain: unknown = { code: "ECONNRESET" };
  for (let depth = 0; depth < 100_000; depth += 1) chain = { message: "wrapped", cause: chain };
  expect(categorizeError({ message: "wrapped", cause: chain }).category).toBe("unknown");
});

test("names that JavaScript knows are only keys", () => {
  const hostile = JSON.parse(
    '{"__proto__": {"code": "insufficient_quota"}, "constructor": {"name": "x"}, "toString": 1, "hasOwnProperty": null}',
  ) as unknown;
  expect(categorizeError({ body: hostile, headers: hostile as Record<string, unknown>, cause: hostile }).category).toBe("quota_exceeded");
});

test("what the rules look at is bounded, whatever the size of the evidence", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...WORDS, "a", "Error", "requests exceed "),
      fc.integer({ min: 1, max: 200_000 }),
      fc.integer({ min: 1, max: 300 }),
      (word, times, parts) => {
        const huge = word.repeat(times);
        const body = { error: Array.from({ length: parts }, () => ({ message: huge, code: huge })) };
        const facts = factsOf({ message: huge, errorType: huge, body, cause: Array.from({ length: parts }, () => ({ message: huge })) });
        expect(facts.layers.length).toBeLessThanOrEqual(9);
        for (const layer of facts.layers) {
          expect(layer.prose.text.length).toBeLessThan(10_000);
          expect(layer.codes.size).toBeLessThan(210);
        }
      },
    ),
    { numRuns: 60 },
  );
});

const RULES = [...NAMED, ...IMPLIED, ...VAGUE];

test("rule names are unique, so that an answer points to one row", () => {
  const names = RULES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test.each(RULES)("$name decides its own example", ({ name, category, example }) => {
  const evidence = example.startsWith("error.type ") ? { errorType: example.slice("error.type ".length) } : { message: example };
  expect(categorizeError(evidence)).toMatchObject({ category, rule: name });
});

test("codes are written in the spelling under which they are looked up", () => {
  for (const { codes, name } of RULES) for (const code of codes ?? []) expect(code, name).toMatch(/^[a-z0-9]+$|^[a-z]+(?:_[a-z]+)+$/);
});

/** true when a group that repeats without a limit holds something that repeats without a limit: the shape of exponential backtracking. */
function nestsUnbounded(source: string): boolean {
  const bare = source.replace(/\\./g, "x").replace(/\[[^\]]*\]/g, "x");
  const groups: boolean[] = [];
  for (const token of bare.match(/\(|\)(?:[+*]|\{\d+,\})?|[+*]|\{\d+,\}/g) ?? []) {
    if (token === "(") groups.push(false);
    else if (!token.startsWith(")")) groups.fill(true);
    else if (groups.pop() === true && token.length > 1) return true;
  }
  return false;
}

test("no pattern nests one unlimited repetition in another", () => {
  expect(nestsUnbounded("(a+)+") && nestsUnbounded("(?:x|(\\w*y))*") && !nestsUnbounded("(?:a{1,20} ){0,3}b+")).toBe(true);
  for (const { text: pattern, stem, unless, name } of RULES) {
    for (const regex of [pattern, stem, unless?.text]) expect(nestsUnbounded(regex?.source ?? ""), name).toBe(false);
  }
});
