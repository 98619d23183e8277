import { sse } from "../served-call.ts";
import type { FailureAnswer, FailureTable, ServedCall, Wire } from "../served-call.ts";

/** Bodies as api.anthropic.com sends them. */
const FAILURES: FailureTable = {
  rate_limit: failure(
    429,
    "rate_limit_error",
    "This request would exceed the rate limit for your organization of 40,000 input tokens per minute. For details, refer to: https://docs.claude.com/en/api/rate-limits.",
  ),
  quota: failure(
    400,
    "invalid_request_error",
    "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
  ),
  overloaded: failure(529, "overloaded_error", "Overloaded"),
  server_error: failure(500, "api_error", "Internal server error"),
  unavailable: failure(503, "api_error", "Service temporarily unavailable"),
  auth: failure(401, "authentication_error", "invalid x-api-key"),
  forbidden: failure(403, "permission_error", "Your API key does not have permission to use the specified resource."),
  model_not_found: failure(404, "not_found_error", "model: claude-none"),
  bad_request: failure(400, "invalid_request_error", "max_tokens: Input should be greater than or equal to 1"),
  context_length: failure(400, "invalid_request_error", "prompt is too long: 213461 tokens > 200000 maximum"),
  content_filter: failure(400, "invalid_request_error", "Output blocked by content filtering policy"),
};

export const anthropicMessages: Wire = {
  name: "anthropic-messages",
  contentType: "application/json",
  streamContentType: "text/event-stream; charset=utf-8",
  answer: (call) => ({
    ...message(call),
    content: [{ type: "text", text: call.pieces.join("") }],
    stop_reason: stopReason(call),
    ...(call.withoutUsage ? {} : { usage: usage(call) }),
  }),
  stream: (call) => anthropicEvents(call).map((event) => sse(event, event.type)),
  streamError: sse({ type: "error", error: { details: null, type: "overloaded_error", message: "Overloaded" } }, "error"),
  failures: FAILURES,
  statesCache: "reads_and_writes",
  headers: (call) => ({ "request-id": `req_${call.id}`, "anthropic-organization-id": "org-stand-in" }),
};

export type AnthropicEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The events of a streamed message: usage of the input in the first, of the output in the last but one, cumulative. */
export function anthropicEvents(call: ServedCall): AnthropicEvent[] {
  const started = { ...message(call), content: [], stop_reason: null, usage: { ...usage(call), output_tokens: 1 } };
  return [
    { type: "message_start", message: started },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "ping" },
    ...call.pieces.map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: stopReason(call), stop_sequence: null }, usage: deltaUsage(call) },
    { type: "message_stop" },
  ];
}

function message(call: ServedCall): object {
  return { id: `msg_${call.id}`, type: "message", role: "assistant", model: call.model, stop_sequence: null };
}

function usage({ usage: served }: ServedCall): object {
  return {
    input_tokens: served.uncachedInput,
    cache_creation_input_tokens: served.cacheWrite5m + served.cacheWrite1h,
    cache_read_input_tokens: served.cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: served.cacheWrite5m, ephemeral_1h_input_tokens: served.cacheWrite1h },
    output_tokens: served.output,
    service_tier: "standard",
  };
}

function deltaUsage({ usage: served }: ServedCall): object {
  return {
    input_tokens: served.uncachedInput,
    cache_creation_input_tokens: served.cacheWrite5m + served.cacheWrite1h,
    cache_read_input_tokens: served.cacheRead,
    output_tokens: served.output,
  };
}

function stopReason(call: ServedCall): string {
  return call.filtered ? "refusal" : "end_turn";
}

function failure(status: number, type: string, text: string): FailureAnswer {
  return { status, body: { type: "error", error: { type, message: text }, request_id: "req_stand_in" } };
}
