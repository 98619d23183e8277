import { describe, expect, test } from "vitest";
import { appOf, chatOf, idOf, requestOf, spanOf } from "../../test/support/span-of.ts";
import { enrich, enrichBatch, type EnrichContext } from "./enrich.ts";
import type { Enrichment } from "./enrichment.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import { SPAN_KIND, STATUS, type Span } from "./span.ts";
import { createTraceMemory } from "./trace-memory.ts";

function context(over: Partial<EnrichContext> = {}): EnrichContext {
  return { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 100, spansPerTraceMax: 10_000, ageMsMax: 60_000 }), ...over };
}

/** Whole traces, as the command gets them. */
function settled(...spans: Span[]): (Enrichment | null)[] {
  return enrichBatch(spans, context({ settled: true }));
}

describe("a model call", () => {
  test("gets everything that is known of it, under the convention's names", () => {
    const [call] = settled(
      chatOf({ id: 1, attributes: { "gen_ai.usage.cache_read.input_tokens": 1_024, "gen_ai.response.model": "gpt-5.2" } }),
    );
    expect(call).toMatchObject({
      llm_call: true,
      "gen_ai.provider.name": "openai",
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "gpt-5.2",
      "gen_ai.usage.input_tokens": 1_200,
      "gen_ai.usage.cache_read.input_tokens": 1_024,
      "gen_ai.usage.output_tokens": 80,
      cost_status: "priced",
      output_tokens_per_second: 800,
    });
    expect(call?.["cost_usd"]).toBeGreaterThan(0);
    expect(call).not.toHaveProperty("retry_count");
    expect(call).not.toHaveProperty("error_category");
  });

  test("generation begins with the first token", () => {
    const [call] = settled(chatOf({ id: 1, attributes: { "gen_ai.response.time_to_first_chunk": 0.06 } }));
    expect(call?.["output_tokens_per_second"]).toBeCloseTo(2_000);
  });

  test("a span that is not of GenAI gets nothing", () => {
    expect(settled(appOf({ id: 1 }), spanOf({ id: 2, scopeName: "pg", attributes: { "db.system": "postgresql" } }))).toEqual([null, null]);
  });

  test("an unknown model has no cost, and never 0", () => {
    const [call] = settled(chatOf({ id: 1, model: "nobody-sells-this" }));
    expect(call?.["cost_status"]).toBe("unknown_model");
    expect(call).not.toHaveProperty("cost_usd");
  });

  test("a cost that the span carries stays beside ours", () => {
    const [call] = settled(chatOf({ id: 1, attributes: { "gen_ai.usage.cost": 42 } }));
    expect(call).not.toHaveProperty("gen_ai.usage.cost");
    expect(call?.["cost_usd"]).not.toBe(42);
  });

  test("the scope of an emitter that no table knows is told", () => {
    const scopes: string[] = [];
    enrichBatch(
      [chatOf({ id: 1, scopeName: "someone.new" }), chatOf({ id: 2 })],
      context({ onUnknownDialect: (scope) => scopes.push(scope) }),
    );
    expect(scopes).toEqual(["someone.new"]);
  });
});

describe("a failed call", () => {
  test("is categorised, with the wait that the provider stated", () => {
    const [call] = settled(chatOf({ id: 1, error: "RateLimitError", statusMessage: "429 Please try again in 1.5s" }));
    expect(call).toMatchObject({
      error_category: "rate_limit",
      error_retryable: true,
      error_retry_after_ms: 1_500,
      "error.type": "RateLimitError",
    });
    expect(call).not.toHaveProperty("cost_status");
  });

  test("without any words it is judged by its request", () => {
    const spans = [chatOf({ id: 1, error: "Error" }), requestOf({ id: 2, parent: 1, status: 529 })];
    expect(settled(...spans)[0]).toMatchObject({ error_category: "model_overloaded", retry_count: 0 });
  });

  test("an error that an earlier attempt left on a span that went well is none", () => {
    const [call] = settled(chatOf({ id: 1, statusCode: STATUS.ok, attributes: { "error.type": "RateLimitError" } }));
    expect(call).not.toHaveProperty("error_category");
  });

  test("a stream that broke is told by its request, when its own span shows no answer", () => {
    const call = chatOf({ id: 1, attributes: { "gen_ai.response.finish_reasons": [], "gen_ai.usage.output_tokens": 0 } });
    const request = requestOf({ id: 2, parent: 1, statusCode: STATUS.error, attributes: { "error.type": "UND_ERR_SOCKET" } });
    expect(settled(call, request)[0]).toMatchObject({ error_category: "network_error" });
  });

  test("the span around it lends its words to one that has only a code", () => {
    const inner = chatOf({ id: 2, parent: 1, scopeName: "com.anthropic.sdk.typescript", error: "invalid_request_error", to: 99 });
    const outer = chatOf({ id: 1, error: "BadRequestError", statusMessage: "Your credit balance is too low to access the Anthropic API" });
    expect(settled(outer, inner)).toMatchObject([{ llm_call: false }, { llm_call: true, error_category: "quota_exceeded" }]);
  });
});

