import { describe, expect, test } from "vitest";
import { canonicalProvider, providerOfHost } from "./provider.ts";

describe("spellings", () => {
  test.each([
    ["openai", "openai"],
    ["OpenAI", "openai"],
    ["openai.responses", "openai"],
    ["anthropic.messages", "anthropic"],
    ["Anthropic", "anthropic"],
    ["amazon-bedrock", "aws.bedrock"],
    ["aws_bedrock", "aws.bedrock"],
    ["az.ai.openai", "azure.ai.openai"],
    ["azure-openai.chat", "azure.ai.openai"],
    ["azure.ai.inference", "azure.ai.inference"],
    ["google.generative-ai", "gcp.gemini"],
    ["google.vertex.chat", "gcp.vertex_ai"],
    ["vertex_ai", "gcp.vertex_ai"],
    ["Google", "gcp.gen_ai"],
    ["xai", "x_ai"],
    ["mistral.chat", "mistral_ai"],
    ["moonshotai", "moonshot_ai"],
    ["togetherai.chat", "together"],
    ["dashscope", "alibaba_cloud"],
  ])("%s is %s", (spelling, name) => {
    expect(canonicalProvider(spelling)).toBe(name);
  });

  test("an unknown provider keeps its name, whatever model and host say", () => {
    expect(canonicalProvider("acme-llm", "gpt-4o", "api.openai.com")).toBe("acme-llm");
    expect(canonicalProvider("__proto__", "gpt-4o")).toBe("__proto__");
    expect(canonicalProvider("constructor")).toBe("constructor");
  });
});

describe("a framework or nothing is named", () => {
  test.each([
    ["strands-agents", "claude-opus-5-5", undefined, "anthropic"],
    ["strands-agents", "us.anthropic.claude-opus-5-5", undefined, "aws.bedrock"],
    ["langchain", "gpt-5.2", undefined, "openai"],
    ["microsoft.agent_framework", "gpt-5.2", "https://my-team.openai.azure.com/openai/v1", "azure.ai.openai"],
    [undefined, "gemini-2.5-flash", undefined, "gcp.gen_ai"],
    [undefined, "gemini-2.5-flash", "us-central1-aiplatform.googleapis.com", "gcp.vertex_ai"],
    [undefined, "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0", undefined, "aws.bedrock"],
    [undefined, "claude-sonnet-4-5@20250929", undefined, "gcp.vertex_ai"],
    ["gateway", "groq/llama-3.3-70b-versatile", undefined, "groq"],
    ["litellm", "grok-4.5", undefined, "x_ai"],
  ])("%s with %s at %s is %s", (name, model, host, provider) => {
    expect(canonicalProvider(name, model, host)).toBe(provider);
  });

  test.each(["llama-3.3-70b", "gpt-oss-120b", "deepseek-r1", "qwen3-32b", "my-model"])("%s is sold by many: no guess", (model) => {
    expect(canonicalProvider(undefined, model)).toBeUndefined();
    expect(canonicalProvider("langchain", model)).toBe("langchain");
  });
});

test("names of a megabyte cost nothing to look at", () => {
  const long = "a.".repeat(500_000);
  const begun = performance.now();
  expect(canonicalProvider(long, long, long)).toBe(long);
  expect(canonicalProvider("openai", long, long)).toBe("openai");
  expect(performance.now() - begun).toBeLessThan(2_000);
});

describe("hosts", () => {
  test.each([
    ["bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"],
    ["s3.us-east-1.amazonaws.com", undefined],
    ["my-team.openai.azure.com", "azure.ai.openai"],
    ["https://api.groq.com:443/openai/v1", "groq"],
    ["OPENROUTER.AI", "openrouter"],
    ["notopenrouter.ai", undefined],
    ["127.0.0.1", undefined],
    ["", undefined],
  ])("%s is %s", (host, provider) => {
    expect(providerOfHost(host)).toBe(provider);
  });

  test("the OpenAI and Anthropic SDKs are pointed at others: the host tells", () => {
    expect(canonicalProvider("openai", "llama-3.3-70b", "api.groq.com")).toBe("groq");
    expect(canonicalProvider("anthropic", "MiniMax-M3", "api.minimax.io")).toBe("minimax");
    expect(canonicalProvider("openai", "gpt-5.2", "localhost")).toBe("openai");
    expect(canonicalProvider("mistral_ai", "mistral-large-latest", "api.openai.com")).toBe("mistral_ai");
  });
});
