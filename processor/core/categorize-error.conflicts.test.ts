import { expect, test } from "vitest";
import type { ErrorCategory, ErrorEvidence } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";

/** Evidence that disagrees with itself: a status, a wrapper's class, a text and a cause, and which of them is to be believed. */
const CASES: readonly (readonly [ErrorCategory, boolean, ErrorEvidence])[] = [
  ["auth", false, { status: 429, errorType: "RateLimitError", message: "Your account has been suspended" }],
  ["model_overloaded", true, { status: 429, errorType: "RateLimitError", message: "The engine is overloaded" }],
  ["model_overloaded", true, { status: 429, errorType: "rate_limit_error", message: "Model is overloaded, please try again" }],
  ["validation", false, { status: 429, errorType: "RateLimitError", message: "This model's maximum context length is 8192 tokens" }],
  ["quota_exceeded", false, { status: 403, errorType: "PermissionDeniedError", message: "Insufficient credits" }],
  ["quota_exceeded", false, { status: 401, errorType: "AuthenticationError", message: "Your balance is empty, please top up" }],
  ["validation", false, { status: 403, errorType: "PermissionDeniedError", message: "Your request was flagged by moderation" }],
  ["validation", false, { status: 500, errorType: "InternalServerError", message: "context length exceeded" }],
  ["validation", false, { status: 500, message: "Unsupported parameter: top_k" }],
  ["validation", false, { status: 502, message: "Invalid request: messages must not be empty" }],
  ["auth", false, { status: 500, message: "Incorrect API key provided" }],
  ["auth", false, { status: 400, errorType: "BadRequestError", message: "API key expired" }],
  ["timeout", true, { status: 500, errorType: "InternalServerError", message: "Request timed out" }],
  ["timeout", true, { status: 503, message: "upstream request timeout" }],
  [
    "network_error",
    true,
    { status: 503, message: "upstream connect error or disconnect/reset before headers. reset reason: connection failure" },
  ],
  ["network_error", true, { status: 500, message: "connect ECONNREFUSED 10.0.0.1:8000" }],
  ["network_error", true, { status: 502, message: "read ECONNRESET" }],
  ["model_overloaded", true, { status: 503, message: "The model is loading" }],
  ["model_overloaded", true, { status: 500, message: "Service overloaded" }],
  ["api_error", true, { status: 503, message: "Service Unavailable" }],
  ["rate_limit", true, { status: 503, message: "Rate limit exceeded" }],
  ["rate_limit", true, { status: 400, errorType: "invalid_request_error", message: "Too many requests" }],
  ["rate_limit", true, { status: 500, message: "litellm.RateLimitError: too many requests" }],
  ["quota_exceeded", false, { status: 429, errorCode: "insufficient_quota", message: "Rate limit" }],
  ["quota_exceeded", false, { status: 400, errorCode: "billing_hard_limit_reached", message: "Billing hard limit has been reached" }],
  [
    "network_error",
    true,
    {
      errorType: "APIConnectionError",
      message: "Connection error.",
      cause: { name: "ConnectError", message: "[Errno 111] Connection refused" },
    },
  ],
  [
    "network_error",
    false,
    {
      errorType: "APIConnectionError",
      message: "Connection error.",
      cause: { name: "ConnectError", message: "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed" },
    },
  ],
  [
    "timeout",
    true,
    { errorType: "APIConnectionError", message: "Connection error.", cause: { name: "ConnectTimeout", message: "timed out" } },
  ],
  [
    "timeout",
    true,
    {
      errorType: "TypeError",
      message: "fetch failed",
      cause: { name: "HeadersTimeoutError", code: "UND_ERR_HEADERS_TIMEOUT", message: "Headers Timeout Error" },
    },
  ],
  [
    "network_error",
    false,
    { errorType: "TypeError", message: "fetch failed", cause: { code: "ENOTFOUND", message: "getaddrinfo ENOTFOUND api.x.com" } },
  ],
  ["unknown", false, { errorType: "AbortError", message: "This operation was aborted" }],
  ["timeout", true, { errorType: "TimeoutError", message: "The operation was aborted due to timeout" }],
  ["network_error", true, { errorType: "TimeoutError", errorCode: "ECONNRESET", message: "socket hang up" }],
  ["unknown", false, { errorType: "APIUserAbortError", message: "Request was aborted." }],
  ["validation", false, { errorType: "ValidationError", message: "1 validation error for Output\nname\n  Field required [type=missing]" }],
  ["validation", false, { errorType: "ZodError", message: '[{"code":"invalid_type"}]' }],
  [
    "auth",
    false,
    {
      errorType: "ValueError",
      message:
        "Did not find openai_api_key, please add an environment variable `OPENAI_API_KEY` which contains it, or pass `openai_api_key` as a named parameter.",
    },
  ],
  ["auth", false, { errorType: "ValueError", message: "No credentials provided" }],
  ["validation", false, { errorType: "ValueError", message: "Unknown model: gpt-9" }],
  ["unknown", false, { errorType: "ValueError", message: "not enough values to unpack (expected 2, got 1)" }],
  ["unknown", false, { errorType: "TypeError", message: "Cannot read properties of null (reading 'content')" }],
  ["validation", false, { errorType: "TypeError", message: "create() got an unexpected keyword argument 'functions'" }],
  ["unknown", false, { errorType: "KeyError", message: "'choices'" }],
  ["unknown", false, { errorType: "IndexError", message: "list index out of range" }],
  ["api_error", true, { errorType: "JSONDecodeError", message: "Expecting value: line 1 column 1 (char 0)" }],
  ["network_error", true, { errorType: "JSONDecodeError", message: "Unterminated string starting at: line 1 column 200 (char 199)" }],
  [
    "model_overloaded",
    true,
    {
      errorType: "google.genai.errors.ServerError",
      message:
        "503 UNAVAILABLE. {'error': {'code': 503, 'message': 'The model is overloaded. Please try again later.', 'status': 'UNAVAILABLE'}}",
    },
  ],
  [
    "api_error",
    true,
    {
      errorType: "google.genai.errors.ServerError",
      message: "500 INTERNAL. {'error': {'code': 500, 'message': 'An internal error has occurred.', 'status': 'INTERNAL'}}",
    },
  ],
  [
    "auth",
    false,
    {
      errorType: "google.genai.errors.ClientError",
      message:
        "403 PERMISSION_DENIED. {'error': {'code': 403, 'message': 'The caller does not have permission', 'status': 'PERMISSION_DENIED'}}",
    },
  ],
  [
    "validation",
    false,
    {
      errorType: "google.genai.errors.ClientError",
      message: "404 NOT_FOUND. {'error': {'code': 404, 'message': 'models/x is not found', 'status': 'NOT_FOUND'}}",
    },
  ],
  [
    "rate_limit",
    true,
    {
      errorType: "google.genai.errors.ClientError",
      message:
        "429 RESOURCE_EXHAUSTED. {'error': {'code': 429, 'message': 'Resource has been exhausted (e.g. check quota).', 'status': 'RESOURCE_EXHAUSTED'}}",
    },
  ],
  ["timeout", true, { errorType: "google.api_core.exceptions.DeadlineExceeded", message: "504 Deadline Exceeded" }],
  [
    "network_error",
    true,
    {
      errorType: "google.api_core.exceptions.ServiceUnavailable",
      message: "503 failed to connect to all addresses; last error: UNKNOWN: Failed to connect to remote host",
    },
  ],
  [
    "model_overloaded",
    true,
    {
      errorType: "botocore.errorfactory.ModelNotReadyException",
      message: "An error occurred (ModelNotReadyException) when calling the InvokeModel operation: Model is not ready",
    },
  ],
  [
    "timeout",
    true,
    {
      errorType: "botocore.errorfactory.ModelTimeoutException",
      message:
        "An error occurred (ModelTimeoutException) when calling the InvokeModel operation: Model has timed out in processing the request",
    },
  ],
  [
    "quota_exceeded",
    false,
    {
      errorType: "botocore.errorfactory.ServiceQuotaExceededException",
      message:
        "An error occurred (ServiceQuotaExceededException) when calling the InvokeModel operation: Your request exceeds the service quota",
    },
  ],
  ["validation", true, { status: 409, errorType: "ConflictError", message: "409 Conflict" }],
  [
    "rate_limit",
    true,
    {
      errorType: "AI_RetryError",
      message: "Failed after 3 attempts. Last error: Rate limit exceeded",
      cause: [{ name: "AI_APICallError", statusCode: 429, message: "Rate limit exceeded" }],
    },
  ],
  ["api_error", true, { errorType: "AI_APICallError", status: 500, message: "Internal Server Error" }],
  ["network_error", true, { errorType: "AI_APICallError", message: "Cannot connect to API: connect ECONNREFUSED 127.0.0.1:8080" }],
  [
    "validation",
    false,
    {
      errorType: "AI_APICallError",
      status: 400,
      message: "Provider returned error",
      body: {
        error: {
          message: "Provider returned error",
          code: 400,
          metadata: { raw: '{"error":{"message":"tool_choice is not supported"}}', provider_name: "X" },
        },
      },
    },
  ],
  [
    "rate_limit",
    true,
    {
      status: 429,
      message: "Provider returned error",
      body: {
        error: {
          message: "Provider returned error",
          code: 429,
          metadata: { raw: "x is temporarily rate-limited upstream. Please retry shortly", provider_name: "X" },
        },
      },
    },
  ],
  ["model_overloaded", true, { status: 200, message: "", body: { error: { message: "Overloaded", code: 502 } } }],
  ["unknown", false, { status: 499 }],
  ["unknown", false, { status: 418 }],
  ["auth", false, { status: 407 }],
  ["quota_exceeded", false, { status: 402 }],
  ["timeout", true, { status: 408 }],
  ["network_error", true, { status: 520 }],
  ["api_error", true, { status: 507 }],
  ["validation", false, { status: 451 }],
  ["rate_limit", false, { status: 429, headers: { "retry-after": "7200" }, message: "Too many requests" }],
  ["quota_exceeded", true, { status: 429, message: "Daily quota exceeded. Please retry in 20 minutes." }],
  ["quota_exceeded", true, { status: 402, message: "Spend limit reached, resets in 30 minutes" }],
  ["model_overloaded", true, { status: 503, headers: { "Retry-After": "5" }, message: "Model loading" }],
  ["rate_limit", true, { status: 429, body: { error: { message: "Rate limited", retry_after: 3 } } }],
  [
    "validation",
    false,
    {
      status: 400,
      body: {
        error: {
          message: "Invalid 'input[0].content': array too long",
          type: "invalid_request_error",
          param: "input[0].content",
          code: "array_above_max_length",
        },
      },
    },
  ],
  [
    "validation",
    false,
    {
      status: 400,
      body: {
        error: { message: "Unknown parameter: 'timeout'.", type: "invalid_request_error", param: "timeout", code: "unknown_parameter" },
      },
    },
  ],
  [
    "validation",
    false,
    { status: 422, body: { detail: [{ loc: ["body", "rate_limit"], msg: "field required", type: "value_error.missing" }] } },
  ],
  ["validation", false, { status: 400, body: { error: { message: "Invalid value for 'quota_project': must be a string" } } }],
  [
    "validation",
    false,
    { status: 400, body: { error: { message: "Your prompt mentions 'connection reset by peer' and was rejected by the safety filter" } } },
  ],
  ["validation", false, { status: 400, message: "tool 'check_credit_balance' is not defined" }],
  ["validation", false, { status: 404, message: "The model `overloaded-7b` does not exist" }],
  ["auth", false, { status: 401, message: "Invalid token" }],
  ["auth", false, { status: 403, body: "<html><title>403 Forbidden</title></html>" }],
  ["api_error", true, { status: 500, body: { error: { message: "'NoneType' object has no attribute 'split'" } } }],
  ["api_error", true, { status: 500, message: "KeyError: 'usage'" }],
  ["api_error", true, { status: 502, body: "<html><head><title>502 Bad Gateway</title></head></html>" }],
  ["timeout", true, { status: 504, body: "upstream request timeout" }],
  [
    "network_error",
    true,
    {
      status: 200,
      errorType: "ClientPayloadError",
      message:
        "Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to satisfy transfer length header.'>",
    },
  ],
  [
    "network_error",
    true,
    {
      errorType: "httpx.RemoteProtocolError",
      message: "peer closed connection without sending complete message body (incomplete chunked read)",
    },
  ],
  ["api_error", true, { status: 200, body: { type: "error", error: { type: "api_error", message: "Internal server error" } } }],
  ["model_overloaded", true, { status: 200, body: { type: "error", error: { type: "overloaded_error", message: "Overloaded" } } }],
  [
    "rate_limit",
    true,
    { body: { type: "error", error: { type: "rate_limit_error", message: "This request would exceed the rate limit" } } },
  ],
  ["auth", false, { errorType: "UNAUTHENTICATED", errorCode: 16 }],
  ["timeout", true, { errorCode: 4, errorType: "Error", message: "4 DEADLINE_EXCEEDED: Deadline exceeded after 29.9s" }],
  ["network_error", true, { errorCode: 14, errorType: "Error", message: "14 UNAVAILABLE: No connection established" }],
  ["api_error", true, { errorCode: 13, errorType: "Error", message: "13 INTERNAL: Internal error encountered." }],
  ["api_error", true, { errorCode: 14, errorType: "Error", message: "14 UNAVAILABLE: The service is currently unavailable." }],
  ["validation", false, { errorCode: 3, errorType: "Error", message: "3 INVALID_ARGUMENT: Request contains an invalid argument." }],
  ["validation", false, { errorCode: 5, errorType: "Error", message: "5 NOT_FOUND: Requested entity was not found." }],
  ["rate_limit", true, { errorCode: 8, errorType: "Error", message: "8 RESOURCE_EXHAUSTED: Quota exceeded" }],
  ["auth", false, { errorCode: 7, errorType: "Error", message: "7 PERMISSION_DENIED: Permission denied" }],
  ["validation", false, { errorCode: 9, errorType: "Error", message: "9 FAILED_PRECONDITION: The system is not in a state required" }],
  ["validation", false, { errorCode: 11, errorType: "Error", message: "11 OUT_OF_RANGE: Client specified an invalid range" }],
  ["api_error", false, { errorCode: 12, errorType: "Error", message: "12 UNIMPLEMENTED: Method not found" }],
  ["unknown", false, { errorCode: 1, errorType: "Error", message: "1 CANCELLED: Call cancelled" }],
  ["api_error", true, { errorType: "500" }],
  ["validation", false, { errorType: "404" }],
  ["rate_limit", true, { errorType: "429" }],
  ["network_error", true, { errorType: "ECONNREFUSED" }],
  ["unknown", false, { errorType: "_OTHER" }],
  ["timeout", true, { errorType: "timeout" }],
  ["network_error", false, { errorType: "java.net.UnknownHostException" }],
  ["validation", false, { errorType: "invalid_request_error", message: "prompt is too long: 210000 tokens > 200000 maximum" }],
  ["quota_exceeded", false, { errorType: "invalid_request_error", message: "You have reached your specified API usage limits." }],
  ["auth", false, { errorType: "not_found_error", message: "You do not have access to this model; contact sales", status: 403 }],
];

test.each(CASES.map(([category, retryable, evidence]) => [JSON.stringify(evidence), category, retryable, evidence] as const))(
  "%s is %s, worth a retry: %s",
  (_name, category, retryable, evidence) => {
    expect(categorizeError(evidence)).toMatchObject({ category, retryable });
  },
);
