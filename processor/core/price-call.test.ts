import { calcPrice } from "@pydantic/genai-prices";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_PRICE_BOOK, priceBookWith } from "./price-book.ts";
import { priceCall } from "./price-call.ts";
import type { PricedCall } from "./priced-call.ts";
import type { Attributes, AttributeValue } from "./span.ts";
import { USAGE_READ_KEYS, type UsageInput } from "./usage.ts";

const NOON = "2026-11-18T12:00:00Z";

interface Asked extends Partial<Omit<UsageInput, "atMs">> {
  readonly at?: string;
  readonly book?: typeof DEFAULT_PRICE_BOOK;
}

function price(provider: string | undefined, model: string | undefined, tokens: Record<string, number>, asked: Asked = {}): PricedCall {
  const { at = NOON, book = DEFAULT_PRICE_BOOK, attributes = {}, ...more } = asked;
  const usage: Record<string, number> = {};
  const keys: Record<string, string> = {
    input: "gen_ai.usage.input_tokens",
    read: "gen_ai.usage.cache_read.input_tokens",
    written: "gen_ai.usage.cache_write.input_tokens",
    writtenFor1h: "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
    output: "gen_ai.usage.output_tokens",
  };
  for (const [name, count] of Object.entries(tokens)) usage[keys[name]!] = count;
  return priceCall({ provider, model, atMs: Date.parse(at), attributes: { ...usage, ...attributes }, ...more }, book);
}

