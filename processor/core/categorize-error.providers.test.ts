import { expect, test } from "vitest";
import type { ErrorCategory, ErrorEvidence } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";

type Case = readonly [name: string, category: ErrorCategory, retryable: boolean, evidence: ErrorEvidence];

const rpc = (type: string, fields: Record<string, unknown>): Record<string, unknown> => ({
  "@type": `type.googleapis.com/google.rpc.${type}`,
  ...fields,
});

/** How providers speak, from their API references and error guides; the categories follow docs/errors.md. */
const CASES: readonly Case[] = [
  // OpenAI: platform.openai.com/docs/guides/error-codes
  [
    "openai quota",
    "quota_exceeded",
    false,
    {
      status: 429,
      errorType: "RateLimitError",
      message: "429 You exceeded your current quota, please check your plan and billing details.",
    },
  ],
  [
    "openai hard limit",
    "quota_exceeded",
    false,
    {
      status: 400,
      body: {
        error: {
          message: "Billing hard limit has been reached",
          type: "invalid_request_error",
          param: null,
          code: "billing_hard_limit_reached",
        },
      },
    },
  ],
  [
    "openai account inactive",
    "quota_exceeded",
    false,
    {
      status: 429,
      body: {
        error: {
          message: "Your account is not active, please check your billing details on our website.",
          type: "billing_not_active",
          param: null,
          code: "billing_not_active",
        },
      },
    },
  ],
  [
    "openai rpm",
    "rate_limit",
    true,
    {
      status: 429,
      message:
        "Rate limit reached for gpt-5.2 in organization org-1 on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.",
    },
  ],
  [
    "openai tpm",
    "rate_limit",
    true,
    {
      status: 429,
      message:
        "Rate limit reached for gpt-5.2 in organization org-1 on tokens per min (TPM): Limit 40000, Used 39000, Requested 1280. Please try again in 420ms.",
    },
  ],
  [
    "openai rpd",
    "quota_exceeded",
    true,
    {
      status: 429,
      message:
        "Rate limit reached for gpt-4o in organization org-1 on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.",
    },
  ],
  [
    "openai one request too large",
    "rate_limit",
    false,
    {
      status: 429,
      errorCode: "rate_limit_exceeded",
      message:
        "Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 50112. The input or output tokens must be reduced in order to run successfully.",
    },
  ],
  [
    "openai context",
    "validation",
    false,
    {
      status: 400,
      errorCode: "context_length_exceeded",
      message:
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 150012 tokens. Please reduce the length of the messages.",
    },
  ],
  [
    "openai context, new words",
    "validation",
    false,
    { message: "Your input exceeds the context window of this model. Please adjust your input and try again." },
  ],
  [
    "openai model",
    "validation",
    false,
    { status: 404, errorCode: "model_not_found", message: "The model `gpt-9` does not exist or you do not have access to it." },
  ],
  [
    "openai project without the model",
    "auth",
    false,
    { status: 403, errorType: "PermissionDeniedError", message: "Project `proj_x` does not have access to model `gpt-5.2`" },
  ],
  [
    "openai bad key",
    "auth",
    false,
    {
      status: 401,
      message: "Incorrect API key provided: sk-abc***. You can find your API key at https://platform.openai.com/account/api-keys.",
    },
  ],
  ["openai no organization", "auth", false, { status: 401, message: "You must be a member of an organization to use the API" }],
  ["openai ip list", "auth", false, { status: 403, message: "IP address not authorized for this project" }],
  [
    "openai engine overloaded",
    "model_overloaded",
    true,
    { status: 503, message: "The engine is currently overloaded, please try again later" },
  ],
  ["openai slow down", "model_overloaded", true, { status: 503, message: "Slow Down" }],
  [
    "openai server had an error",
    "api_error",
    true,
    { status: 500, message: "The server had an error while processing your request. Sorry about that!" },
  ],
  [
    "openai response.failed",
    "api_error",
    true,
    {
      body: {
        type: "response.failed",
        response: {
          error: { code: "server_error", message: "An error occurred while processing your request. You can retry your request." },
        },
      },
    },
  ],
  [
    "openai rejected prompt",
    "validation",
    false,
    { status: 400, message: "Invalid prompt: your prompt was flagged as potentially violating our usage policy." },
  ],
  [
    "openai function schema",
    "validation",
    false,
    {
      status: 400,
      message:
        "Invalid schema for function 'get_weather': In context=(), 'additionalProperties' is required to be supplied and to be false.",
    },
  ],
  ["openai image", "validation", false, { status: 400, message: "Invalid image. We support images in PNG, JPEG, GIF, or WebP format." }],
  [
    "openai message role order",
    "validation",
    false,
    { status: 400, message: "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'." },
  ],

  // Anthropic: docs.claude.com/en/api/errors
  [
    "anthropic overloaded",
    "model_overloaded",
    true,
    { status: 529, body: { type: "error", error: { type: "overloaded_error", message: "Overloaded" } } },
  ],
  [
    "anthropic overloaded in a stream",
    "model_overloaded",
    true,
    {
      status: 200,
      message: 'event: error\ndata: {"type": "error", "error": {"details": null, "type": "overloaded_error", "message": "Overloaded"}}',
    },
  ],
  [
    "anthropic rate",
    "rate_limit",
    true,
    {
      status: 429,
      message:
        '429 {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization\'s rate limit of 30,000 input tokens per minute."}}',
    },
  ],
  [
    "anthropic acceleration",
    "rate_limit",
    true,
    {
      status: 429,
      body: {
        error: { type: "rate_limit_error", message: "This request would exceed your account's rate limit. Please try again later." },
      },
    },
  ],
  [
    "anthropic concurrency",
    "rate_limit",
    true,
    { status: 429, message: "Number of concurrent connections has exceeded your rate limit. Please try again later or contact sales." },
  ],
  [
    "anthropic credit",
    "quota_exceeded",
    false,
    {
      status: 400,
      message: "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
    },
  ],
  ["anthropic prompt too long", "validation", false, { status: 400, message: "prompt is too long: 210000 tokens > 200000 maximum" }],
  [
    "anthropic input plus output",
    "validation",
    false,
    {
      status: 400,
      message:
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again",
    },
  ],
  [
    "anthropic request bytes",
    "validation",
    false,
    { status: 413, body: { type: "error", error: { type: "request_too_large", message: "Request exceeds the maximum size" } } },
  ],
  ["anthropic key", "auth", false, { status: 401, body: { error: { type: "authentication_error", message: "invalid x-api-key" } } }],
  [
    "anthropic oauth",
    "auth",
    false,
    { status: 401, message: "OAuth token has expired. Please obtain a new token or refresh your existing token." },
  ],
  [
    "anthropic api error",
    "api_error",
    true,
    { status: 500, body: { type: "error", error: { type: "api_error", message: "Internal server error" } } },
  ],
  [
    "anthropic timeout",
    "timeout",
    true,
    { status: 504, body: { type: "error", error: { type: "timeout_error", message: "Request timed out" } } },
  ],
  [
    "anthropic max_tokens",
    "validation",
    false,
    { status: 400, message: "max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5" },
  ],
  ["anthropic filter", "validation", false, { status: 400, message: "Output blocked by content filtering policy" }],

  // Gemini and Vertex AI: google/rpc/error_details.proto, ai.google.dev/gemini-api/docs/troubleshooting
  [
    "gemini per minute",
    "rate_limit",
    true,
    {
      status: 429,
      body: {
        error: {
          code: 429,
          message: "You exceeded your current quota, please check your plan and billing details.",
          status: "RESOURCE_EXHAUSTED",
          details: [
            rpc("QuotaFailure", { violations: [{ quotaId: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier" }] }),
            rpc("RetryInfo", { retryDelay: "34.07s" }),
          ],
        },
      },
    },
  ],
  [
    "gemini per day",
    "quota_exceeded",
    false,
    {
      status: 429,
      body: {
        error: {
          code: 429,
          message: "You exceeded your current quota, please check your plan and billing details.",
          status: "RESOURCE_EXHAUSTED",
          details: [
            rpc("QuotaFailure", { violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }] }),
            rpc("RetryInfo", { retryDelay: "34.07s" }),
          ],
        },
      },
    },
  ],
  [
    "gemini limit 0",
    "quota_exceeded",
    false,
    {
      status: 429,
      message:
        "You exceeded your current quota. * Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: gemini-3-pro. Please retry in 12.5s.",
    },
  ],
  [
    "gemini plan text alone",
    "quota_exceeded",
    false,
    {
      status: 429,
      errorCode: "RESOURCE_EXHAUSTED",
      message: "You exceeded your current quota, please check your plan and billing details.",
    },
  ],
  [
    "vertex resource exhausted",
    "rate_limit",
    true,
    {
      status: 429,
      message:
        "Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
    },
  ],
  [
    "vertex quota metric",
    "rate_limit",
    true,
    {
      status: 429,
      message:
        "Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_model with base model: gemini-2.5-pro. Please submit a quota increase request.",
    },
  ],
  ["gemini overloaded", "model_overloaded", true, { status: 503, message: "The model is overloaded. Please try again later." }],
  [
    "gemini bare unavailable",
    "api_error",
    true,
    { status: 503, errorCode: "UNAVAILABLE", message: "The service is currently unavailable." },
  ],
  [
    "gemini deadline",
    "timeout",
    true,
    { status: 504, errorCode: "DEADLINE_EXCEEDED", message: "Deadline expired before operation could complete." },
  ],
  [
    "gemini key",
    "auth",
    false,
    {
      status: 400,
      errorCode: "INVALID_ARGUMENT",
      body: {
        error: {
          code: 400,
          message: "API key not valid. Please pass a valid API key.",
          status: "INVALID_ARGUMENT",
          details: [rpc("ErrorInfo", { reason: "API_KEY_INVALID" })],
        },
      },
    },
  ],
  [
    "gemini location",
    "auth",
    false,
    { status: 400, errorCode: "FAILED_PRECONDITION", message: "User location is not supported for the API use." },
  ],
  [
    "gemini leaked key",
    "auth",
    false,
    { status: 403, errorCode: "PERMISSION_DENIED", message: "Your API key was reported as leaked. Please use another API key." },
  ],
  [
    "gemini service disabled",
    "auth",
    false,
    {
      status: 403,
      message:
        "Generative Language API has not been used in project 1234 before or it is disabled. Enable it by visiting https://console.developers.google.com then retry.",
    },
  ],
  [
    "gemini billing disabled",
    "quota_exceeded",
    false,
    { status: 403, message: "This API method requires billing to be enabled. Please enable billing on project #1234." },
  ],
  [
    "gemini tokens",
    "validation",
    false,
    { status: 400, message: "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)." },
  ],
  [
    "gemini model",
    "validation",
    false,
    {
      status: 404,
      errorCode: "NOT_FOUND",
      message: "models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.",
    },
  ],
  ["gemini blocked", "validation", false, { message: "The response was blocked due to PROHIBITED_CONTENT" }],
  [
    "gemini internal",
    "api_error",
    true,
    {
      status: 500,
      errorCode: "INTERNAL",
      message: "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
    },
  ],

  // Azure OpenAI
  [
    "azure token rate",
    "rate_limit",
    true,
    {
      status: 429,
      message:
        "Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 7 seconds.",
    },
  ],
  [
    "azure a day",
    "rate_limit",
    false,
    {
      status: 429,
      message: "Requests have exceeded call rate limit of your current OpenAI F0 pricing tier. Please retry after 86400 seconds.",
    },
  ],
  [
    "azure deployment",
    "validation",
    false,
    {
      status: 404,
      errorCode: "DeploymentNotFound",
      message:
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
    },
  ],
  [
    "azure filter",
    "validation",
    false,
    {
      status: 400,
      body: {
        error: {
          code: "content_filter",
          innererror: { code: "ResponsibleAIPolicyViolation", content_filter_result: { hate: { filtered: true, severity: "high" } } },
        },
      },
    },
  ],
  ["azure key", "auth", false, { status: 401, message: "Access denied due to invalid subscription key or wrong API endpoint." }],
  ["azure network rules", "auth", false, { status: 403, message: "Access denied due to Virtual Network/Firewall rules." }],
  [
    "azure no capacity",
    "model_overloaded",
    true,
    { status: 429, errorCode: "NoCapacity", message: "The system is currently experiencing high demand and cannot process your request." },
  ],

  // Bedrock: botocore's service model
  [
    "bedrock throttling",
    "rate_limit",
    true,
    { status: 429, errorType: "ThrottlingException", message: "Too many requests, please wait before trying again." },
  ],
  [
    "bedrock tokens per day",
    "quota_exceeded",
    false,
    {
      errorType: "ThrottlingException",
      message:
        "An error occurred (ThrottlingException) when calling the Converse operation: Too many tokens per day, please wait before trying again.",
    },
  ],
  [
    "bedrock service quota",
    "quota_exceeded",
    false,
    { status: 400, errorType: "ServiceQuotaExceededException", message: "Your request exceeds the service quota for your account." },
  ],
  ["bedrock model error", "api_error", true, { status: 424, errorType: "ModelErrorException" }],
  [
    "bedrock stream error",
    "api_error",
    true,
    { status: 424, errorType: "ModelStreamErrorException", message: "An error occurred while streaming the response." },
  ],
  ["bedrock timeout", "timeout", true, { status: 408, errorType: "ModelTimeoutException" }],
  ["bedrock not ready", "model_overloaded", true, { status: 429, errorType: "ModelNotReadyException" }],
  [
    "bedrock model access",
    "auth",
    false,
    { status: 403, errorType: "AccessDeniedException", message: "You don't have access to the model with the specified model ID." },
  ],
  ["bedrock input too long", "validation", false, { errorType: "ValidationException", message: "Input is too long for requested model." }],
  [
    "bedrock profile",
    "validation",
    false,
    {
      errorType: "ValidationException",
      message:
        "Invocation of model ID x with on-demand throughput isn't supported. Retry your request with the ID or ARN of an inference profile that contains this model.",
    },
  ],
  [
    "bedrock clock skew",
    "auth",
    false,
    {
      status: 403,
      errorType: "InvalidSignatureException",
      message: "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z",
    },
  ],
  [
    "bedrock header only",
    "rate_limit",
    true,
    { status: 400, headers: { "x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/" } },
  ],
];

test.each(CASES)("%s is %s", (_name, category, retryable, evidence) => {
  const answer = categorizeError(evidence);
  expect({ category: answer.category, retryable: answer.retryable }, answer.rule).toEqual({ category, retryable });
});
