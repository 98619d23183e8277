import { sse, totalInput } from "../served-call.ts";
import type { FailureTable, ServedCall, Wire } from "../served-call.ts";

const REASON_STOP = "stop";

/** Bodies as api.openai.com sends them. */
export const OPENAI_FAILURES: FailureTable = {
  rate_limit: failure(
    429,
    "tokens",
    "rate_limit_exceeded",
    "Rate limit reached for gpt-5.2 in organization org-stand-in on tokens per min (TPM): Limit 30000, Used 26541, Requested 4102. Please try again in 1.286s.",
  ),
  quota: failure(
    429,
    "insufficient_quota",
    "insufficient_quota",
    "You exceeded your current quota, please check your plan and billing details.",
  ),
  overloaded: failure(
    503,
    "server_error",
    null,
    "The server is currently overloaded with other requests. Sorry about that! You can retry your request, or contact us through our help center if the error persists.",
  ),
  server_error: failure(500, "server_error", null, "The server had an error while processing your request. Sorry about that!"),
  unavailable: failure(503, "server_error", null, "The engine is currently unavailable, please try again later."),
  auth: failure(
    401,
    "invalid_request_error",
    "invalid_api_key",
    "Incorrect API key provided: sk-stand-in. You can find your API key at https://platform.openai.com/account/api-keys.",
  ),
  forbidden: failure(403, "invalid_request_error", "unsupported_country_region_territory", "Country, region, or territory not supported"),
  model_not_found: failure(
    404,
    "invalid_request_error",
    "model_not_found",
    "The model `gpt-none` does not exist or you do not have access to it.",
  ),
  bad_request: failure(
    400,
    "invalid_request_error",
    "invalid_value",
    "Invalid value for 'temperature': expected a number between 0 and 2.",
  ),
  context_length: failure(
    400,
    "invalid_request_error",
    "context_length_exceeded",
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 130512 tokens. Please reduce the length of the messages.",
  ),
  content_filter: failure(
    400,
    "invalid_request_error",
    "content_policy_violation",
    "Your request was rejected as a result of our safety system.",
  ),
};

export const openAiChat: Wire = {
  name: "openai-chat",
  contentType: "application/json",
  streamContentType: "text/event-stream; charset=utf-8",
  answer: (call) => ({
    id: `chatcmpl-${call.id}`,
    object: "chat.completion",
    created: call.createdAt,
    model: call.model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: call.pieces.join(""), refusal: null },
        logprobs: null,
        finish_reason: finishReason(call),
      },
    ],
    ...(call.withoutUsage ? {} : { usage: chatUsage(call) }),
    service_tier: "default",
    system_fingerprint: "fp_stand_in",
  }),
  stream: (call) => {
    // OpenAI sends `usage: null` in all chunks but the last; those who imitate it leave it out.
    const empty = wantsUsage(call) && call.request["stream_options"] !== undefined ? { usage: null } : {};
    const chunk = (delta: object, finish: string | null): object => ({
      id: `chatcmpl-${call.id}`,
      object: "chat.completion.chunk",
      created: call.createdAt,
      model: call.model,
      service_tier: "default",
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...empty,
    });
    const last = { ...chunk({}, null), choices: [], usage: chatUsage(call) };
    return [
      sse(chunk({ role: "assistant", content: "" }, null)),
      ...call.pieces.map((content) => sse(chunk({ content }, null))),
      sse(chunk({}, finishReason(call))),
      ...(wantsUsage(call) ? [sse(last)] : []),
      sse("[DONE]"),
    ];
  },
  streamError: sse({
    error: {
      message: "The server had an error processing your request. Sorry about that!",
      type: "server_error",
      param: null,
      code: "server_error",
    },
  }),
  failures: OPENAI_FAILURES,
  statesCache: "reads_and_writes",
  headers: (call) => ({ "x-request-id": `req_${call.id}`, "openai-processing-ms": "12" }),
};

