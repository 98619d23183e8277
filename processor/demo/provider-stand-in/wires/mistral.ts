import { openAiChat } from "./openai.ts";
import type { FailureAnswer, FailureTable, Wire } from "../served-call.ts";

const FAILURES: FailureTable = {
  rate_limit: failure(429, "rate_limited", "1300", "Rate limit exceeded"),
  quota: failure(
    402,
    "payment_required",
    "1310",
    "You have exhausted the credits of your workspace. Please check your plan and billing details.",
  ),
  overloaded: failure(503, "service_tier_capacity_exceeded", "3505", "Service tier capacity exceeded for this model."),
  server_error: failure(500, "internal_server_error", "1000", "Service unavailable."),
  unavailable: failure(503, "internal_server_error", "1000", "Service unavailable."),
  auth: { status: 401, body: { detail: "Unauthorized" } },
  forbidden: failure(403, "forbidden", "1200", "You are not allowed to access this resource."),
  model_not_found: failure(400, "invalid_model", "1500", "Invalid model: mistral-none"),
  bad_request: {
    status: 422,
    body: {
      detail: [
        {
          type: "greater_than_equal",
          loc: ["body", "temperature"],
          msg: "Input should be greater than or equal to 0",
          input: -1,
          ctx: { ge: 0 },
        },
      ],
    },
  },
  context_length: failure(
    400,
    "invalid_request_prompt",
    "3051",
    "Prompt contains 40960 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
  ),
  content_filter: failure(400, "invalid_request_content", "3300", "The request was blocked by the moderation policy."),
};

/** Mistral's API: OpenAI's answers, its own errors, and usage in every stream without asking. */
export const mistralChat: Wire = {
  ...openAiChat,
  name: "mistral-chat",
  stream: (call) => openAiChat.stream({ ...call, alwaysUsage: true }),
  failures: FAILURES,
  statesCache: "reads",
  headers: () => ({}),
};

function failure(status: number, type: string, code: string, message: string): FailureAnswer {
  return { status, body: { object: "error", message, type, param: null, code } };
}
