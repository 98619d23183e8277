import { expect, test } from "vitest";
import { appOf, chatOf, requestOf, spanOf } from "../../test/support/span-of.ts";
import { enrichBatch, type EnrichContext } from "./enrich.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import { SPAN_KIND, STATUS, type Span } from "./span.ts";
import { createTraceMemory } from "./trace-memory.ts";

/** What one span leaves out and another one knows. */
function context(): EnrichContext {
  return {
    prices: DEFAULT_PRICE_BOOK,
    memory: createTraceMemory({ tracesMax: 100, spansPerTraceMax: 1_000, ageMsMax: 60_000 }),
    settled: true,
  };
}

test("a wait that only the request's answer states is the call's, also when the request came in an earlier batch", () => {
  const call = chatOf({ id: 1, error: "RateLimitError" });
  const request = requestOf({ id: 2, parent: 1, status: 429, attributes: { "http.response.header.retry-after": ["7"] } });
  expect(enrichBatch([call, request], context())[0]).toMatchObject({ error_category: "rate_limit", error_retry_after_ms: 7_000 });
  const across = context();
  enrichBatch([request], { ...across, settled: false });
  expect(enrichBatch([call], across)[0]).toMatchObject({ error_category: "rate_limit", error_retry_after_ms: 7_000 });
});

test("a failed span that has only the convention's name is the call of that model, and the next model's call no retry", () => {
  const scopeName = "openlit.instrumentation.anthropic";
  const failed = spanOf({
    id: 1,
    parent: 9,
    scopeName,
    name: "chat claude-sonnet-4-5",
    statusCode: STATUS.error,
    statusMessage: "Overloaded",
  });
  const request = requestOf({ id: 2, parent: 1, status: 529, attributes: { "url.full": "https://api.anthropic.com/v1/messages" } });
  const next = chatOf({
    id: 3,
    parent: 9,
    from: 150,
    scopeName,
    model: "claude-haiku-4-5",
    attributes: { "gen_ai.provider.name": "anthropic" },
  });
  const [first, http, second] = enrichBatch([failed, request, next, appOf({ id: 9 })], context());
  expect(first).toMatchObject({ llm_call: true, "gen_ai.request.model": "claude-sonnet-4-5", error_category: "model_overloaded" });
  expect(http).toBeNull();
  expect(second).toMatchObject({ llm_call: true });
  expect(second).not.toHaveProperty("retry_of");
});

test("a name says nothing where the attributes say what the span does", () => {
  const tool = spanOf({ id: 1, name: "chat gpt-5.2", kind: SPAN_KIND.internal, attributes: { "gen_ai.operation.name": "execute_tool" } });
  expect(enrichBatch([tool], context())[0]).toMatchObject({ llm_call: false });
});

test("an answer that was read to its end within a failed, speechless wrapper held the provider's error", () => {
  const wrapper = spanOf({
    id: 1,
    parent: 9,
    scopeName: "gen_ai",
    name: "step 1",
    kind: SPAN_KIND.internal,
    statusCode: STATUS.error,
    attributes: { "gen_ai.operation.name": "agent_step" },
  });
  const [, request] = enrichBatch([wrapper, requestOf({ id: 2, parent: 9, from: 1, to: 90 })], context());
  expect(request).toMatchObject({ llm_call: true, error_category: "api_error" });
});