describe("one call, once", () => {
  const counted = (...spans: Span[]): boolean[] =>
    settled(...spans).flatMap((found) => (found === null ? [] : [found["llm_call"] === true]));

  test("agents, workflows and tools are no calls", () => {
    const agent = spanOf({
      id: 1,
      attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 1_200, "gen_ai.usage.output_tokens": 80 },
    });
    const tool = spanOf({ id: 3, parent: 1, attributes: { "gen_ai.operation.name": "execute_tool" } });
    expect(counted(agent, chatOf({ id: 2, parent: 1 }), tool)).toEqual([false, true, false]);
    expect(settled(agent, chatOf({ id: 2, parent: 1 }))[0]).not.toHaveProperty("cost_usd");
  });

  test("of two instrumentations, one inside the other, the inner one counts", () => {
    expect(counted(chatOf({ id: 1, scopeName: "langchain" }), chatOf({ id: 2, parent: 1 }))).toEqual([false, true]);
  });

  test("also with spans of others between them", () => {
    expect(counted(chatOf({ id: 1, scopeName: "langchain" }), appOf({ id: 2, parent: 1 }), chatOf({ id: 3, parent: 2 }))).toEqual([
      false,
      true,
    ]);
  });

  test("side by side, the one that lies within the other counts", () => {
    const app = appOf({ id: 9, to: 500 });
    const callback = chatOf({ id: 1, parent: 9, scopeName: "langchain", from: 0, to: 200 });
    expect(counted(app, callback, chatOf({ id: 2, parent: 9, from: 20, to: 180 }))).toEqual([false, true]);
    expect(counted(chatOf({ id: 2, parent: 9, from: 20, to: 180 }), callback, app)).toEqual([true, false]);
  });

  test("two calls at once by one instrumentation are two", () => {
    expect(counted(chatOf({ id: 1, parent: 9 }), chatOf({ id: 2, parent: 9, from: 1, to: 90 }))).toEqual([true, true]);
  });

  test("the child that comes after its parent was given out is no second call", () => {
    const shared = context();
    const parent = enrich(chatOf({ id: 1, scopeName: "langchain" }), shared);
    const child = enrich(chatOf({ id: 2, parent: 1, to: 90 }), shared);
    expect([parent?.["llm_call"], child?.["llm_call"]]).toEqual([true, false]);
  });

  test("what was enriched in the application keeps its word", () => {
    const shared = context();
    const spans = [
      chatOf({ id: 1, attributes: { llm_call: false } }),
      chatOf({ id: 2, attributes: { llm_call: true, retry_count: 2, cost_usd: 1 } }),
    ];
    expect(enrichBatch(spans, shared)).toMatchObject([{ llm_call: false }, { llm_call: true, retry_count: 2, cost_usd: 1 }]);
  });
});

