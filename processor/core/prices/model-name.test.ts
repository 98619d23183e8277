import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { indexModels } from "./model-index.ts";
import { modelNameCandidates } from "./model-name.ts";
import type { ModelPrices } from "./price-rows.ts";

function model(...names: string[]): ModelPrices {
  return { name: names[0] ?? "", names, rows: [], tiers: [], source: "test", date: "2026-11-24" };
}

const INDEX = indexModels([
  model("claude-sonnet-5"),
  model("gpt-4o", "gpt-4o-2024-08-06"),
  model("gpt-4o-2024-05-13"),
  model("command-a"),
  model("magistral-small*"),
  model("mistral-large"),
  model("*amazon.nova-pro*"),
  model("us.anthropic.claude-opus-5-5"),
  model("ft:gpt-4o"),
  model("deepseek/deepseek-r1"),
  model("deepseek/deepseek-r1:free"),
]);
const found = (name: string): string | undefined => INDEX.find(name)?.name;

describe("what may stand around a name", () => {
  test.each([
    ["claude-sonnet-5", "claude-sonnet-5"],
    ["Claude-Sonnet-5", "claude-sonnet-5"],
    ["claude-sonnet-5-20260901", "claude-sonnet-5"],
    ["claude-sonnet-5@20260901", "claude-sonnet-5"],
    ["claude-sonnet-5@default", "claude-sonnet-5"],
    ["claude-sonnet-5-latest", "claude-sonnet-5"],
    ["gpt-4o-2026-01-31", "gpt-4o"],
    ["command-a-03-2025", "command-a"],
    ["magistral-small-2506", "magistral-small*"],
    ["amazon.nova-pro-v1:0", "*amazon.nova-pro*"],
    ["us.amazon.nova-pro-v1:0", "*amazon.nova-pro*"],
    ["amazon.nova-pro-v1", "*amazon.nova-pro*"],
    ["arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0", "*amazon.nova-pro*"],
    ["arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-5-5", "us.anthropic.claude-opus-5-5"],
    ["projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-5@20260901", "claude-sonnet-5"],
    ["models/claude-sonnet-5", "claude-sonnet-5"],
    ["ft:gpt-4o-2024-08-06:acme::abc123", "ft:gpt-4o"],
    ["deepseek/deepseek-r1:nitro", "deepseek/deepseek-r1"],
    ["deepseek/deepseek-r1:free", "deepseek/deepseek-r1:free"],
  ])("%s is %s", (name, expected) => {
    expect(found(name)).toBe(expected);
  });

  test("a dated model with a price of its own is not its alias", () => {
    expect(found("gpt-4o-2024-05-13")).toBe("gpt-4o-2024-05-13");
  });
});

describe("what is another model", () => {
  test.each([
    "claude-sonnet-5-7",
    "claude-sonnet-5-5",
    "my-gpt-4o-deployment",
    "gpt-4o-mini",
    "gpt-4o-v2",
    "gpt-4o-2026-13-01",
    "gpt-4o-2026-01-32",
    "mistral-large-2407",
    "eu.anthropic.claude-opus-5-5",
    "anthropic.claude-opus-5-5",
    "us-gov.amazon.nova-pro-v1:0",
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
    "deepseek/deepseek-r1:thinking",
    "",
    "__proto__",
    "*amazon.nova-pro",
    "x".repeat(10_000),
  ])("%s is unknown", (name) => {
    expect(found(name)).toBeUndefined();
  });

  test("a name plus anything that is no version is unknown", () => {
    const version = /^(?:-latest|-v\d+:\d+|:\d+|-20\d\d-?\d\d-?\d\d|-\d\d-(?:20)?\d\d|@\w+|:(?:nitro|online|floor|beta))+$/;
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom("-", ":", "@", ".", "v", "0", "1", "2", "5", "a", "x") }),
        (rest) => {
          fc.pre(!version.test(rest));
          expect(INDEX.find(`claude-sonnet-5${rest}`)).toBeNull();
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

test("candidates are few, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      expect(modelNameCandidates(name).length).toBeLessThan(300);
    }),
  );
});
