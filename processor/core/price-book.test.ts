import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_PRICE_BOOK, priceBookWith, type PriceBook } from "./price-book.ts";
import { ratesAt, type RateCard } from "./prices/price-rows.ts";

const NOW = Date.parse("2026-11-18T12:00:00Z");

function card(book: PriceBook, provider: string, model: string, requested?: string): RateCard | string | null {
  const match = book.find(provider, model, requested);
  return match.status === "found" ? ratesAt(match.model, NOW, "standard") : match.status;
}

describe("the default book", () => {
  test.each([
    ["openai", "gpt-4o", { input: 2.5, output: 10, cacheRead: 1.25 }],
    ["openai", "openai/gpt-4o", { input: 2.5, output: 10, cacheRead: 1.25 }],
    ["openai", "gpt-4o-2024-05-13", { input: 5, output: 15 }],
    ["anthropic", "claude-opus-5-5", { input: 4, output: 20, cacheRead: 0.2, cacheWrite: 5, cacheWrite1h: 8 }],
    ["aws.bedrock", "us.anthropic.claude-opus-5-5", { input: 4.4, output: 22, cacheRead: 0.22, cacheWrite: 5.5, cacheWrite1h: 8.8 }],
    ["aws.bedrock", "global.anthropic.claude-opus-5-5", { input: 4, output: 20, cacheRead: 0.2, cacheWrite: 5, cacheWrite1h: 8 }],
    ["aws.bedrock", "bedrock/us.amazon.nova-pro-v1:0", { input: 0.8, output: 3.2, cacheRead: 0.2 }],
    ["gcp.vertex_ai", "publishers/google/models/gemini-2.5-flash", { input: 0.3, output: 2.5, cacheRead: 0.03, inputAudio: 1 }],
    ["gcp.vertex_ai", "claude-haiku-4-5@20251001", { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25, cacheWrite1h: 2 }],
    ["azure.ai.openai", "azure/gpt-4o", { input: 2.5, output: 10, cacheRead: 1.25 }],
    ["azure.ai.openai", "gpt-4o", { input: 2.5, output: 10, cacheRead: 1.25 }],
    ["groq", "openai/gpt-oss-120b", { input: 0.15, output: 0.6, cacheRead: 0.075 }],
    ["alibaba_cloud", "qwen-plus", { input: 0.4, output: 1.2, cacheRead: 0.08 }],
  ])("%s %s", (provider, model, expected) => {
    expect(card(DEFAULT_PRICE_BOOK, provider, model)).toEqual(expected);
  });

  test.each([
    ["acme-llm", "gpt-4o", "unknown_provider"],
    ["vllm", "gpt-4o", "unknown_provider"],
    ["__proto__", "gpt-4o", "unknown_provider"],
    ["toString", "gpt-4o", "unknown_provider"],
    ["openai", "gpt-7-nova", "unknown_model"],
    ["openai", "anthropic/claude-opus-5-5", "unknown_model"],
    ["azure.ai.openai", "my-gpt-4-deployment", "unknown_model"],
    ["aws.bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/claude-opus-5-5", "unknown_model"],
  ])("%s %s: %s", (provider, model, status) => {
    expect(card(DEFAULT_PRICE_BOOK, provider, model)).toBe(status);
  });

  test("a reseller's price is the vendor's, without the vendor's tiers", () => {
    const [own, resold] = ["openai", "azure.ai.openai"].map((provider) => DEFAULT_PRICE_BOOK.find(provider, "gpt-5.4"));
    expect(own?.status === "found" && own.model.tiers.length > 0).toBe(true);
    expect(resold?.status === "found" && resold.model.tiers.length).toBe(0);
  });

  test("asking twice answers the same, however many names come between", () => {
    const first = DEFAULT_PRICE_BOOK.find("openai", "gpt-5.2");
    for (let index = 0; index < 10_000; index += 1) DEFAULT_PRICE_BOOK.find("openai", `made-up-${index}`);
    expect(DEFAULT_PRICE_BOOK.find("openai", "gpt-5.2")).toEqual(first);
  });

  test("no name makes it throw, and none is priced by chance", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (provider, model) => {
        expect(DEFAULT_PRICE_BOOK.find(provider, model).status).not.toBe("found");
      }),
    );
  });

  test("names of a megabyte are looked at, found unknown and not kept", () => {
    const long = "us.".repeat(300_000);
    expect(DEFAULT_PRICE_BOOK.find("aws.bedrock", long, long)).toEqual({ status: "unknown_model" });
    expect(DEFAULT_PRICE_BOOK.find(long, "gpt-4o")).toEqual({ status: "unknown_provider" });
  });

  test("every listed provider has models, and finds each by its name", () => {
    for (const provider of DEFAULT_PRICE_BOOK.providers()) {
      const models = DEFAULT_PRICE_BOOK.models(provider);
      expect(models.length, provider).toBeGreaterThan(0);
      for (const { name } of models) expect(DEFAULT_PRICE_BOOK.find(provider, name).status, `${provider} ${name}`).toBe("found");
    }
  });
});

describe("a user's own prices", () => {
  const book = priceBookWith({
    date: "2026-11-24",
    models: [
      { provider: "vllm", model: "meta-llama/Llama-3.3-70B-Instruct", input: 0, output: 0 },
      { provider: "openai", model: "gpt-5.4", input: 1, cacheRead: 0.1, output: 8 },
      { provider: "azure.ai.openai", model: "prod-chat", sameAs: "gpt-4o", factor: 0.5 },
      { provider: "azure", model: "other-chat", sameAs: { provider: "anthropic", model: "claude-opus-5-5" } },
      {
        provider: "aws.bedrock",
        model: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
        sameAs: "us.anthropic.claude-opus-5-5",
      },
    ],
  });

  test("free is free, not unknown", () => {
    expect(card(book, "vllm", "meta-llama/Llama-3.3-70B-Instruct")).toEqual({ input: 0, output: 0 });
    expect(card(book, "vllm", "another")).toBe("unknown_model");
  });

  test("a negotiated price replaces the public one, tiers and all", () => {
    expect(card(book, "openai", "gpt-5.4-2026-03-05")).toEqual({ input: 1, output: 8, cacheRead: 0.1 });
    const match = book.find("openai", "gpt-5.4");
    expect(match.status === "found" && [match.model.tiers, match.model.date, match.model.source]).toEqual([
      [],
      "2026-11-24",
      "your price file",
    ]);
    expect(card(book, "openai", "gpt-4o")).toEqual(card(DEFAULT_PRICE_BOOK, "openai", "gpt-4o"));
  });

  test("deployments and inference profiles stand for models", () => {
    expect(card(book, "azure.ai.openai", "prod-chat")).toEqual({ input: 1.25, output: 5, cacheRead: 0.625 });
    expect(card(book, "azure.ai.openai", "other-chat")).toEqual(card(DEFAULT_PRICE_BOOK, "anthropic", "claude-opus-5-5"));
    const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6";
    expect(card(book, "aws.bedrock", arn)).toEqual(card(DEFAULT_PRICE_BOOK, "aws.bedrock", "us.anthropic.claude-opus-5-5"));
  });

  test("the requested name counts too: a deployment has its own price although the answer names the model", () => {
    expect(card(book, "azure.ai.openai", "gpt-4.1-2025-04-14", "prod-chat")).toEqual({ input: 1.25, output: 5, cacheRead: 0.625 });
  });

  test("nothing given is the default book", () => {
    expect(priceBookWith(undefined)).toBe(DEFAULT_PRICE_BOOK);
  });
});
