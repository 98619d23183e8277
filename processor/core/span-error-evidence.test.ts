import { expect, test } from "vitest";
import type { ErrorCategory } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";
import { ERROR_READ_KEYS, errorEvidenceOf } from "./span-error-evidence.ts";
import { SPAN_KIND, STATUS, type Attributes, type Span } from "./span.ts";

interface Told {
  readonly attributes?: Attributes;
  readonly message?: string;
  readonly events?: readonly Attributes[];
  readonly statusCode?: number;
}

function span({ attributes = {}, message = "", events = [], statusCode = STATUS.error }: Told): Span {
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    parentSpanId: "",
    name: "chat",
    kind: SPAN_KIND.client,
    startMs: 0,
    endMs: 1,
    statusCode,
    statusMessage: message,
    scopeName: "",
    scopeVersion: "",
    attributes,
    events: events.map((event) => ({ name: "exception", timeMs: 1, attributes: event })),
    resource: {},
  };
}

const http = (status: number | undefined, more: Told = {}): Span =>
  span({
    statusCode: status === undefined || status >= 400 ? STATUS.error : STATUS.unset,
    ...more,
    attributes: { ...(status === undefined ? {} : { "http.response.status_code": status }), ...more.attributes },
  });

/** The failure surface of each emitter, as recorded from real SDKs. */
const SURFACES: readonly (readonly [string, ErrorCategory, Told, Span?])[] = [
  [
    "OTel JS openai: class and SDK message",
    "rate_limit",
    {
      attributes: { "error.type": "RateLimitError" },
      message: "429 Rate limit reached on tokens per min (TPM): Limit 30000, Requested 1280.",
    },
  ],
  [
    "the same with a quota that is used up",
    "quota_exceeded",
    {
      attributes: { "error.type": "RateLimitError" },
      message: "429 You exceeded your current quota, please check your plan and billing details.",
    },
  ],
  [
    "OTel Python genai: full class name",
    "model_overloaded",
    {
      attributes: { "error.type": "anthropic.OverloadedError" },
      message: "Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}}",
    },
  ],
  [
    "google-genai: status as error.type",
    "rate_limit",
    { attributes: { "error.type": "429" }, message: "429 RESOURCE_EXHAUSTED. {'error': {'code': 429, 'status': 'RESOURCE_EXHAUSTED'}}" },
  ],
  [
    "Anthropic's own span: type without a message",
    "auth",
    { attributes: { "error.type": "authentication_error", "http.response.status_code": 401 } },
  ],
  ["Anthropic's own span: wire", "network_error", { attributes: { "error.type": "client_error" } }],
  ["Anthropic's own span: timeout", "timeout", { attributes: { "error.type": "client_timeout_error" } }],
  [
    "Traceloop JS: only an event",
    "model_overloaded",
    {
      message: '529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      events: [{ "exception.type": "Error", "exception.message": "529 ..." }],
    },
  ],
  [
    "OpenLIT JS: code as exception.type",
    "validation",
    { message: "400 Too much", events: [{ "exception.type": "context_length_exceeded", "exception.message": "400 Too much" }] },
  ],
  [
    "OpenInference Python",
    "auth",
    {
      message: "PermissionDeniedError: Error code: 403 - You are not allowed",
      events: [{ "exception.type": "openai.PermissionDeniedError", "exception.message": "Error code: 403" }],
    },
  ],
  [
    "Vercel AI v4-v6: provider text alone",
    "validation",
    {
      message: "Invalid value: 'narrator'. Supported values are: 'system' and 'user'.",
      events: [{ "exception.type": "AI_APICallError", "exception.message": "Invalid value: 'narrator'." }],
    },
  ],
  [
    "Vercel AI: DOMException timeout",
    "timeout",
    {
      message: "The operation was aborted due to timeout",
      events: [{ "exception.type": "TimeoutError", "exception.message": "The operation was aborted due to timeout" }],
    },
  ],
  [
    "Langfuse: status unset, level ERROR",
    "rate_limit",
    {
      statusCode: STATUS.unset,
      attributes: { "langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "Error: 429 Rate limit reached" },
    },
  ],
  [
    "pydantic-ai",
    "quota_exceeded",
    {
      message: "ModelQuotaExceededError: status_code: 429, model_name: gpt-5.2, body: {'message': 'x'}",
      events: [{ "exception.type": "pydantic_ai.exceptions.ModelQuotaExceededError", "exception.message": "status_code: 429" }],
    },
  ],
  [
    "LiteLLM: everything in attributes, 529 rewritten to 500",
    "model_overloaded",
    {
      attributes: {
        "error.type": "InternalServerError",
        "error.code": "500",
        "error.message": "litellm.InternalServerError: AnthropicException - Overloaded",
        "http.response.status_code": 500,
      },
    },
  ],
  [
    "LiteLLM: rewritten status, but the request kept the true one",
    "model_overloaded",
    { attributes: { "error.type": "InternalServerError", "litellm.provider.error.code": "500" } },
    http(529),
  ],
  [
    "agent framework: wrapper class",
    "rate_limit",
    {
      attributes: { "error.type": "ChatClientException" },
      message: "service failed to complete the prompt: Error code: 429 - {'error': {'message': 'Rate limit reached'}}",
    },
  ],
  [
    "Strands",
    "rate_limit",
    { message: "Too many requests", events: [{ "exception.type": "ModelThrottledException", "exception.message": "Too many requests" }] },
  ],
  ["gRPC status number", "timeout", { attributes: { "rpc.grpc.status_code": 4 } }],
  ["gRPC status name", "api_error", { attributes: { "rpc.response.status_code": "UNAVAILABLE" } }],
  [
    "Claude Code: words and numbers as text",
    "model_overloaded",
    { statusCode: STATUS.unset, attributes: { success: "false", status_code: "529", error: "Overloaded" } },
  ],
  ["HTTP status of the old convention", "auth", { attributes: { "http.status_code": 403 } }],
  [
    "a stack without type or message",
    "unknown",
    { events: [{ "exception.type": "Error", "exception.stacktrace": "Traceback (most recent call last):\n  File x" }] },
  ],
  [
    "the stack's first line",
    "network_error",
    { events: [{ "exception.type": "Error", "exception.stacktrace": "Error: read ECONNRESET\n    at TLSWrap" }] },
  ],
  [
    "finish reason error and nothing else",
    "api_error",
    { statusCode: STATUS.unset, attributes: { "gen_ai.response.finish_reasons": ["error"] } },
  ],
  ["failed although the request was answered", "api_error", {}, http(200)],
  ["only the request knows", "auth", {}, http(401)],
  [
    "only the request knows: no answer",
    "network_error",
    {},
    http(undefined, { attributes: { "error.type": "ECONNRESET" }, message: "read ECONNRESET" }),
  ],
  [
    "a torn-down request does not make an abort a network error",
    "unknown",
    { attributes: { "error.type": "APIUserAbortError" }, message: "Request was aborted." },
    http(undefined, { attributes: { "error.type": "ECONNRESET" } }),
  ],
  ["nothing at all", "unknown", {}],
];

test.each(SURFACES.map(([name, category, told, request]) => ({ name, category, told, request })))(
  "$name",
  ({ category, told, request }) => {
    const answer = categorizeError(errorEvidenceOf(span(told), request));
    expect(answer.category, answer.rule).toBe(category);
  },
);

test("the outcome is the last of several exceptions", () => {
  const told = { events: [{ "exception.type": "openai.RateLimitError" }, { "exception.type": "openai.AuthenticationError" }] };
  expect(categorizeError(errorEvidenceOf(span(told))).category).toBe("auth");
});

test("a wait is read from the request's recorded headers, which are lists", () => {
  const request = http(429, { attributes: { "http.response.header.retry-after-ms": ["250"], "http.response.header.retry-after": ["1"] } });
  expect(categorizeError(errorEvidenceOf(span({}), request)).retryDelayMs).toBe(250);
  expect(categorizeError(errorEvidenceOf(request, request)).retryDelayMs).toBe(250);
});

test("every key that is read is listed, so that a decoder may leave out the others", () => {
  const read = new Set<string>();
  const watch = (attributes: Record<string, string>): Attributes =>
    new Proxy(attributes, {
      get(target, key) {
        read.add(String(key));
        return target[String(key)];
      },
    });
  errorEvidenceOf(span({ attributes: watch({}), events: [watch({ "exception.type": "x" })] }), span({ attributes: watch({}) }));
  errorEvidenceOf(span({ attributes: watch({}) }), http(200));
  errorEvidenceOf(span({ attributes: watch({}), message: "internal_error" }));
  expect([...read].toSorted()).toEqual([...new Set(ERROR_READ_KEYS)].toSorted());
});

test("Sentry's word for any error is no message", () => {
  const failed = { message: "internal_error", statusCode: STATUS.error };
  const request = http(401);
  expect(errorEvidenceOf(span({ ...failed, attributes: { "sentry.op": "gen_ai.chat" } }), request)).toMatchObject({ status: 401 });
  expect(errorEvidenceOf(span({ ...failed, attributes: { "sentry.op": "gen_ai.chat" } }), request).message).toBeUndefined();
  expect(errorEvidenceOf(span({ ...failed, attributes: {} }), request).message).toBe("internal_error");
});

test("an attribute of the wrong type is no evidence", () => {
  const attributes: Attributes = {
    "error.type": 17,
    "error.message": ["x"],
    "http.response.status_code": "abc",
    "exception.stacktrace": 3,
  };
  expect(categorizeError(errorEvidenceOf(span({ attributes }))).category).toBe("unknown");
});
