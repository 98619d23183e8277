import { describe, expect, test } from "vitest";
import { MODEL_ENDPOINTS, modelEndpointOf } from "./model-endpoint.ts";
import { canonicalProvider } from "./provider.ts";

describe("modelEndpointOf", () => {
  test.each([
    ["https://api.openai.com/v1/chat/completions", { provider: "openai", operation: "chat" }],
    ["https://eu.api.openai.com/v1/responses?stream=1", { provider: "openai", operation: "chat" }],
    ["https://api.openai.com/v1/embeddings", { provider: "openai", operation: "embeddings" }],
    ["https://api.anthropic.com/v1/messages", { provider: "anthropic", operation: "chat" }],
    ["https://api.anthropic.com/v1/messages?beta=true", { provider: "anthropic", operation: "chat" }],
    [
      "https://my-team.openai.azure.com/openai/deployments/chat-eu/chat/completions?api-version=1",
      { provider: "azure.ai.openai", operation: "chat", model: "chat-eu" },
    ],
    [
      "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
      { provider: "gcp.gemini", operation: "generate_content", model: "gemini-2.5-flash" },
    ],
    [
      "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5:streamRawPredict",
      { provider: "gcp.vertex_ai", operation: "chat", model: "claude-sonnet-4-5" },
    ],
    [
      "https://bedrock-runtime.eu-central-1.amazonaws.com/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
      { provider: "aws.bedrock", operation: "chat", model: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" },
    ],
    ["http://localhost:11434/api/chat", { provider: "ollama", operation: "chat" }],
    ["http://127.0.0.1:8000/v1/chat/completions", { operation: "chat" }],
    ["http://llm-proxy.internal/anthropic/v1/messages", { operation: "chat" }],
    ["api.openai.com:443/v1/chat/completions", { provider: "openai", operation: "chat" }],
    ["https://user:key@api.openai.com/v1/chat/completions", { provider: "openai", operation: "chat" }],
  ])("%s", (address, endpoint) => {
    expect(modelEndpointOf(address)).toEqual(endpoint);
  });

  test.each([
    "https://example.com/api/chat",
    "https://api.anthropic.com/v1/messages/batches",
    "https://api.anthropic.com/v1/messages/count_tokens",
    "https://api.openai.com/v1/files",
    "https://forms.example.com/forms/12/responses",
    "https://api.openai.com",
    "https://api.openai.com/v1/models/gpt-5.2",
    "/v1/completions-of-tasks",
    "",
    "::::",
    "https://[::1]/v1/messagesX",
  ])("not a model: %s", (address) => {
    expect(modelEndpointOf(address)).toBeNull();
  });

  test("the user's rows come first", () => {
    const rows = [{ host: ".corp.example", path: /\/infer$/, provider: "vllm", operation: "chat" }];
    expect(modelEndpointOf("https://gpu.corp.example/infer", rows)).toEqual({ provider: "vllm", operation: "chat" });
    expect(modelEndpointOf("https://gpu.corp.example/infer")).toBeNull();
  });

  test("a path that is no URL encoding stands as it is", () => {
    expect(modelEndpointOf("https://bedrock-runtime.us-east-1.amazonaws.com/model/%E0%A4%A/converse")?.model).toBe("%E0%A4%A");
  });

  test("its providers are the names that prices go by", () => {
    const names = new Set(MODEL_ENDPOINTS.flatMap(({ provider }) => provider ?? []));
    expect([...names].filter((name) => canonicalProvider(name) !== name)).toEqual([]);
  });
});