export const openAiResponses: Wire = {
  ...openAiChat,
  name: "openai-responses",
  answer: (call) => responseObject(call, "completed"),
  stream: (call) => {
    const item = { id: `msg_${call.id}`, type: "message", role: "assistant", status: "in_progress", content: [] };
    const at = { item_id: item.id, output_index: 0, content_index: 0 };
    const events: object[] = [
      { type: "response.created", response: { ...responseObject(call, "in_progress"), output: [], usage: null } },
      { type: "response.in_progress", response: { ...responseObject(call, "in_progress"), output: [], usage: null } },
      { type: "response.output_item.added", output_index: 0, item },
      { type: "response.content_part.added", ...at, part: { type: "output_text", text: "", annotations: [] } },
      ...call.pieces.map((delta) => ({ type: "response.output_text.delta", ...at, delta })),
      { type: "response.output_text.done", ...at, text: call.pieces.join("") },
      { type: "response.completed", response: responseObject(call, "completed") },
    ];
    return events.map((event, sequence) => sse({ ...event, sequence_number: sequence }, (event as { type: string }).type));
  },
  streamError: sse(
    {
      type: "error",
      code: "server_error",
      message: "The server had an error processing your request. Sorry about that!",
      param: null,
      sequence_number: 3,
    },
    "error",
  ),
};

export const openAiEmbeddings: Wire = {
  ...openAiChat,
  name: "openai-embeddings",
  statesCache: "nothing",
  answer: (call) => ({
    object: "list",
    data: [{ object: "embedding", index: 0, embedding: call.request["encoding_format"] === "base64" ? "AACAPwAAAAAAAAAA" : [1, 0, 0] }],
    model: call.model,
    usage: { prompt_tokens: totalInput(call.usage), total_tokens: totalInput(call.usage) },
  }),
};

/** OpenRouter bills by itself and says so in `usage.cost` (USD). */
export const openRouterChat: Wire = {
  ...openAiChat,
  name: "openrouter-chat",
  answer: (call) => ({ ...(openAiChat.answer(call) as object), provider: "OpenAI", usage: { ...chatUsage(call), cost: 0.00125 } }),
};

export function chatUsage({ usage }: ServedCall): object {
  const write = usage.cacheWrite5m + usage.cacheWrite1h;
  return {
    prompt_tokens: totalInput(usage),
    completion_tokens: usage.output,
    total_tokens: totalInput(usage) + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead, audio_tokens: 0, ...(write > 0 ? { cache_write_tokens: write } : {}) },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function responseObject(call: ServedCall, status: string): object {
  const { usage } = call;
  return {
    id: `resp_${call.id}`,
    object: "response",
    created_at: call.createdAt,
    status,
    model: call.model,
    error: null,
    incomplete_details: null,
    output: [
      {
        id: `msg_${call.id}`,
        type: "message",
        status,
        role: "assistant",
        content: [{ type: "output_text", text: call.pieces.join(""), annotations: [], logprobs: [] }],
      },
    ],
    parallel_tool_calls: true,
    tool_choice: "auto",
    tools: [],
    service_tier: "default",
    ...(call.withoutUsage
      ? {}
      : {
          usage: {
            input_tokens: totalInput(usage),
            input_tokens_details: {
              cached_tokens: usage.cacheRead,
              ...(usage.cacheWrite5m + usage.cacheWrite1h > 0 ? { cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h } : {}),
            },
            output_tokens: usage.output,
            output_tokens_details: { reasoning_tokens: usage.reasoning },
            total_tokens: totalInput(usage) + usage.output,
          },
        }),
  };
}

/** Streamed chat completions have usage only when asked for (`stream_options.include_usage`). */
function wantsUsage(call: ServedCall): boolean {
  const options = call.request["stream_options"] as { include_usage?: unknown } | undefined;
  return !call.withoutUsage && (options?.include_usage === true || call.alwaysUsage === true);
}

function finishReason(call: ServedCall): string {
  return call.filtered ? "content_filter" : REASON_STOP;
}

function failure(status: number, type: string, code: string | null, message: string): { status: number; body: unknown } {
  return { status, body: { error: { message, type, param: null, code } } };
}
