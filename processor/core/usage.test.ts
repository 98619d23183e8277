import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Attributes, AttributeValue } from "./span.ts";
import { readUsage, USAGE_READ_KEYS, type UsageInput } from "./usage.ts";

const AT = Date.parse("2026-11-18T12:00:00Z");

function input(attributes: Attributes, more: Partial<UsageInput> = {}): UsageInput {
  return { atMs: AT, attributes, ...more };
}

/** [uncachedInput, cacheRead, cacheWrite5m, cacheWrite1h, output] and whether that is sure. */
function tokens(attributes: Attributes, more: Partial<UsageInput> = {}): string {
  const { usage, ambiguous, invalid, present } = readUsage(input(attributes, more));
  if (usage === null) return invalid ? "invalid" : present ? "nothing" : "absent";
  const parts = [usage.uncachedInput, usage.cacheRead, usage.cacheWrite5m, usage.cacheWrite1h, usage.output].join(" ");
  return ambiguous ? `${parts} ambiguous` : parts;
}

/** A call that read 1024 tokens from a cache of 1400, wrote 256 (100 for an hour) and answered with 80. */
const CLAUDE = { "gen_ai.provider.name": "anthropic", "gen_ai.response.model": "claude-sonnet-4-5-20250929" };
const INCLUSIVE = { "gen_ai.usage.input_tokens": 1_400, "gen_ai.usage.output_tokens": 80 };
const EXCLUSIVE = { "gen_ai.usage.input_tokens": 2_000, "gen_ai.usage.output_tokens": 80 };
const CACHED = { "gen_ai.usage.cache_read.input_tokens": 1_024, "gen_ai.usage.cache_creation.input_tokens": 256 };

describe("the same call in every dialect", () => {
  const dialects: readonly (readonly [string, Attributes, Partial<UsageInput>])[] = [
    [
      "the convention today",
      { ...INCLUSIVE, "gen_ai.usage.cache_read.input_tokens": 1_024, "gen_ai.usage.cache_write.input_tokens": 256 },
      { provider: "openai" },
    ],
    ["the convention at 1.40", { ...INCLUSIVE, ...CACHED }, { provider: "openai" }],
    [
      "old names",
      {
        "gen_ai.usage.prompt_tokens": 1_400,
        "gen_ai.usage.completion_tokens": 80,
        "gen_ai.usage.cache_read_input_tokens": 1_024,
        "gen_ai.usage.cache_creation_input_tokens": 256,
      },
      { provider: "openai" },
    ],
    [
      "OpenInference",
      {
        "llm.token_count.prompt": 1_400,
        "llm.token_count.completion": 80,
        "llm.token_count.prompt_details.cache_read": 1_024,
        "llm.token_count.prompt_details.cache_write": 256,
        "llm.provider": "openai",
      },
      {},
    ],
    [
      "AI SDK 6",
      {
        "ai.usage.inputTokens": 1_400,
        "ai.usage.outputTokens": 80,
        "ai.usage.inputTokenDetails.noCacheTokens": 120,
        "ai.usage.inputTokenDetails.cacheReadTokens": 1_024,
        "ai.usage.inputTokenDetails.cacheWriteTokens": 256,
        "ai.model.provider": "anthropic.messages",
      },
      { scope: "ai" },
    ],
    [
      "AI SDK 4",
      {
        "ai.usage.promptTokens": 120,
        "ai.usage.completionTokens": 80,
        "ai.model.provider": "anthropic.messages",
        "ai.response.providerMetadata": '{"anthropic":{"cacheCreationInputTokens":256,"cacheReadInputTokens":1024}}',
      },
      { scope: "ai" },
    ],
    [
      "Strands",
      {
        ...INCLUSIVE,
        "gen_ai.usage.cache_read_input_tokens": 1_024,
        "gen_ai.usage.cache_write_input_tokens": 256,
        "gen_ai.provider.name": "strands-agents",
        "gen_ai.request.model": "claude-sonnet-4-5",
      },
      { scope: "strands.telemetry.tracer" },
    ],
    [
      "Sentry",
      { ...INCLUSIVE, "gen_ai.usage.input_tokens.cached": 1_024, "gen_ai.usage.input_tokens.cache_write": 256, "gen_ai.system": "openai" },
      {},
    ],
    [
      "Spring AI, numbers as text",
      {
        "spring.ai.kind": "chat",
        "gen_ai.system": "anthropic",
        "gen_ai.usage.input_tokens": "120",
        "gen_ai.usage.output_tokens": "80",
        "gen_ai.usage.cache_read.input_tokens": "1024",
        "gen_ai.usage.cache_creation.input_tokens": "256",
      },
      { scope: "org.springframework.boot" },
    ],
    [
      "Claude Code",
      { input_tokens: 120, output_tokens: 80, cache_read_tokens: 1_024, cache_creation_tokens: 256, "gen_ai.system": "anthropic" },
      { scope: "com.anthropic.claude_code.tracing" },
    ],
    [
      "Codex",
      {
        input_token_count: 1_400,
        output_token_count: 80,
        cached_token_count: 1_024,
        "gen_ai.usage.cache_write.input_tokens": 256,
        provider_name: "openai",
      },
      {},
    ],
    [
      "LiteLLM's Python repr",
      {
        ...INCLUSIVE,
        "gen_ai.system": "anthropic",
        "metadata.usage_object":
          "{'completion_tokens': 80, 'prompt_tokens': 1400, 'total_tokens': 1480, 'prompt_tokens_details': {'audio_tokens': None, 'cached_tokens': 1024, 'cache_creation_tokens': 256}, 'cache_creation_input_tokens': 256, 'cache_read_input_tokens': 1024}",
      },
      { scope: "litellm" },
    ],
    [
      "Langfuse",
      {
        "langfuse.observation.usage_details":
          '{"input":120,"output":80,"total":1480,"input_cached_tokens":1024,"input_cache_write_tokens":256}',
        "langfuse.observation.model.name": "gpt-5.2",
      },
      { scope: "langfuse-sdk" },
    ],
    [
      "LangSmith",
      {
        ...INCLUSIVE,
        "gen_ai.system": "langchain",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.usage.input_token_details": '{"cache_read":1024,"cache_creation":256}',
      },
      { scope: "langsmith" },
    ],
    [
      "logfire",
      {
        ...INCLUSIVE,
        "gen_ai.system": "anthropic",
        "gen_ai.usage.raw": '{"input_tokens":120,"output_tokens":80,"cache_creation_input_tokens":256,"cache_read_input_tokens":1024}',
      },
      { scope: "logfire.anthropic" },
    ],
    [
      "Genkit",
      {
        "genkit:output": '{"message":{},"usage":{"inputTokens":1400,"outputTokens":80,"cachedContentTokens":1024}}',
        "gen_ai.usage.cache_write.input_tokens": 256,
        "gen_ai.request.model": "gemini-2.5-flash",
      },
      {},
    ],
    [
      "pydantic-ai",
      { ...INCLUSIVE, ...CLAUDE, ...CACHED, "gen_ai.usage.details.cache_read_tokens": 1_024 },
      { scope: "pydantic-ai", scopeVersion: "2.68.0" },
    ],
  ];

  test.each(dialects)("%s", (_, attributes, more) => {
    expect(tokens(attributes, more)).toBe("120 1024 256 0 80");
  });
});