describe("an independent calculator agrees where both know the same prices", () => {
  const models: readonly (readonly [provider: string, theirs: string, model: string])[] = [
    ["openai", "openai", "gpt-4o"],
    ["openai", "openai", "gpt-4.1-2025-04-14"],
    ["openai", "openai", "o4-mini"],
    ["openai", "openai", "gpt-5-mini"],
    ["anthropic", "anthropic", "claude-opus-4-5-20251101"],
    ["anthropic", "anthropic", "claude-haiku-4-5"],
    ["anthropic", "anthropic", "claude-sonnet-4-5"],
    ["gcp.gemini", "google", "gemini-2.5-pro"],
    ["gcp.vertex_ai", "google", "gemini-2.5-flash"],
    ["mistral_ai", "mistral", "codestral-2508"],
    ["groq", "groq", "openai/gpt-oss-120b"],
    ["x_ai", "x-ai", "grok-4.3"],
    ["cohere", "cohere", "command-a"],
    ["aws.bedrock", "aws", "amazon.nova-pro-v1:0"],
    ["openrouter", "openrouter", "anthropic/claude-opus-4.6"],
    ["moonshot_ai", "moonshotai", "kimi-k2.6"],
  ];

  test.each(models)("%s (%s) %s", (provider, theirs, model) => {
    const part = fc.nat({ max: 200_000 });
    fc.assert(
      fc.property(fc.record({ uncached: part, read: part, w5m: part, w1h: part, output: part }), ({ uncached, read, w5m, w1h, output }) => {
        const input = uncached + read + w5m + w1h;
        const ours = price(
          provider,
          model,
          { input, read, written: w5m + w1h, writtenFor1h: w1h, output },
          { scope: "opentelemetry.util.genai" },
        );
        const reference = calcPrice(
          {
            input_tokens: input,
            cache_read_tokens: read,
            cache_write_tokens: w5m + w1h,
            cache_write_1h_tokens: w1h,
            output_tokens: output,
          },
          model,
          { providerId: theirs, timestamp: new Date(NOON) },
        );
        expect(ours.costUsd).toBeCloseTo(reference!.total_price, 9);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the whole call is billed at the tier that its input reaches", () => {
  test.each([
    ["gcp.gemini", "gemini-2.5-pro", 200_000, 1.25],
    ["gcp.gemini", "gemini-2.5-pro", 200_001, 2.5],
    ["anthropic", "claude-sonnet-4-5", 200_000, 3],
    ["anthropic", "claude-sonnet-4-5", 200_001, 6],
    ["anthropic", "claude-haiku-5-5", 100_000, 0.1],
    ["anthropic", "claude-haiku-5-5", 100_001, 0.5],
    ["openai", "gpt-6-sol", 272_000, 2],
    ["openai", "gpt-6-sol", 272_001, 4],
    ["x_ai", "grok-4.5", 199_999, 2],
    ["x_ai", "grok-4.5", 200_000, 4],
    ["minimax", "MiniMax-M3", 512_000, 0.3],
    ["minimax", "MiniMax-M3", 512_001, 0.6],
    ["anthropic", "claude-opus-5-5", 900_000, 4],
  ])("%s %s with %d tokens: %d per million", (provider, model, input, rate) => {
    expect(price(provider, model, { input, output: 0 }).costUsd).toBeCloseTo((input * rate) / 1e6, 9);
    // Cached tokens count towards the tier.
    const cached = price(provider, model, { input, read: input - 1, output: 0 }, { scope: "opentelemetry.util.genai" });
    expect(cached.costWithoutCacheUsd).toBeCloseTo((input * rate) / 1e6, 9);
  });
});

describe("service tiers", () => {
  const tokens = { input: 10_168, read: 7_168, output: 900 };

  test.each([
    [{ "openai.response.service_tier": "default" }, 2.5, 15, 0.25],
    [{ "openai.response.service_tier": "flex" }, 1.25, 7.5, 0.13],
    [{ "openai.response.service_tier": "priority" }, 5, 30, 0.5],
    [{ "gen_ai.openai.response.service_tier": "fast" }, 5, 30, 0.5],
    [{ "openai.request.service_tier": "flex", "openai.response.service_tier": "default" }, 2.5, 15, 0.25],
    [{ "openai.request.service_tier": "auto", "openai.response.service_tier": "priority" }, 5, 30, 0.5],
    [{ "openai.request.service_tier": "auto" }, 2.5, 15, 0.25],
    [{ "openai.request.service_tier": "flex" }, 1.25, 7.5, 0.13],
  ] as [Attributes, number, number, number][])("gpt-5.4 with %j", (attributes, input, output, read) => {
    const expected = (3_000 * input + 7_168 * read + 900 * output) / 1e6;
    expect(price("openai", "gpt-5.4", tokens, { attributes }).costUsd).toBeCloseTo(expected, 9);
  });

  test.each([
    ["openai", "gpt-5.4", { attributes: { "openai.response.service_tier": "scale" } }],
    ["openai", "gpt-5.4", { attributes: { "openai.response.service_tier": "ultrafast" } }],
    ["openai", "gpt-5.4", { context: { processing: "batch" }, at: "2026-06-01T00:00:00Z" }],
    ["openai", "gpt-5.4", { context: { processing: "batch" }, attributes: { "openai.response.service_tier": "flex" } }],
    ["azure.ai.openai", "gpt-5.4", { attributes: { "openai.response.service_tier": "priority" } }],
    ["anthropic", "claude-sonnet-5-5", { context: { speed: "fast" } }],
    ["anthropic", "claude-sonnet-5-5", { attributes: { "anthropic.response.inference_geo": "mars" } }],
  ] as [string, string, Asked][])("%s %s with %j has no price, not the standard one", (provider, model, asked) => {
    const call = price(provider, model, tokens, asked);
    expect([call.costUsd, call.costStatus, call.priceDate]).toEqual([null, "unknown_tier", null]);
    expect(call.usage).not.toBeNull();
  });

  test("batch halves Anthropic's cache too, and leaves GPT-4o's cached price as it is", () => {
    const batch: Asked = { context: { processing: "batch" }, scope: "com.anthropic.sdk.python" };
    expect(
      price("anthropic", "claude-sonnet-5-5", { input: 29_000, read: 20_000, written: 4_000, output: 1_500 }, batch).costUsd,
    ).toBeCloseTo(0.0185, 9);
    expect(price("openai", "gpt-4o", { input: 2_000, read: 1_000, output: 0 }, batch).costUsd).toBeCloseTo(
      (1_000 * 1.25 + 1_000 * 1.25) / 1e6,
      9,
    );
    expect(price("x_ai", "grok-4.3", { input: 1_000, output: 0 }, batch).costUsd).toBeCloseTo(0.001, 9);
  });

  test("fast mode, data residency and committed throughput at Anthropic", () => {
    const standard = price("anthropic", "claude-opus-5-5", { input: 1_000, output: 100 }).costUsd!;
    const ask = (asked: Asked): PricedCall => price("anthropic", "claude-opus-5-5", { input: 1_000, output: 100 }, asked);
    expect(ask({ context: { speed: "fast" } }).costUsd).toBeCloseTo(2 * standard, 9);
    expect(ask({ attributes: { "gen_ai.usage.raw": '{"input_tokens":1000,"output_tokens":100,"speed":"fast"}' } }).costUsd).toBeCloseTo(
      2 * standard,
      9,
    );
    expect(ask({ attributes: { "anthropic.response.inference_geo": "us" } }).costUsd).toBeCloseTo(1.1 * standard, 9);
    expect(ask({ attributes: { "anthropic.response.inference_geo": "not_available" } }).costUsd).toBeCloseTo(standard, 9);
    const committed = ask({ attributes: { "anthropic.response.service_tier": "priority" } });
    expect([committed.costUsd, committed.costStatus]).toEqual([standard, "ambiguous_usage"]);
  });

  test("Gemini says it as traffic type", () => {
    const raw = (type: string): Asked => ({
      attributes: { "gen_ai.usage.raw": `{"promptTokenCount":1000,"candidatesTokenCount":100,"trafficType":"${type}"}` },
    });
    expect(price("gcp.gemini", "gemini-3.8-flash", {}, raw("ON_DEMAND")).costUsd).toBeCloseTo((1_000 * 0.75 + 100 * 3.75) / 1e6, 9);
    expect(price("gcp.gemini", "gemini-3.8-flash", {}, raw("PROVISIONED_THROUGHPUT")).costStatus).toBe("unknown_tier");
  });

  test("Alibaba's explicit cache shows in its usage, and costs other rates", () => {
    const raw = (details: string): Asked => ({
      attributes: {
        "gen_ai.usage.raw": `{"prompt_tokens":8300,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":8000${details}}}`,
      },
    });
    expect(price("alibaba_cloud", "qwen3.7-max", {}, raw("")).costUsd).toBeCloseTo((300 * 2.5 + 8_000 * 0.5) / 1e6, 9);
    expect(price("alibaba_cloud", "qwen3.7-max", {}, raw(',"cache_type":"ephemeral"')).costUsd).toBeCloseTo(
      (300 * 2.5 + 8_000 * 0.25) / 1e6,
      9,
    );
  });
});

describe("audio and images", () => {
  test("cost their own rates where the model has them, whoever counts them", () => {
    const expected = (700 * 0.3 + 300 * 1 + 10 * 2.5) / 1e6;
    const openinference = {
      "llm.token_count.prompt": 1_000,
      "llm.token_count.completion": 10,
      "llm.token_count.prompt_details.audio": 300,
    };
    expect(price("gcp.gemini", "gemini-2.5-flash", {}, { attributes: openinference }).costUsd).toBeCloseTo(expected, 12);
    const raw =
      '{"promptTokenCount":1000,"candidatesTokenCount":10,"promptTokensDetails":[{"modality":"TEXT","tokenCount":700},{"modality":"AUDIO","tokenCount":300}]}';
    expect(price("gcp.gemini", "gemini-2.5-flash", {}, { attributes: { "gen_ai.usage.raw": raw } }).costUsd).toBeCloseTo(expected, 12);
  });

  test("cost as text where it has none, and save nothing without a cache", () => {
    const attributes = { "llm.token_count.prompt": 1_000, "llm.token_count.prompt_details.image": 300 };
    const call = price("anthropic", "claude-opus-5-5", {}, { attributes });
    expect(call.costUsd).toBeCloseTo(0.004, 12);
    expect(call.cacheSavingsUsd).toBe(0);
  });

  test("that do not fit into the input are left out, and the call is marked", () => {
    const call = price(
      "gcp.gemini",
      "gemini-2.5-flash",
      { input: 100, output: 0 },
      { attributes: { "llm.token_count.prompt_details.audio": 300 } },
    );
    expect([call.costUsd, call.costStatus]).toEqual([expect.closeTo(0.00003, 12), "ambiguous_usage"]);
  });
});

describe("dates and hours", () => {
  test.each([
    ["openai", "gpt-5.6-sol", "2026-08-20T23:59:59Z", 5],
    ["openai", "gpt-5.6-sol", "2026-08-21T00:00:00Z", 4],
    ["gcp.gemini", "gemini-4-argon", "2026-11-30T23:59:59Z", 2],
    ["gcp.gemini", "gemini-4-argon", "2026-12-01T00:00:00Z", 4],
    ["deepseek", "deepseek-v4-flash", "2026-11-18T02:30:00Z", 0.3],
    ["deepseek", "deepseek-v4-flash", "2026-11-18T12:00:00Z", 0.15],
    ["deepseek", "deepseek-v4-flash", "2026-06-20T02:30:00Z", 0.14],
    ["deepseek", "deepseek-v4-flash", "2026-08-25T02:30:00Z", 0.44],
    ["deepseek", "deepseek-v4-pro", "2026-11-21T02:30:00Z", 0.66],
  ])("%s %s at %s: %d", (provider, model, at, rate) => {
    expect(price(provider, model, { input: 100_000, output: 0 }, { at }).costUsd! / rate).toBeCloseTo(0.1, 9);
  });
});

describe("who and what", () => {
  test("Azure is priced by the model that answered, never by a deployment's name", () => {
    const answered = price(
      "azure.ai.openai",
      "team-a-4o",
      { input: 1_000, output: 0 },
      { attributes: { "gen_ai.response.model": "gpt-4o-2024-08-06" } },
    );
    expect(answered.costUsd).toBeCloseTo(0.0025, 9);
    expect(price("azure.ai.openai", "my-gpt-4-deployment", { input: 1_000, output: 0 }).costStatus).toBe("unknown_model");
  });

  test("a framework's name leaves the model's owner", () => {
    expect(price("strands-agents", "claude-opus-5-5", { input: 1_000, output: 0 }).costUsd).toBeCloseTo(0.004, 9);
  });

  test.each([
    ["acme-llm", "gpt-4o", "unknown_provider"],
    [undefined, "llama-3.3-70b", "unknown_provider"],
    [undefined, undefined, "unknown_provider"],
    ["openai", undefined, "unknown_model"],
    ["openai", "gpt-7-nova", "unknown_model"],
  ])("%s %s: %s", (provider, model, status) => {
    const call = price(provider, model, { input: 10, output: 1 });
    expect([call.costUsd, call.cacheSavingsUsd, call.costStatus]).toEqual([null, null, status]);
    expect(call.cacheHitRatio).toBe(0);
  });

  test("what the span says it cost is not taken for what it costs", () => {
    const call = price("openai", "gpt-7-nova", { input: 10, output: 1 }, { attributes: { "gen_ai.usage.cost": 3, "operation.cost": 4 } });
    expect(call.costUsd).toBeNull();
  });

  test("a 12-hour cache write is not billed as a short one", () => {
    const raw =
      '{"input_tokens":900,"input_tokens_details":{"cache_write_tokens":800,"cache_write_tokens_details":{"ttl_12h_tokens":300}},"output_tokens":1}';
    expect(price("openai", "gpt-6.1-sol", {}, { attributes: { "gen_ai.usage.raw": raw } }).costStatus).toBe("unknown_tier");
    const book = priceBookWith({
      date: "2026-11-24",
      models: [{ provider: "openai", model: "gpt-6.1-sol", input: 2, output: 10, cacheWrite: 2.5, cacheWrite1h: 5 }],
    });
    const known = price("openai", "gpt-6.1-sol", {}, { attributes: { "gen_ai.usage.raw": raw }, book });
    expect(known.costUsd).toBeCloseTo((100 * 2 + 500 * 2.5 + 300 * 5 + 10) / 1e6, 12);
  });

  test("self-hosted costs 0 only when the user says so", () => {
    const book = priceBookWith({ date: "2026-11-24", models: [{ provider: "vllm", model: "llama", input: 0, output: 0 }] });
    expect(price("vllm", "llama", { input: 10, output: 1 }, { book }).costUsd).toBe(0);
    expect(price("vllm", "llama", { input: 10, output: 1 }).costUsd).toBeNull();
  });

  test("no tokens cost nothing, no usage costs nobody knows what", () => {
    expect(price("openai", "gpt-4o", { input: 0, output: 0 })).toMatchObject({
      costUsd: 0,
      cacheSavingsUsd: 0,
      cacheHitRatio: null,
      costStatus: "priced",
    });
    expect(price("openai", "gpt-4o", {})).toMatchObject({ usage: null, costUsd: null, costStatus: "no_usage" });
    expect(price("openai", "gpt-4o", { input: -1 })).toMatchObject({ usage: null, costUsd: null, costStatus: "invalid_usage" });
  });
});

describe("properties", () => {
  const count = fc.nat({ max: 2_000_000 });
  const who = fc.constantFrom(
    ["openai", "gpt-4.1"],
    ["anthropic", "claude-haiku-5-5"],
    ["aws.bedrock", "us.anthropic.claude-opus-5-5"],
    ["gcp.gemini", "gemini-2.5-pro"],
    ["deepseek", "deepseek-v4-flash"],
  );

  test("the parts add up to the cost, savings are what caching spared, the ratio is a share", () => {
    fc.assert(
      fc.property(
        who,
        fc.record({ uncached: count, read: count, written: count, hour: count, output: count }),
        ([provider, model], counts) => {
          const { uncached, read, written, hour, output } = counts;
          const input = uncached + read + written + hour;
          const call = price(provider, model, { input, read, written: written + hour, writtenFor1h: hour, output });
          const { costUsd, costInputUsd, costCacheReadUsd, costCacheWriteUsd, costOutputUsd, costWithoutCacheUsd, cacheSavingsUsd } = call;
          const parts = costInputUsd! + costCacheReadUsd! + costCacheWriteUsd! + costOutputUsd!;
          expect(Math.abs(parts - costUsd!)).toBeLessThanOrEqual(1e-12 * costUsd!);
          expect(cacheSavingsUsd).toBe(costWithoutCacheUsd! - costUsd!);
          expect(costUsd).toBeGreaterThanOrEqual(0);
          if (read + written + hour === 0) expect(cacheSavingsUsd).toBe(0);
          if (call.cacheHitRatio !== null) expect(call.cacheHitRatio >= 0 && call.cacheHitRatio <= 1).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("no input makes it throw, and money is a number or null", () => {
    const key = fc.oneof(fc.constantFrom(...USAGE_READ_KEYS), fc.string());
    const value = fc.oneof(fc.nat(), fc.string(), fc.constantFrom("openai", "gpt-4o", "flex", "claude-opus-5-5"), fc.json(), fc.boolean());
    fc.assert(
      fc.property(
        fc.dictionary(key, value as fc.Arbitrary<AttributeValue>),
        fc.double(),
        fc.option(fc.string(), { nil: undefined }),
        (attributes, atMs, provider) => {
          const call = priceCall({ attributes, atMs, provider }, DEFAULT_PRICE_BOOK);
          const money = [call.costUsd, call.costInputUsd, call.costWithoutCacheUsd, call.cacheSavingsUsd];
          expect(money.every((usd) => usd === null || Number.isFinite(usd))).toBe(true);
          expect(call.costUsd === null).toBe(!["priced", "ambiguous_usage"].includes(call.costStatus));
        },
      ),
      { numRuns: 500 },
    );
  });
});