describe("retries", () => {
  const attempts = [
    requestOf({ id: 11, parent: 1, from: 0, to: 10, status: 429 }),
    requestOf({ id: 12, parent: 1, from: 30, to: 40, status: 500 }),
    requestOf({ id: 13, parent: 1, from: 80, to: 95 }),
  ];

  test("are the failed requests below, and the time between them", () => {
    expect(settled(chatOf({ id: 1 }), ...attempts)[0]).toMatchObject({ retry_count: 2, retry_reason: "rate_limit", retry_wait_ms: 60 });
  });

  test("the last request of a failed call is its outcome, no retry", () => {
    expect(settled(chatOf({ id: 1, error: "X" }), ...attempts.slice(0, 2))[0]).toMatchObject({
      retry_count: 1,
      retry_reason: "rate_limit",
    });
  });

  test("requests under the instrumentation's own scope are requests", () => {
    const own = attempts.map((request) => ({ ...request, scopeName: "opentelemetry.util.genai.handler" }));
    const [call, ...requests] = settled(chatOf({ id: 1 }), ...own);
    expect(call).toMatchObject({ retry_count: 2 });
    expect(requests).toEqual([null, null, null]);
  });

  test("a single request is a measured zero; nothing at all is unknown", () => {
    expect(settled(chatOf({ id: 1 }), requestOf({ id: 2, parent: 1 }))[0]).toMatchObject({ retry_count: 0 });
    expect(settled(chatOf({ id: 1 }))[0]).not.toHaveProperty("retry_count");
  });

  test("a request written by two HTTP instrumentations is one", () => {
    const twice = attempts.flatMap((request, index) => [request, { ...request, spanId: idOf(90 + index), scopeName: "other-http" }]);
    expect(settled(chatOf({ id: 1 }), ...twice)[0]).toMatchObject({ retry_count: 2 });
  });

  test("requests beside the call count where its span is not current", () => {
    const beside = attempts.map((request) => ({ ...request, parentSpanId: idOf(9) }));
    const call = chatOf({ id: 1, parent: 9, scopeName: "@traceloop/instrumentation-langchain" });
    expect(settled(appOf({ id: 9 }), call, ...beside)[1]).toMatchObject({ retry_count: 2, retry_reason: "rate_limit", retry_wait_ms: 60 });
  });

  test("two batches of embeddings under one call are no retry", () => {
    expect(settled(chatOf({ id: 1 }), requestOf({ id: 2, parent: 1, to: 10 }), requestOf({ id: 3, parent: 1, from: 20 }))[0]).toMatchObject(
      { retry_count: 0 },
    );
  });

  test("an attempt that its own client gave up ran out of time", () => {
    const spans = [chatOf({ id: 1 }), requestOf({ id: 2, parent: 1, to: 40, status: 0 }), requestOf({ id: 3, parent: 1, from: 60 })];
    expect(settled(...spans)[0]).toMatchObject({ retry_count: 1, retry_reason: "timeout", retry_wait_ms: 20 });
  });

  test.each([
    ["socketCloseListener", "timeout"],
    ["socketOnEnd", "network_error"],
  ])("node:http says that the socket hung up; from %s it means %s", (listener, reason) => {
    const stacktrace = `Error: socket hang up\n    at Socket.${listener} (node:_http_client:739:27)`;
    const exception = { "exception.type": "ECONNRESET", "exception.message": "socket hang up", "exception.stacktrace": stacktrace };
    const hungUp = requestOf({
      id: 2,
      parent: 1,
      to: 40,
      status: 0,
      statusCode: STATUS.error,
      statusMessage: "socket hang up",
      attributes: { "error.type": "Error" },
      events: [{ name: "exception", timeMs: 0, attributes: exception }],
    });
    expect(settled(chatOf({ id: 1 }), hungUp, requestOf({ id: 3, parent: 1, from: 60 }))[0]).toMatchObject({
      retry_count: 1,
      retry_reason: reason,
    });
  });

  test("the emitter's own count and the SDK's header are believed", () => {
    expect(settled(chatOf({ id: 1, attributes: { "http.request.resend_count": 2 } }))[0]).toMatchObject({ retry_count: 2 });
    const request = requestOf({ id: 2, parent: 1, attributes: { "http.request.header.x-stainless-retry-count": ["1"] } });
    expect(settled(chatOf({ id: 1 }), request)[0]).toMatchObject({ retry_count: 1 });
  });

  test("the SDK's header is not added to the failed calls that it has counted: one operation, two spans", () => {
    const resent = (count: string): Record<string, string[]> => ({ "http.request.header.x-stainless-retry-count": [count] });
    const refused = { "http.response.status_code": 429 };
    const spans = [
      chatOf({ id: 1, parent: 9, from: 0, to: 10, error: "RateLimitError" }),
      requestOf({ id: 2, parent: 1, from: 1, to: 9, attributes: { ...resent("0"), ...refused }, statusCode: STATUS.error }),
      chatOf({ id: 3, parent: 9, from: 600, to: 700 }),
      requestOf({ id: 4, parent: 3, from: 601, to: 699, attributes: resent("1") }),
    ];
    expect(settled(appOf({ id: 9 }), ...spans)[3]).toMatchObject({ retry_of: idOf(1), retry_count: 1 });
  });

  test("an application's loop: each call names the failed one that it repeats", () => {
    const spans = [
      chatOf({ id: 1, parent: 9, from: 0, to: 10, error: "RateLimitError" }),
      chatOf({ id: 2, parent: 9, from: 30, to: 40, error: "InternalServerError" }),
      chatOf({ id: 3, parent: 9, from: 80, to: 90 }),
    ];
    expect(settled(appOf({ id: 9 }), ...spans).slice(1)).toMatchObject([
      { error_category: "rate_limit" },
      { retry_of: idOf(1), retry_count: 1, retry_reason: "rate_limit", retry_wait_ms: 20 },
      { retry_of: idOf(2), retry_count: 2, retry_reason: "rate_limit", retry_wait_ms: 60 },
    ]);
  });

  test("the loop may stand above wrappers", () => {
    const spans = [
      spanOf({ id: 1, parent: 9, to: 10, statusCode: STATUS.error, scopeName: "ai", attributes: { "ai.operationId": "ai.generateText" } }),
      chatOf({ id: 2, parent: 1, to: 9, error: "RateLimitError" }),
      spanOf({ id: 3, parent: 9, from: 30, scopeName: "ai", attributes: { "ai.operationId": "ai.generateText" } }),
      chatOf({ id: 4, parent: 3, from: 31, to: 99 }),
    ];
    expect(settled(appOf({ id: 9 }), ...spans)[4]).toMatchObject({ llm_call: true, retry_of: idOf(2), retry_count: 1 });
  });

  test("where only the address names the model, it tells a retry from a fallback", () => {
    const gemini = (model: string): Record<string, string> => ({
      "url.full": `https://generativelanguage.googleapis.com/v1beta/models/${model}:generateContent`,
    });
    const unnamed = { "gen_ai.request.model": "", "gen_ai.provider.name": "gcp.gemini" };
    const pair = (second: string): Span[] => [
      chatOf({ id: 1, parent: 9, to: 10, error: "503", attributes: unnamed }),
      requestOf({ id: 11, parent: 1, to: 9, status: 503, attributes: gemini("gemini-2.5-pro") }),
      chatOf({ id: 2, parent: 9, from: 60, attributes: unnamed }),
      requestOf({ id: 12, parent: 2, from: 61, attributes: gemini(second) }),
    ];
    expect(settled(...pair("gemini-2.5-pro"))[2]).toMatchObject({ retry_of: idOf(1) });
    expect(settled(...pair("gemini-2.5-flash"))[2]).not.toHaveProperty("retry_of");
  });

  test.each([
    ["another model is a fallback", { model: "gpt-4.1-mini" }],
    ["a call after half an hour is another operation", { from: 30 * 60_000, to: 31 * 60_000 }],
    ["a call that began before the other failed does not repeat it", { from: 5 }],
  ])("%s", (_, over) => {
    const [, second] = settled(
      chatOf({ id: 1, parent: 9, to: 10, error: "RateLimitError" }),
      chatOf({ id: 2, parent: 9, from: 30, ...over }),
    );
    expect(second).not.toHaveProperty("retry_of");
  });

  test("a loop of a thousand is followed to its end", () => {
    const calls = Array.from({ length: 1_000 }, (_, n) =>
      chatOf({ id: n + 1, parent: 9_999, from: n * 20, to: n * 20 + 10, error: "RateLimitError" }),
    );
    const found = settled(appOf({ id: 9_999 }), ...calls).slice(1);
    expect(found.filter((call) => call?.["retry_of"] === undefined)).toHaveLength(1);
    expect(found.at(-1)?.["retry_count"]).toBe(999);
  });

  test("what cannot be mended by another try is not repeated by the next call", () => {
    const [, second] = settled(chatOf({ id: 1, parent: 9, to: 10, error: "AuthenticationError" }), chatOf({ id: 2, parent: 9, from: 30 }));
    expect(second).not.toHaveProperty("retry_of");
  });

  test("each failure is repeated once", () => {
    const failed = [1, 2].map((id) => chatOf({ id, parent: 9, to: 10 + id, error: "RateLimitError" }));
    const again = [3, 4, 5].map((id) => chatOf({ id, parent: 9, from: 30 + id }));
    const found = settled(...failed, ...again)
      .slice(2)
      .map((call) => call?.["retry_of"]);
    expect(found).toEqual([idOf(2), idOf(1), undefined]);
  });
});

