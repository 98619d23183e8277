import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readProviderUsage } from "./usage-provider.ts";

/** [uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning] */
function read(usage: unknown, provider?: string, model?: string): (number | null)[] | null {
  const tokens = readProviderUsage(usage, { provider, model });
  if (tokens === null) return null;
  return [tokens.uncachedInput, tokens.cacheRead, tokens.cacheWrite5m, tokens.cacheWrite1h, tokens.output, tokens.reasoning];
}

describe("Anthropic Messages excludes the cache from input_tokens", () => {
  test.each([
    [
      { input_tokens: 12, cache_read_input_tokens: 48_213, cache_creation_input_tokens: 0, output_tokens: 733 },
      [12, 48_213, 0, 0, 733, null],
    ],
    [
      {
        input_tokens: 55,
        cache_creation_input_tokens: 6_144,
        cache_read_input_tokens: 70_123,
        cache_creation: { ephemeral_5m_input_tokens: 2_048, ephemeral_1h_input_tokens: 4_096 },
        output_tokens: 910,
        output_tokens_details: { thinking_tokens: 400 },
      },
      [55, 70_123, 2_048, 4_096, 910, 400],
    ],
    [{ input_tokens: 30, cache_creation_input_tokens: 1_024, output_tokens: 7 }, [30, 0, 1_024, 0, 7, null]],
    [{ input_tokens: 30, cache_creation_input_tokens: null, cache_read_input_tokens: null, output_tokens: 77 }, [30, 0, 0, 0, 77, null]],
    [
      {
        input_tokens: 100,
        output_tokens: 10,
        iterations: [
          { type: "compaction", input_tokens: 5_000, output_tokens: 300 },
          { type: "advisor_message", input_tokens: 900, output_tokens: 90 },
          { type: "message", input_tokens: 100, output_tokens: 10 },
        ],
      },
      [5_100, 0, 0, 0, 310, null],
    ],
  ])("%j", (usage, expected) => {
    expect(read(usage, "anthropic")).toEqual(expected);
  });
});

describe("Bedrock Converse excludes it too", () => {
  test.each([
    [
      { inputTokens: 77, cacheReadInputTokens: 22_000, cacheWriteInputTokens: 1_500, outputTokens: 640, totalTokens: 24_217 },
      undefined,
      [77, 22_000, 1_500, 0, 640, null],
    ],
    [
      {
        inputTokens: 77,
        cacheReadInputTokens: 0,
        cacheWriteInputTokens: 2_000,
        cacheDetails: [
          { ttl: "5m", inputTokens: 500 },
          { ttl: "1h", inputTokens: 1_500 },
        ],
        outputTokens: 1,
      },
      undefined,
      [77, 0, 500, 1_500, 1, null],
    ],
    // ConverseStream with OpenAI models was seen to count the cache in, and twice in the total.
    [
      { inputTokens: 1_000, cacheReadInputTokens: 800, outputTokens: 10, totalTokens: 1_810 },
      "us.openai.gpt-6-sol",
      [200, 800, 0, 0, 10, null],
    ],
    [
      { inputTokens: 1_000, cacheReadInputTokens: 800, outputTokens: 10, totalTokens: 1_810 },
      "us.anthropic.claude-opus-5-5",
      [1_000, 800, 0, 0, 10, null],
    ],
  ])("%j of %s", (usage, model, expected) => {
    expect(read(usage, "aws.bedrock", model)).toEqual(expected);
  });
});

describe("OpenAI's shapes include it", () => {
  test.each([
    [
      {
        input_tokens: 25_216,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 24_576 },
        output_tokens: 210,
        output_tokens_details: { reasoning_tokens: 128 },
        total_tokens: 25_426,
      },
      "openai",
      [640, 0, 24_576, 0, 210, 128],
    ],
    [
      {
        input_tokens: 900,
        input_tokens_details: { cache_write_tokens: 800, cache_write_tokens_details: { ttl_12h_tokens: 300 } },
        output_tokens: 1,
      },
      "openai",
      [100, 0, 500, 300, 1, null],
    ],
    [
      { prompt_tokens: 43_319, completion_tokens: 1_200, prompt_tokens_details: { cached_tokens: 40_960, cache_write_tokens: 2_048 } },
      "openai",
      [311, 40_960, 2_048, 0, 1_200, null],
    ],
    [
      { prompt_tokens: 5_900, completion_tokens: 400, prompt_tokens_details: { cached_tokens: 5_000 } },
      "openrouter",
      [900, 5_000, 0, 0, 400, null],
    ],
    [
      { prompt_tokens: 8_320, prompt_cache_hit_tokens: 7_680, prompt_cache_miss_tokens: 640, completion_tokens: 900 },
      "deepseek",
      [640, 7_680, 0, 0, 900, null],
    ],
    [{ prompt_tokens: 9_500, cached_tokens: 9_000, completion_tokens: 1_200 }, "moonshot_ai", [500, 9_000, 0, 0, 1_200, null]],
    [{ prompt_tokens: 4_330, num_cached_tokens: 4_096, completion_tokens: 321 }, "mistral_ai", [234, 4_096, 0, 0, 321, null]],
    [
      { prompt_tokens: 8_300, completion_tokens: 300, prompt_tokens_details: { cached_tokens: 6_000, cache_creation_input_tokens: 2_000 } },
      "alibaba_cloud",
      [300, 6_000, 2_000, 0, 300, null],
    ],
    [
      {
        prompt_tokens: 1_400,
        completion_tokens: 80,
        cache_read_input_tokens: 1_024,
        cache_creation_input_tokens: 256,
        prompt_tokens_details: { cached_tokens: 1_024, cache_creation_token_details: { ephemeral_1h_input_tokens: 100 } },
      },
      "anthropic",
      [120, 1_024, 156, 100, 80, null],
    ],
  ])("%j of %s", (usage, provider, expected) => {
    expect(read(usage, provider)).toEqual(expected);
  });
});

