import { expect, test } from "vitest";
import type { ErrorCategory, ErrorEvidence } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";

type Case = readonly [name: string, category: ErrorCategory, retryable: boolean, evidence: ErrorEvidence];

/** How gateways, aggregators and the smaller providers speak, from their references; the categories follow docs/errors.md. */
const CASES: readonly Case[] = [
  // Gateways and aggregators
  [
    "openrouter credits",
    "quota_exceeded",
    false,
    { status: 402, body: { error: { code: 402, message: "Insufficient credits. Add more using https://openrouter.ai/settings/credits" } } },
  ],
  [
    "openrouter free models per day",
    "quota_exceeded",
    false,
    {
      status: 429,
      body: {
        error: {
          code: 429,
          message: "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
        },
      },
    },
  ],
  [
    "openrouter free models per minute",
    "rate_limit",
    true,
    { status: 429, body: { error: { code: 429, message: "Rate limit exceeded: free-models-per-min." } } },
  ],
  [
    "openrouter raw upstream",
    "rate_limit",
    true,
    {
      status: 429,
      body: {
        error: {
          code: 429,
          message: "Provider returned error",
          metadata: {
            raw: "x/y:free is temporarily rate-limited upstream. Please retry shortly, or add your own key to accumulate your rate limits",
            provider_name: "Chutes",
          },
        },
      },
    },
  ],
  [
    "openrouter raw JSON",
    "validation",
    false,
    {
      status: 400,
      body: {
        error: {
          code: 400,
          message: "Provider returned error",
          metadata: {
            raw: '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}',
          },
        },
      },
    },
  ],
  ["openrouter no endpoint", "validation", false, { status: 404, message: "No endpoints found matching your data policy." }],
  [
    "openrouter moderation",
    "validation",
    false,
    {
      status: 403,
      body: {
        error: {
          code: 403,
          message: 'anthropic/claude-3 requires moderation on OpenAI. Your input was flagged for "violence".',
          metadata: { reasons: ["violence"] },
        },
      },
    },
  ],
  [
    "litellm rewrites 529",
    "model_overloaded",
    true,
    {
      status: 500,
      errorType: "InternalServerError",
      message:
        'litellm.InternalServerError: AnthropicException - {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    },
  ],
  [
    "litellm context",
    "validation",
    false,
    {
      status: 400,
      errorType: "ContextWindowExceededError",
      message: "litellm.ContextWindowExceededError: litellm.BadRequestError: this is too much",
    },
  ],
  [
    "litellm budget",
    "quota_exceeded",
    false,
    { status: 400, errorType: "budget_exceeded", message: "Budget has been exceeded! Current cost: 10.1, Max budget: 10.0" },
  ],
  [
    "litellm virtual key",
    "auth",
    false,
    { status: 401, message: "Authentication Error, Invalid proxy server token passed. key=abc, not found in db." },
  ],
  [
    "litellm no deployments",
    "rate_limit",
    true,
    {
      status: 429,
      message:
        "No deployments available for selected model, Try again in 5 seconds. Passed model=gpt-4o. pre-call-checks=False, cooldown_list=[]",
    },
  ],
  [
    "pydantic-ai",
    "rate_limit",
    true,
    {
      errorType: "pydantic_ai.exceptions.ModelHTTPError",
      message:
        "status_code: 429, model_name: gpt-5.2, body: {'message': 'Rate limit reached', 'type': 'requests', 'code': 'rate_limit_exceeded'}",
    },
  ],
  [
    "pydantic-ai output",
    "validation",
    false,
    { errorType: "pydantic_ai.exceptions.UnexpectedModelBehavior", message: "Exceeded maximum retries (1) for output validation" },
  ],
  ["langchain parser", "validation", false, { errorType: "OutputParserException", message: "Could not parse LLM output: `I think`" }],
  [
    "vercel retry error",
    "model_overloaded",
    true,
    { errorType: "AI_RetryError", message: "Failed after 3 attempts. Last error: Overloaded" },
  ],

  // Other providers
  [
    "mistral rate",
    "rate_limit",
    true,
    { status: 429, body: { object: "error", message: "Requests rate limit exceeded", type: "rate_limited", param: null, code: "1300" } },
  ],
  [
    "mistral capacity",
    "model_overloaded",
    true,
    {
      status: 429,
      body: {
        object: "error",
        message: "Service tier capacity exceeded for this model.",
        type: "service_tier_capacity_exceeded",
        param: null,
        code: "3505",
      },
    },
  ],
  ["mistral key", "auth", false, { status: 401, body: { detail: "Unauthorized" } }],
  [
    "cohere trial",
    "quota_exceeded",
    false,
    {
      status: 429,
      message:
        "You are using a Trial key, which is limited to 1000 API calls / month. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits",
    },
  ],
  ["cohere token", "auth", false, { status: 401, body: { message: "invalid api token" } }],
  [
    "cohere tokens",
    "validation",
    false,
    { status: 400, body: { message: "too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 150000." } },
  ],
  [
    "groq flex",
    "model_overloaded",
    true,
    { status: 498, body: { error: { message: "flex tier capacity exceeded", type: "capacity_exceeded" } } },
  ],
  [
    "groq tpm",
    "rate_limit",
    true,
    {
      status: 429,
      body: {
        error: {
          message:
            "Rate limit reached for model `llama` on tokens per minute (TPM): Limit 6000, Used 5000, Requested 1500. Please try again in 5.2s.",
          type: "tokens",
          code: "rate_limit_exceeded",
        },
      },
    },
  ],
  [
    "groq tool",
    "validation",
    false,
    {
      status: 400,
      body: {
        error: {
          message: "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
          type: "invalid_request_error",
          code: "tool_use_failed",
        },
      },
    },
  ],
  [
    "groq retired model",
    "validation",
    false,
    {
      status: 400,
      body: { error: { message: "The model `mixtral` has been decommissioned and is no longer supported.", code: "model_decommissioned" } },
    },
  ],
  [
    "deepseek balance",
    "quota_exceeded",
    false,
    { status: 402, body: { error: { message: "Insufficient Balance", type: "unknown_error", code: "invalid_request_error" } } },
  ],
  [
    "deepseek key",
    "auth",
    false,
    {
      status: 401,
      body: { error: { message: "Authentication Fails (no such user)", type: "authentication_error", code: "invalid_request_error" } },
    },
  ],
  [
    "xai credits",
    "quota_exceeded",
    false,
    {
      status: 403,
      body: {
        code: "The caller does not have permission to execute the specified operation",
        error: "Your newly created team doesn't have any credits yet. You can purchase credits at https://console.x.ai.",
      },
    },
  ],
  [
    "xai key",
    "auth",
    false,
    {
      status: 400,
      body: {
        code: "Client specified an invalid argument",
        error: "Incorrect API key provided: xx***. You can obtain an API key from https://console.x.ai.",
      },
    },
  ],
  [
    "dashscope burst",
    "rate_limit",
    true,
    {
      status: 429,
      errorCode: "limit_burst_rate",
      message:
        "Request rate increased too quickly. To ensure system stability, please adjust your client logic to scale requests more smoothly over time.",
    },
  ],
  [
    "dashscope free quota",
    "quota_exceeded",
    false,
    {
      status: 403,
      errorCode: "AllocationQuota.FreeTierOnly",
      message:
        'The free tier of the model has been exhausted. If you wish to continue access the model on a paid basis, please disable the "use free tier only" mode in the management console.',
    },
  ],
  [
    "dashscope arrears",
    "quota_exceeded",
    false,
    { status: 400, errorCode: "Arrearage", message: "Access denied, please make sure your account is in good standing." },
  ],
  [
    "dashscope inspection",
    "validation",
    false,
    { status: 400, errorCode: "data_inspection_failed", message: "Input data may contain inappropriate content." },
  ],
  [
    "dashscope stream only",
    "validation",
    false,
    {
      status: 400,
      errorCode: "invalid_parameter_error",
      message: "This model only support stream mode, please enable the stream parameter to access the model.",
    },
  ],
  [
    "dashscope range",
    "validation",
    false,
    { status: 400, errorCode: "InvalidParameter", message: "Range of input length should be [1, 129024]" },
  ],
  [
    "zhipu busy",
    "model_overloaded",
    true,
    { status: 429, body: { error: { code: "1305", message: "该模型当前访问量过大，请您稍后再试" } } },
  ],
  [
    "zhipu concurrency",
    "rate_limit",
    true,
    { status: 429, body: { error: { code: "1302", message: "您当前使用该API的并发数过高，请降低并发，或联系客服增加限额。" } } },
  ],
  ["zhipu balance", "quota_exceeded", false, { status: 429, body: { error: { code: "1113", message: "您的账户已欠费，请充值后重试" } } }],
  [
    "volcengine burst",
    "rate_limit",
    true,
    {
      status: 429,
      errorType: "TooManyRequests",
      errorCode: "RateLimitExceeded.EndpointTPMExceeded",
      message: "The Tokens Per Minute (TPM) limit of the associated endpoint for your account has been exceeded.",
    },
  ],
  [
    "volcengine overloaded",
    "model_overloaded",
    true,
    {
      status: 429,
      errorType: "TooManyRequests",
      errorCode: "ServerOverloaded",
      message: "The service is currently unable to handle additional requests due to server overload.",
    },
  ],
  [
    "volcengine overdue",
    "quota_exceeded",
    false,
    {
      status: 403,
      errorType: "Forbidden",
      errorCode: "AccountOverdueError",
      message: "The request failed because your account has an overdue balance.",
    },
  ],
  [
    "volcengine model not open",
    "validation",
    false,
    {
      status: 404,
      errorType: "NotFound",
      errorCode: "InvalidEndpointOrModel.NotFound",
      message: "The model or endpoint ep-1 does not exist or you do not have access to it.",
    },
  ],
  ["minimax balance", "quota_exceeded", false, { body: { base_resp: { status_code: 1008, status_msg: "insufficient balance" } } }],
  ["minimax rate", "rate_limit", true, { body: { base_resp: { status_code: 1002, status_msg: "rate limit exceeded(RPM)" } } }],
  [
    "huggingface loading",
    "model_overloaded",
    true,
    { status: 503, body: { error: "Model bigscience/bloom is currently loading", estimated_time: 20.5 } },
  ],
  [
    "huggingface credits",
    "quota_exceeded",
    false,
    {
      status: 402,
      body: {
        error:
          "You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits.",
      },
    },
  ],
  [
    "huggingface gated",
    "auth",
    false,
    { status: 403, body: { error: "The model x/y is a gated repo. You must be authenticated and request access to it." } },
  ],
  ["ollama absent model", "validation", false, { status: 404, body: { error: "model 'llama9' not found, try pulling it first" } }],
  [
    "ollama busy",
    "model_overloaded",
    true,
    { status: 503, body: { error: "server busy, please try again.  maximum pending requests exceeded" } },
  ],
  ["ollama runner", "api_error", true, { status: 500, body: { error: "llama runner process has terminated: signal: killed" } }],
  [
    "vllm context",
    "validation",
    false,
    {
      status: 400,
      body: {
        object: "error",
        message:
          "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens in the messages, Please reduce the length of the messages.",
        type: "BadRequestError",
        param: null,
        code: 400,
      },
    },
  ],
  [
    "vllm model",
    "validation",
    false,
    { status: 404, body: { object: "error", message: "The model `foo` does not exist.", type: "NotFoundError", param: null, code: 404 } },
  ],
  ["tgi overloaded", "model_overloaded", true, { status: 429, body: { error: "Model is overloaded", error_type: "overloaded" } }],
  [
    "tgi validation",
    "validation",
    false,
    {
      status: 422,
      body: { error: "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096", error_type: "validation" },
    },
  ],
  [
    "fireworks suspended",
    "quota_exceeded",
    false,
    {
      status: 412,
      body: {
        error: {
          message: "Account foo is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.",
        },
      },
    },
  ],
  [
    "cerebras",
    "rate_limit",
    true,
    {
      status: 429,
      body: {
        message: "Requests per minute limit exceeded - too many requests sent.",
        type: "too_many_requests_error",
        param: "quota",
        code: "request_quota_exceeded",
      },
    },
  ],
  [
    "cerebras queue",
    "model_overloaded",
    true,
    {
      status: 429,
      body: {
        message: "We're experiencing high traffic right now! Please try again soon.",
        type: "too_many_requests_error",
        param: "queue",
        code: "queue_exceeded",
      },
    },
  ],
  [
    "cerebras day",
    "quota_exceeded",
    false,
    {
      status: 429,
      body: {
        message: "Tokens per day limit exceeded - too many tokens processed.",
        type: "too_many_tokens_error",
        param: "quota",
        code: "token_quota_exceeded",
      },
    },
  ],
  [
    "replicate",
    "rate_limit",
    true,
    {
      status: 429,
      body: { title: "Request was throttled", detail: "Request was throttled. Your rate limit resets in ~30s.", status: 429 },
    },
  ],
  [
    "github models",
    "validation",
    false,
    { status: 413, errorCode: "tokens_limit_reached", message: "Request body too large for gpt-4o model. Max size: 8000 tokens." },
  ],
  [
    "github models window",
    "rate_limit",
    true,
    {
      status: 429,
      errorCode: "RateLimitReached",
      message: "Rate limit of 10 per 60s exceeded for UserByModelByMinute. Please wait 55 seconds before retrying.",
    },
  ],
  [
    "copilot quota",
    "quota_exceeded",
    false,
    { status: 402, body: { error: { message: "You have exceeded your premium request allowance.", code: "quota_exceeded" } } },
  ],
  [
    "databricks",
    "rate_limit",
    true,
    {
      status: 429,
      body: {
        error_code: "REQUEST_LIMIT_EXCEEDED",
        message: "REQUEST_LIMIT_EXCEEDED: Exceeded workspace input tokens per minute rate limit for databricks-claude.",
      },
    },
  ],
  [
    "watsonx",
    "auth",
    false,
    {
      status: 401,
      body: { errors: [{ code: "authentication_token_expired", message: "Failed to authenticate the request due to an expired token" }] },
    },
  ],
  [
    "perplexity html",
    "auth",
    false,
    {
      status: 401,
      message:
        "<html>\n<head><title>401 Authorization Required</title></head>\n<body><center><h1>401 Authorization Required</h1></center></body></html>",
    },
  ],
];

test.each(CASES)("%s is %s", (_name, category, retryable, evidence) => {
  const answer = categorizeError(evidence);
  expect({ category: answer.category, retryable: answer.retryable }, answer.rule).toEqual({ category, retryable });
});