describe("writes that live for an hour", () => {
  const split = {
    "anthropic.usage.cache_creation.ephemeral_5m_input_tokens": 156,
    "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 100,
  };

  test.each([
    [
      "the Anthropic SDK",
      { ...INCLUSIVE, ...CLAUDE, "gen_ai.usage.cache_read.input_tokens": 1_024, "gen_ai.usage.cache_write.input_tokens": 256, ...split },
    ],
    ["without a sum", { ...INCLUSIVE, ...CLAUDE, "gen_ai.usage.cache_read.input_tokens": 1_024, ...split }],
    [
      "Mastra",
      {
        ...INCLUSIVE,
        ...CLAUDE,
        ...CACHED,
        "gen_ai.usage.cache_creation.5m_input_tokens": 156,
        "gen_ai.usage.cache_creation.1h_input_tokens": 100,
      },
    ],
    [
      "AI SDK 6",
      {
        "ai.model.provider": "anthropic",
        "ai.usage.inputTokens": 1_400,
        "ai.response.providerMetadata":
          '{"anthropic":{"usage":{"input_tokens":120,"output_tokens":80,"cache_read_input_tokens":1024,"cache_creation_input_tokens":256,"cache_creation":{"ephemeral_5m_input_tokens":156,"ephemeral_1h_input_tokens":100}}}}',
      },
    ],
  ])("%s", (_, attributes) => {
    expect(tokens(attributes)).toBe("120 1024 156 100 80");
  });
});