describe("who leaves the thinking out of the output", () => {
  const details = { completion_tokens_details: { reasoning_tokens: 1_000 } };

  test.each([
    ["x_ai", { prompt_tokens: 5_920, completion_tokens: 400, total_tokens: 7_320, ...details }, 1_400],
    ["openai", { prompt_tokens: 5_920, completion_tokens: 1_400, total_tokens: 7_320, ...details }, 1_400],
    ["together", { prompt_tokens: 5_920, completion_tokens: 400, total_tokens: 7_320, ...details }, 1_400],
    ["gcp.gemini", { prompt_tokens: 100, completion_tokens: 50, total_tokens: 750 }, 650],
    ["perplexity", { prompt_tokens: 100, completion_tokens: 50, reasoning_tokens: 7, citation_tokens: 3 }, 60],
    ["gcp.gemini", { promptTokenCount: 1_500, candidatesTokenCount: 300, thoughtsTokenCount: 600 }, 900],
    ["gcp.gemini", { total_input_tokens: 1_500, total_output_tokens: 300, total_thought_tokens: 600 }, 900],
    [
      "x_ai",
      {
        input_tokens: 5_920,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 1_400,
        output_tokens_details: { reasoning_tokens: 1_000 },
      },
      1_400,
    ],
  ])("%s %j: %d", (provider, usage, output) => {
    expect(read(usage, provider)?.[4]).toBe(output);
  });
});

describe("Gemini and Cohere", () => {
  test.each([
    [
      { promptTokenCount: 34_032, cachedContentTokenCount: 32_768, candidatesTokenCount: 300, thoughtsTokenCount: 150 },
      [1_264, 32_768, 0, 0, 450, 150],
    ],
    [{ promptTokenCount: 1_500, toolUsePromptTokenCount: 400, candidatesTokenCount: 300 }, [1_900, 0, 0, 0, 300, null]],
    [{ total_input_tokens: 1_000, total_cached_tokens: 200, total_tool_use_tokens: 50, total_output_tokens: 3 }, [850, 200, 0, 0, 3, null]],
    [
      { billed_units: { input_tokens: 812, output_tokens: 240 }, tokens: { input_tokens: 1_324, output_tokens: 240 } },
      [812, 0, 0, 0, 240, null],
    ],
  ])("%j", (usage, expected) => {
    expect(read(usage)).toEqual(expected);
  });
});

describe("what cannot be", () => {
  test("xAI has reported more cached tokens than prompt tokens: the prompt then is what was not cached", () => {
    const usage = { prompt_tokens: 100, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 300 } };
    expect(read(usage, "x_ai")?.slice(0, 2)).toEqual([100, 300]);
    expect(read(usage, "openai")?.[0]).toBe(-200);
  });

  test.each([[null], ["text"], [7], [[]], [{}], [{ tokens: 5 }], [{ inputTokens: 5, cachedInputTokens: 3 }]])(
    "%j has no known shape",
    (usage) => {
      expect(read(usage)).toBeNull();
    },
  );

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, "many", true, {}])("a count of %s makes NaN of the sum", (bad) => {
    expect(read({ input_tokens: 10, output_tokens: bad })?.[4]).toBeNaN();
    expect(read({ prompt_tokens: bad, completion_tokens: 1 })?.[0]).toBeNaN();
  });

  test("no answer makes it throw", () => {
    const keys = fc.constantFrom(
      "input_tokens",
      "prompt_tokens",
      "promptTokenCount",
      "inputTokens",
      "total_input_tokens",
      "billed_units",
      "cacheDetails",
      "iterations",
      "input_tokens_details",
      "prompt_tokens_details",
      "completion_tokens_details",
      "cache_creation",
      "__proto__",
    );
    fc.assert(
      fc.property(fc.dictionary(keys, fc.anything()), fc.constantFrom("openai", "x_ai", "gcp.gemini", undefined), (usage, provider) => {
        readProviderUsage(usage, { provider, model: undefined });
      }),
    );
  });
});