test("the span that ends a stream is no second call beside the SDK's own, which ended before it", () => {
  const spans: Span[] = [
    spanOf({ id: 1, parent: 9, to: 30, scopeName: "logfire.anthropic", attributes: chatAttributes() }),
    spanOf({
      id: 2,
      parent: 9,
      from: 300,
      to: 300,
      kind: SPAN_KIND.internal,
      scopeName: "logfire.anthropic",
      attributes: { ...chatAttributes(), duration: 0.25, "gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 80 },
    }),
    spanOf({
      id: 3,
      parent: 1,
      from: 1,
      to: 280,
      name: "anthropic.messages.create",
      scopeName: "com.anthropic.sdk.python",
      attributes: { ...chatAttributes(), "gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 80 },
    }),
  ];
  expect(enrichBatch(spans, context()).map((found) => found?.["llm_call"])).toEqual([false, false, true]);
});

function chatAttributes(): Record<string, string> {
  return { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5" };
}

test("a framework that takes its time around the SDK still tells what the SDK's own span leaves out", () => {
  const framework = spanOf({
    id: 1,
    parent: 9,
    to: 110,
    kind: SPAN_KIND.internal,
    scopeName: "opentelemetry.instrumentation.langchain",
    name: "ChatAnthropic.chat",
    statusCode: STATUS.error,
    statusMessage:
      "Error code: 400 - {'error': {'type': 'invalid_request_error', 'message': 'Your credit balance is too low to access the Anthropic API.'}}",
    attributes: chatAttributes(),
  });
  const native = spanOf({
    id: 2,
    parent: 9,
    from: 12,
    to: 100,
    statusCode: STATUS.error,
    name: "anthropic.messages.create",
    scopeName: "com.anthropic.sdk.python",
    attributes: { ...chatAttributes(), "http.response.status_code": 400, "error.type": "invalid_request_error" },
  });
  const [wrapper, call] = enrichBatch([framework, native, appOf({ id: 9, to: 120 })], context());
  expect(wrapper).toMatchObject({ llm_call: false });
  expect(call).toMatchObject({ llm_call: true, error_category: "quota_exceeded" });
});

test("what no rule knows is what the call's last request was found to be", () => {
  const call = chatOf({ id: 1, error: "Error", statusMessage: "Error reading from the stream" });
  const request = requestOf({
    id: 2,
    parent: 1,
    statusCode: STATUS.error,
    statusMessage: "read ECONNRESET",
    attributes: { "error.type": "ECONNRESET" },
  });
  expect(enrichBatch([call, request], context())[0]).toMatchObject({ error_category: "network_error", error_retryable: true });
});

test("where only the address names the model, the call is priced by it, and a vendor's name is no model's", () => {
  const openinference = {
    "openinference.span.kind": "LLM",
    "llm.provider": "aws",
    "llm.system": "anthropic",
    "llm.model_name": "anthropic",
    "llm.token_count.prompt": 120,
    "llm.token_count.completion": 80,
  };
  const scopeName = "@arizeai/openinference-instrumentation-bedrock";
  const url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse";
  const call = spanOf({ id: 1, parent: 9, scopeName, name: "bedrock.converse", kind: SPAN_KIND.internal, attributes: openinference });
  const request = requestOf({ id: 2, parent: 9, from: 1, to: 90, attributes: { "url.full": url } });
  expect(enrichBatch([call, request, appOf({ id: 9 })], context())[0]).toMatchObject({
    "gen_ai.request.model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "gen_ai.provider.name": "aws.bedrock",
    cost_status: "priced",
  });
});

test("requests that failed in the outer span, before an inner one took the call over, are attempts of the call", () => {
  const scopeName = "openinference.instrumentation.litellm";
  const [outer, inner] = [chatOf({ id: 1, parent: 9, to: 100, scopeName }), chatOf({ id: 2, parent: 1, from: 20, to: 99, scopeName })];
  const requests = [
    requestOf({ id: 11, parent: 1, from: 1, to: 10, status: 429 }),
    requestOf({ id: 12, parent: 2, from: 30, to: 40, status: 500 }),
    requestOf({ id: 13, parent: 2, from: 60, to: 90 }),
  ];
  const found = enrichBatch([...requests, inner, outer, appOf({ id: 9 })], context());
  expect(found[3]).toMatchObject({ llm_call: true, retry_count: 2, retry_reason: "rate_limit", retry_wait_ms: 40 });
  expect(found[4]).toMatchObject({ llm_call: false });
  expect(found.slice(0, 3)).toEqual([null, null, null]);
});