describe("the answer that OpenInference copies", () => {
  const counts = {
    "llm.token_count.prompt": 1_400,
    "llm.token_count.completion": 80,
    "llm.token_count.prompt_details.cache_read": 1_024,
    "llm.provider": "openai",
  };
  const usage = { prompt_tokens: 1_400, completion_tokens: 80, prompt_tokens_details: { cached_tokens: 1_024, cache_write_tokens: 256 } };

  test("knows what the counts leave out", () => {
    const answer = JSON.stringify({ choices: [{ message: { content: 'She said "usage": {"prompt_tokens": 7}' } }], usage, id: "x" });
    expect(tokens({ ...counts, "output.value": answer })).toBe("120 1024 256 0 80");
  });

  test("is passed over where it is of another call, is text, or breaks off", () => {
    const without = "376 1024 0 0 80";
    for (const answer of [
      JSON.stringify({ usage: { ...usage, completion_tokens: 7 } }),
      "Hello",
      '{"usage":{"prompt_tokens":',
      '{"usage":7}',
      "{}",
    ]) {
      expect(tokens({ ...counts, "output.value": answer })).toBe(without);
    }
    expect(tokens({ "output.value": JSON.stringify({ usage }) })).toBe("absent");
  });
});

describe("does the input contain the cache?", () => {
  const cached = { "gen_ai.usage.cache_read.input_tokens": 1_024, "gen_ai.usage.cache_creation.input_tokens": 256 };
  const inside = "720 1024 256 0 80";
  const apart = "2000 1024 256 0 80";

  test.each([
    ["a provider that counts it in", { ...EXCLUSIVE, ...cached }, { provider: "openai" }, inside],
    [
      "nothing known of an Anthropic span: the convention, marked",
      { ...EXCLUSIVE, ...cached },
      { provider: "anthropic" },
      `${inside} ambiguous`,
    ],
    [
      "an emitter that leaves it out",
      { ...EXCLUSIVE, ...cached },
      { provider: "anthropic", scope: "@openlit/instrumentation-anthropic" },
      apart,
    ],
    [
      "the same emitter's OpenAI package",
      { ...EXCLUSIVE, ...cached },
      { provider: "openai", scope: "@openlit/instrumentation-openai" },
      inside,
    ],
    ["an emitter that adds it", { ...EXCLUSIVE, ...cached }, { provider: "anthropic", scope: "com.anthropic.sdk.python" }, inside],
    [
      "an emitter up to its last exclusive version",
      { ...EXCLUSIVE, ...cached },
      { provider: "anthropic", scope: "@traceloop/instrumentation-anthropic", scopeVersion: "0.27.0" },
      apart,
    ],
    [
      "an emitter after it",
      { ...EXCLUSIVE, ...cached },
      { provider: "anthropic", scope: "@traceloop/instrumentation-anthropic", scopeVersion: "0.28.0" },
      inside,
    ],
    ["AI SDK 5 with Anthropic", { ...EXCLUSIVE, ...cached }, { provider: "anthropic", scope: "ai" }, apart],
    ["AI SDK 5 with OpenAI", { ...EXCLUSIVE, ...cached }, { provider: "openai", scope: "ai" }, inside],
    [
      "Claude on Vertex",
      { ...EXCLUSIVE, ...cached, "gen_ai.request.model": "claude-opus-5-5" },
      { provider: "gcp.vertex_ai", scope: "openlit.instrumentation.anthropic" },
      apart,
    ],
    [
      "the total adds it",
      { ...EXCLUSIVE, ...cached, "gen_ai.usage.total_tokens": 3_360 },
      { provider: "anthropic", scope: "com.anthropic.sdk.python" },
      apart,
    ],
    [
      "input plus output proves nothing",
      { ...EXCLUSIVE, ...cached, "gen_ai.usage.total_tokens": 2_080 },
      { provider: "anthropic" },
      `${inside} ambiguous`,
    ],
    [
      "OpenAI on Bedrock counts it twice in the total",
      { ...EXCLUSIVE, ...cached, "gen_ai.usage.total_tokens": 3_360, "gen_ai.request.model": "us.openai.gpt-6-sol" },
      { provider: "aws.bedrock" },
      `${inside} ambiguous`,
    ],
    [
      "an emitter that never tells of the cache",
      EXCLUSIVE,
      { provider: "anthropic", scope: "org.springframework.boot" },
      "2000 0 0 0 80 ambiguous",
    ],
    [
      "and one of its versions that does",
      { ...EXCLUSIVE, "gen_ai.usage.cache_read.input_tokens": "0" },
      { provider: "anthropic", scope: "org.springframework.boot" },
      "2000 0 0 0 80",
    ],
    [
      "cached tokens that only the total has",
      { ...EXCLUSIVE, "gen_ai.usage.total_tokens": 3_360 },
      { provider: "aws.bedrock", scope: "@arizeai/openinference-instrumentation-bedrock" },
      "3280 0 0 0 80 ambiguous",
    ],
    [
      "only the total has them, twice",
      { ...EXCLUSIVE, "gen_ai.usage.total_tokens": 3_360, "gen_ai.request.model": "us.openai.gpt-6-sol" },
      { provider: "aws.bedrock" },
      "2000 0 0 0 80",
    ],
    [
      "what only the total has, of a provider that counts it in",
      { ...EXCLUSIVE, "gen_ai.usage.total_tokens": 3_360 },
      { provider: "openai" },
      "2000 0 0 0 80",
    ],
  ])("%s", (_, attributes, more, expected) => {
    expect(tokens(attributes, more)).toBe(expected);
  });

  test("parts larger than the whole leave one reading, whatever the emitter", () => {
    const attributes = {
      "gen_ai.usage.input_tokens": 50,
      "gen_ai.usage.output_tokens": 400,
      "gen_ai.usage.cache_read.input_tokens": 30_000,
    };
    expect(tokens(attributes, { provider: "anthropic", scope: "com.anthropic.sdk.python" })).toBe("50 30000 0 0 400");
    expect(tokens(attributes, { provider: "openai" })).toBe("50 30000 0 0 400 ambiguous");
  });

  test("our own instrumentation leaves no doubt", () => {
    expect(tokens({ ...EXCLUSIVE, ...cached }, { provider: "anthropic", scope: "genai-otel" })).toBe(inside);
  });

  test("an emitter that never shows the cache gives a lower bound", () => {
    const scope = "opentelemetry.instrumentation.botocore.bedrock-runtime";
    expect(tokens({ ...INCLUSIVE }, { provider: "aws.bedrock", scope })).toBe("1400 0 0 0 80 ambiguous");
  });
});

