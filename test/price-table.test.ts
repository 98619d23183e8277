import { describe, expect, test } from "vitest";
import { ratesAt, unpackModel, type ModelPrices } from "../processor/core/prices/price-rows.ts";
import { priceTableOf, type SourceProvider } from "../scripts/price-table.ts";

/** The models that the table of one provider gives back, after the way through the file. */
function throughTheTable(provider: string, ...models: SourceProvider["models"]): ModelPrices[] {
  const { text } = priceTableOf([{ id: provider, models }], { date: "2026-11-10", source: "test", licence: "MIT" });
  const [, lines] = /`\n([\s\S]*?)\n`/.exec(text) ?? [];
  return (lines ?? "")
    .split("\n")
    .filter(Boolean)
    .map((line) => unpackModel(line, "test", "2026-11-10"));
}

const input = (model: ModelPrices | undefined, at: string, tier = "standard"): unknown => ratesAt(model!, Date.parse(at), tier)?.input;

describe("the source's prices", () => {
  test("long contexts begin behind the threshold, numbers are numbers, other units are left out", () => {
    const [model] = throughTheTable("openai", {
      id: "m",
      match: { equals: "m" },
      prices: { input_mtok: { base: "2.5", tiers: [{ start: 272_000, price: "5" }] }, output_mtok: "15", web_searches_kcount: "10" },
    });
    expect(ratesAt(model!, 0, "standard")).toEqual({ input: [2.5, 272_001, 5], output: 15 });
  });

  test("a peak window begins with the dated price that it doubles, and knows weekends", () => {
    const [model] = throughTheTable("deepseek", {
      id: "deepseek-v4-x",
      match: { starts_with: "deepseek-v4-x" },
      prices: [
        { prices: { input_mtok: "0.14" } },
        { constraint: { start_date: [2026, 8, 17] }, prices: { input_mtok: "0.22" } },
        { constraint: { start_date: [2026, 9, 10] }, prices: { input_mtok: "0.15" } },
        { constraint: { start_time: [1, 0], end_time: [4, 0] }, prices: { input_mtok: "0.3" } },
      ],
    });
    expect(input(model, "2026-08-01T02:00:00Z")).toBe(0.14);
    expect(input(model, "2026-08-18T02:00:00Z")).toBe(0.44);
    expect(input(model, "2026-11-18T02:00:00Z")).toBe(0.3);
    expect(input(model, "2026-11-18T05:00:00Z")).toBe(0.15);
    expect(input(model, "2026-11-21T02:00:00Z")).toBe(0.15);
  });

  test("variants are tiers: by service tier, batch or speed; the empty default and routes are none", () => {
    const variant = (when: Record<string, string>, price: string) => ({ when, prices: { input_mtok: price } });
    const [model] = throughTheTable("openai", {
      id: "m",
      match: { equals: "m" },
      prices: { input_mtok: "2" },
      price_variants: [
        { when: { service_tier: "default" }, prices: {} },
        variant({ service_tier: "flex" }, "1"),
        { ...variant({ processing: "batch" }, "0.9"), constraint: { start_date: [2026, 10, 14] } },
        variant({ speed: "fast" }, "4"),
        variant({ route: "eu" }, "3"),
      ],
    });
    const day = "2026-11-18T00:00:00Z";
    expect(model?.tiers.map(({ tier }) => tier)).toEqual(["flex", "batch", "fast"]);
    expect([input(model, day, "flex"), input(model, day, "batch"), input(model, day, "fast")]).toEqual([1, 0.9, 4]);
    expect(input(model, "2026-10-13T00:00:00Z", "batch")).toBeUndefined();
  });

  test("a model without an input price is left out", () => {
    expect(throughTheTable("x", { id: "m", match: { equals: "m" }, prices: { audio_hours: "3" } })).toEqual([]);
  });
});

describe("names", () => {
  const names = (match: SourceProvider["models"][number]["match"]): readonly string[] =>
    throughTheTable("x", { id: "id", match, prices: { input_mtok: "1" } })[0]?.names ?? [];

  test.each([
    [{ equals: "MiniMax-M3" }, ["minimax-m3"]],
    [{ starts_with: "claude-haiku-4-5" }, ["claude-haiku-4-5*"]],
    [{ starts_with: "claude-sonnet-4-2025" }, ["claude-sonnet-4-2025*", "claude-sonnet-4*"]],
    [{ contains: "claude-v2" }, ["*claude-v2*"]],
    [{ starts_with: "claude-sonnet-5@" }, ["claude-sonnet-5*"]],
    [{ starts_with: "magistral-small-" }, ["magistral-small*"]],
    [{ contains: "amazon.nova-pro" }, ["*amazon.nova-pro*"]],
    [{ ends_with: "claude-opus-5" }, ["*claude-opus-5"]],
    [{ regex: "^gpt-6-sol-\\d{4}$" }, []],
    [{ or_: [{ equals: "a" }, { and_: [{ starts_with: "b" }, { regex: "^(?!.*-tts)" }] }] }, ["a", "b*"]],
  ])("%j", (match, expected) => {
    expect(names(match)).toEqual(["id", ...expected]);
  });

  test("one that would break the file is refused", () => {
    expect(() => names({ equals: "a`b" })).toThrow("x/id: a name needs escaping");
  });
});