describe("a request that no GenAI span stands for", () => {
  test("is a call: failed by its status, or without usage", () => {
    expect(settled(appOf({ id: 9 }), requestOf({ id: 1, parent: 9, status: 401 }))[1]).toMatchObject({
      llm_call: true,
      error_category: "auth",
      "gen_ai.provider.name": "openai",
      "gen_ai.operation.name": "chat",
    });
    expect(settled(requestOf({ id: 1, parent: 9 }))[0]).toMatchObject({ llm_call: true, cost_status: "no_usage" });
  });

  test("attempts of one call whose span was never ended are one operation", () => {
    const found = settled(...[0, 1, 2].map((n) => requestOf({ id: n + 1, parent: 77, from: n * 30, to: n * 30 + 10, status: 429 })));
    expect(found).toMatchObject([null, null, { llm_call: true, error_category: "rate_limit", retry_count: 2, retry_wait_ms: 40 }]);
  });

  test("the call that repeats it says so", () => {
    const spans = [
      requestOf({ id: 1, parent: 77, to: 10, status: 429 }),
      chatOf({ id: 2, parent: 9, from: 40 }),
      requestOf({ id: 3, parent: 2, from: 41 }),
    ];
    expect(settled(appOf({ id: 9 }), ...spans)[2]).toMatchObject({ retry_of: idOf(1), retry_count: 1, retry_wait_ms: 31 });
  });

  test("a request at once after it is a fallback: nobody waited", () => {
    const spans = [requestOf({ id: 1, parent: 77, to: 10, status: 503 }), chatOf({ id: 2, parent: 9, from: 11 })];
    expect(settled(...spans)[1]).not.toHaveProperty("retry_of");
  });

  test("a request written by two HTTP instrumentations is one call, also when it is enriched again", () => {
    const first = requestOf({ id: 1, parent: 77, status: 503 });
    const spans = [first, { ...first, spanId: idOf(2), scopeName: "other-http" }];
    const once = settled(...spans);
    expect(once).toMatchObject([{ llm_call: true, retry_count: 0 }, null]);
    const again = spans.map((span, index) => ({ ...span, attributes: { ...span.attributes, ...once[index] } }));
    expect(settled(...again)).toEqual(once);
  });

  test("thousands of requests of one caller take no time to speak of", () => {
    const spans = Array.from({ length: 5_000 }, (_, n) =>
      requestOf({ id: n + 1, parent: 9_999, from: n * 20, to: n * 20 + 15, status: 429 }),
    );
    const started = Date.now();
    expect(settled(...spans).filter((found) => found !== null)).toHaveLength(1);
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  test("requests at the same time are as many calls", () => {
    const found = settled(requestOf({ id: 1, parent: 9, to: 50 }), requestOf({ id: 2, parent: 9, from: 3, to: 80 }));
    expect(found.map((call) => call?.["llm_call"])).toEqual([true, true]);
  });

  test("an incoming request and a GET are none", () => {
    const incoming = requestOf({ id: 1, kind: SPAN_KIND.server });
    expect(settled(incoming, requestOf({ id: 2, attributes: { "http.request.method": "GET" } }))).toEqual([null, null]);
  });

  test("takes the failed wrapper's word when its own call is lost", () => {
    const agent = spanOf({
      id: 1,
      scopeName: "gen_ai",
      statusCode: STATUS.error,
      statusMessage: "Overloaded",
      attributes: { "gen_ai.operation.name": "invoke_agent" },
    });
    expect(settled(agent, requestOf({ id: 2, parent: 77, from: 5, to: 90 }))[1]).toMatchObject({
      llm_call: true,
      error_category: "model_overloaded",
    });
  });
});
