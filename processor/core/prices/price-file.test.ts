import { describe, expect, test } from "vitest";
import { readPriceFile } from "./price-file.ts";
import { ratesAt } from "./price-rows.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const read = (models: unknown, date: unknown = "2026-11-24") => readPriceFile({ date, models }, "test", () => null);

/** What the one error says, without its first line. */
function mistakesOf(file: unknown): string[] {
  try {
    readPriceFile(file, "test", () => null);
    return [];
  } catch (error) {
    return (error as Error).message.split("\n  ").slice(1);
  }
}

describe("a file is read", () => {
  test("history, tiers and long contexts of one model are put together", () => {
    const [model] = [
      ...(read([
        { provider: "openai", model: "GPT-5.2", input: 2, output: 10, longContext: { above: 1_000, input: 4, output: 15 } },
        { provider: "OpenAI", model: "gpt-5.2", since: "2026-12-01", input: 3, output: 12 },
        { provider: "openai", model: "gpt-5.2", tier: "Batch", input: 1 },
      ]).get("openai") ?? []),
    ];
    expect(model?.names).toEqual(["gpt-5.2"]);
    expect(ratesAt(model!, NOW, "standard")).toEqual({ input: [2, 1_001, 4], output: [10, 1_001, 15] });
    expect(ratesAt(model!, NOW, "batch")).toEqual({ input: 1, output: [10, 1_001, 15] });
    expect(ratesAt(model!, Date.parse("2026-12-01"), "standard")).toEqual({ input: 3, output: 12 });
  });

  test("the order of the entries does not matter to their dates", () => {
    const [model] = read([
      { provider: "vllm", model: "m", since: "2026-12-01", input: 3 },
      { provider: "vllm", model: "m", input: 2 },
      { provider: "vllm", model: "m", since: "2026-06-01", input: 1 },
    ]).get("vllm")!;
    expect(["2026-01-01", "2026-07-01", "2027-01-01"].map((day) => ratesAt(model!, Date.parse(day), "standard")?.input)).toEqual([2, 1, 3]);
  });

  test("providers are filed under their canonical name, unknown ones under their own", () => {
    expect([
      ...read([
        { provider: "bedrock", model: "m", input: 0 },
        { provider: "acme", model: "m", input: 0 },
      ]).keys(),
    ]).toEqual(["aws.bedrock", "acme"]);
  });
});

describe("mistakes are told with path and expectation", () => {
  test.each([
    [null, ['price file: expected an object {"date": "2026-11-24", "models": [...]}, got null']],
    [[], ['price file: expected an object {"date": "2026-11-24", "models": [...]}, got []']],
    [{ date: "2026-11-24" }, ["models: expected an array of prices, got nothing"]],
    [{ date: "yesterday", models: [] }, ['date: expected a day like "2026-11-24", got "yesterday"']],
    [{ date: "2026-13-01", models: [] }, ['date: expected a day like "2026-11-24", got "2026-13-01"']],
    [{ date: "2026-11-24", models: [], model: [] }, ['model: expected one of date, models, $schema, comment, got "an unknown key"']],
    [
      { date: "2026-11-24", models: ["x"] },
      ['models[0]: expected an object {"provider": ..., "model": ..., "input": ..., "output": ...}, got "x"'],
    ],
  ])("%j", (file, mistakes) => {
    expect(mistakesOf(file)).toEqual(mistakes);
  });

  test.each([
    [{ model: "m", input: 1 }, "models[0].provider: expected a name, got nothing"],
    [{ provider: "p", model: "", input: 1 }, 'models[0].model: expected a name, got ""'],
    [{ provider: "p", model: "m" }, "models[0].input: expected USD per million input tokens, or sameAs, got nothing"],
    [{ provider: "p", model: "m", input: "1" }, 'models[0].input: expected USD per million tokens, a number >= 0, got "1"'],
    [{ provider: "p", model: "m", input: -1 }, "models[0].input: expected USD per million tokens, a number >= 0, got -1"],
    [
      { provider: "p", model: "m", input: 1, cacheRead: Number.NaN },
      "models[0].cacheRead: expected USD per million tokens, a number >= 0, got null",
    ],
    [{ provider: "p", model: "m", input: 1, since: "soon" }, 'models[0].since: expected a day like "2026-11-24", got "soon"'],
    [{ provider: "p", model: "m", input: 1, tier: 3 }, "models[0].tier: expected text, got 3"],
    [{ provider: "p", model: "m", input: 1, factor: 0.5 }, "models[0].factor: expected sameAs beside it, got 0.5"],
    [{ provider: "p", model: "m", sameAs: "x", input: 1 }, 'models[0].sameAs: expected no price beside it, got "input"'],
    [{ provider: "p", model: "m", sameAs: {} }, 'models[0].sameAs: expected a model, or {"provider": ..., "model": ...}, got {}'],
    [{ provider: "p", model: "m", sameAs: "x" }, 'models[0].sameAs: expected a model whose price is known, got "p x"'],
    [
      { provider: "p", model: "m", input: 1, longContext: [{ input: 2 }] },
      "models[0].longContext[0].above: expected a number of input tokens, got nothing",
    ],
    [
      { provider: "p", model: "m", input: 1, longContext: 3 },
      'models[0].longContext: expected an object {"above": 200000, "input": ..., "output": ...}, got 3',
    ],
  ])("%j", (entry, mistake) => {
    expect(mistakesOf({ date: "2026-11-24", models: [entry] })).toEqual([mistake]);
  });

  test("an unknown key is named, with those that exist", () => {
    const [mistake] = mistakesOf({ date: "2026-11-24", models: [{ provider: "p", model: "m", input: 1, cachedInput: 1 }] });
    expect(mistake).toMatch(/^models\[0\]\.cachedInput: expected one of provider, model, .*cacheRead/);
  });

  test("all at once, but not without end", () => {
    expect(mistakesOf({ date: 1, models: [{ provider: "p" }, { model: "m" }] }).length).toBe(5);
    expect(mistakesOf({ date: "2026-11-24", models: Array.from({ length: 50 }, () => 1) }).at(-1)).toBe("and 30 more");
  });
});
