import { sse, totalInput } from "../served-call.ts";
import type { FailureAnswer, FailureTable, ServedCall, Wire } from "../served-call.ts";

const FAILURES: FailureTable = {
  rate_limit: failure(
    429,
    "You are using a Trial key, which is limited to 10 API calls / minute. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits.",
  ),
  quota: failure(402, "Please add or update your payment method at https://dashboard.cohere.com/billing"),
  overloaded: failure(503, "service overloaded, please try again later"),
  server_error: failure(500, "internal server error, this has been reported to our developers"),
  unavailable: failure(503, "service unavailable"),
  auth: failure(401, "invalid api token"),
  forbidden: failure(403, "access denied"),
  model_not_found: failure(
    404,
    "model 'command-none' not found, make sure the correct model ID was used and that you have access to the model.",
  ),
  bad_request: failure(400, "invalid request: temperature must be between 0 and 1 inclusive."),
  context_length: failure(
    400,
    "too many tokens: size limit exceeded by 2561 tokens. Try using shorter or fewer inputs, or setting prompt_truncation='AUTO'.",
  ),
  content_filter: failure(400, "request was blocked by the content filter"),
};

export const cohereChat: Wire = {
  name: "cohere-chat",
  contentType: "application/json",
  streamContentType: "text/event-stream",
  answer: (call) => ({
    id: call.id,
    message: { role: "assistant", content: [{ type: "text", text: call.pieces.join("") }] },
    finish_reason: finishReason(call),
    ...(call.withoutUsage ? {} : { usage: usage(call) }),
  }),
  stream: (call) => {
    const events: { readonly type: string; readonly [key: string]: unknown }[] = [
      {
        type: "message-start",
        id: call.id,
        delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } },
      },
      { type: "content-start", index: 0, delta: { message: { content: { type: "text", text: "" } } } },
      ...call.pieces.map((text) => ({ type: "content-delta", index: 0, delta: { message: { content: { text } } } })),
      { type: "content-end", index: 0 },
      { type: "message-end", delta: { finish_reason: finishReason(call), ...(call.withoutUsage ? {} : { usage: usage(call) }) } },
    ];
    return events.map((event) => sse(event, event.type));
  },
  streamError: sse({ type: "message-end", delta: { finish_reason: "ERROR", error: "internal server error" } }, "message-end"),
  failures: FAILURES,
  statesCache: "reads",
};

function usage({ usage: served }: ServedCall): object {
  const tokens = { input_tokens: totalInput(served), output_tokens: served.output };
  return {
    billed_units: tokens,
    tokens: { input_tokens: tokens.input_tokens + 60, output_tokens: served.output },
    ...(served.cacheRead > 0 ? { cached_tokens: served.cacheRead } : {}),
  };
}

function finishReason(call: ServedCall): string {
  return call.filtered ? "ERROR_TOXIC" : "COMPLETE";
}

function failure(status: number, message: string): FailureAnswer {
  return { status, body: { message } };
}