describe("does the output contain the reasoning?", () => {
  const gemini = { "gen_ai.usage.input_tokens": 1_200, "gen_ai.usage.output_tokens": 64, "gen_ai.provider.name": "gcp.gemini" };

  test.each([
    ["the convention: yes", { ...gemini, "gen_ai.usage.reasoning.output_tokens": 16 }, {}, "1200 0 0 0 64"],
    [
      "the total adds it: no",
      { ...gemini, "gen_ai.usage.reasoning.output_tokens": 16, "gen_ai.usage.total_tokens": 1_280 },
      {},
      "1200 0 0 0 80",
    ],
    [
      "the total does not: yes",
      { ...gemini, "gen_ai.usage.reasoning.output_tokens": 16, "gen_ai.usage.total_tokens": 1_264 },
      { scope: "@traceloop/instrumentation-google-generativeai" },
      "1200 0 0 0 64",
    ],
    [
      "an emitter of candidates, of a provider that has none: yes",
      { ...gemini, "gen_ai.provider.name": "openai", "gen_ai.usage.reasoning_tokens": 16 },
      { scope: "opentelemetry.instrumentation.ag2" },
      "1200 0 0 0 64",
    ],
    [
      "an emitter of candidates: no",
      { ...gemini, "gen_ai.usage.reasoning_tokens": 16 },
      { scope: "@traceloop/instrumentation-google-generativeai" },
      "1200 0 0 0 80",
    ],
    [
      "candidates, and only the total has the thoughts",
      { ...gemini, "llm.usage.total_tokens": 1_280 },
      { scope: "opentelemetry.instrumentation.google_generativeai" },
      "1200 0 0 0 80 ambiguous",
    ],
    ["more reasoning than output: no", { ...gemini, "gen_ai.usage.reasoning.output_tokens": 1_000 }, {}, "1200 0 0 0 1064"],
  ])("%s", (_, attributes, more, expected) => {
    expect(tokens(attributes, more)).toBe(expected);
  });
});

describe("what is no usage", () => {
  test.each([
    ["NaN", Number.NaN],
    ["infinite", Number.POSITIVE_INFINITY],
    ["negative", -1],
    ["text", "NaN"],
    ["more text", "Infinity"],
    ["empty text", ""],
    ["a truth value", true],
    ["a list", [1]],
    ["an object", { count: 1 }],
  ] as [string, AttributeValue][])("a count that is %s", (_, count) => {
    expect(tokens({ ...INCLUSIVE, "gen_ai.usage.cache_read.input_tokens": count })).toBe("invalid");
    expect(tokens({ ...INCLUSIVE, "gen_ai.usage.output_tokens": count })).toBe("invalid");
    // Also where a better key hides it.
    expect(tokens({ ...INCLUSIVE, "gen_ai.usage.prompt_tokens": count })).toBe("invalid");
  });

  test("an hour's writes beyond all writes", () => {
    expect(tokens({ ...INCLUSIVE, ...CACHED, "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 300 })).toBe("invalid");
  });

  test("a raw answer with more cached than prompt tokens", () => {
    expect(tokens({ "gen_ai.usage.raw": '{"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":20}}' })).toBe(
      "invalid",
    );
  });

  test("no key at all, empty documents, JSON that is none", () => {
    expect(tokens({ "gen_ai.request.model": "gpt-5.2" })).toBe("absent");
    expect(tokens({ "langfuse.observation.usage_details": "{}" })).toBe("absent");
    expect(tokens({ "genkit:output": '{"message":' })).toBe("absent");
    expect(tokens({ "gen_ai.usage.raw": "null" })).toBe("absent");
  });

  test("zero is a count", () => {
    expect(tokens({ "gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0 })).toBe("0 0 0 0 0");
  });
});

describe("a span that was enriched before", () => {
  const marked = { ...INCLUSIVE, ...CACHED, llm_call: true };

  test("is in the convention, whatever the emitter's habit", () => {
    expect(tokens(marked, { provider: "anthropic", scope: "@openlit/instrumentation-anthropic" })).toBe("120 1024 256 0 80");
    expect(
      tokens(
        { ...marked, "gen_ai.usage.reasoning.output_tokens": 16 },
        { provider: "gcp.gemini", scope: "@traceloop/instrumentation-vertexai" },
      ),
    ).toBe("120 1024 256 0 80");
  });

  test("keeps its doubt", () => {
    expect(tokens({ ...marked, cost_status: "ambiguous_usage" }, { provider: "anthropic" })).toBe("120 1024 256 0 80 ambiguous");
  });
});

describe("properties", () => {
  const key = fc.oneof(fc.constantFrom(...USAGE_READ_KEYS), fc.string());
  const value = fc.oneof(
    fc.nat(),
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constant('{"usage":{"inputTokens":3}}'),
    fc.json(),
    fc.array(fc.nat()),
  );
  const attributes = fc.dictionary(key, value as fc.Arbitrary<AttributeValue>, { noNullPrototype: false });
  const scope = fc.constantFrom("ai", "com.anthropic.sdk.typescript", "@openlit/instrumentation-anthropic", "langfuse-sdk", undefined);
  const provider = fc.constantFrom("anthropic", "openai", "aws.bedrock", "gcp.gemini", "acme", undefined);

  test("no attributes make it throw, and what it gives is sound", () => {
    fc.assert(
      fc.property(attributes, scope, provider, (given, from, by) => {
        const { usage, invalid, present } = readUsage(input(given, { scope: from, provider: by }));
        if (usage === null) return;
        expect(invalid).toBe(false);
        expect(present).toBe(true);
        const counts = [usage.uncachedInput, usage.cacheRead, usage.cacheWrite5m, usage.cacheWrite1h, usage.output];
        expect(counts.every((count) => Number.isFinite(count) && count >= 0)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("every token is counted once: the parts add up to the input or to input and cache", () => {
    const count = fc.nat({ max: 1_000_000 });
    fc.assert(
      fc.property(fc.record({ all: count, read: count, written: count, output: count }), scope, provider, (counts, from, by) => {
        const { all, read, written, output } = counts;
        const { usage } = readUsage(
          input(
            {
              "gen_ai.usage.input_tokens": all,
              "gen_ai.usage.output_tokens": output,
              "gen_ai.usage.cache_read.input_tokens": read,
              "gen_ai.usage.cache_write.input_tokens": written,
            },
            { scope: from, provider: by },
          ),
        );
        const sum = (usage?.uncachedInput ?? 0) + (usage?.cacheRead ?? 0) + (usage?.cacheWrite5m ?? 0) + (usage?.cacheWrite1h ?? 0);
        expect([all, all + read + written]).toContain(sum);
        expect(usage?.output).toBe(output);
      }),
    );
  });

  test("adding cache reads never mends an invalid record", () => {
    fc.assert(
      fc.property(fc.nat(), (read) => {
        const broken = { "gen_ai.usage.input_tokens": -5, "gen_ai.usage.output_tokens": 3 };
        expect(tokens({ ...broken, "gen_ai.usage.cache_read.input_tokens": read }, { provider: "anthropic" })).toBe("invalid");
      }),
    );
  });
});

test("every key is listed once", () => {
  expect(new Set(USAGE_READ_KEYS).size).toBe(USAGE_READ_KEYS.length);
});
