import { totalInput } from "../served-call.ts";
import type { FailureAnswer, FailureTable, ServedCall, Wire } from "../served-call.ts";
import { encodeEventStreamMessage } from "../event-stream-message.ts";
import { anthropicEvents, anthropicMessages } from "./anthropic.ts";

const FAILURES: FailureTable = {
  rate_limit: failure(429, "ThrottlingException", "Too many requests, please wait before trying again."),
  quota: failure(400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account."),
  overloaded: failure(429, "ModelNotReadyException", "Model is not ready for inference. Wait and try your request again."),
  server_error: failure(
    500,
    "InternalServerException",
    "The system encountered an unexpected error during processing. Try your request again later.",
  ),
  unavailable: failure(503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
  auth: failure(403, "UnrecognizedClientException", "The security token included in the request is invalid."),
  forbidden: failure(403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
  model_not_found: failure(404, "ResourceNotFoundException", "The provided model identifier is invalid."),
  bad_request: failure(
    400,
    "ValidationException",
    "1 validation error detected: Value at 'inferenceConfig.temperature' failed to satisfy constraint.",
  ),
  context_length: failure(400, "ValidationException", "Input is too long for requested model."),
  content_filter: failure(400, "ValidationException", "The request was blocked by the content filter."),
};

export const bedrockConverse: Wire = {
  name: "bedrock-converse",
  contentType: "application/json",
  streamContentType: "application/vnd.amazon.eventstream",
  answer: (call) => ({
    output: { message: { role: "assistant", content: [{ text: call.pieces.join("") }] } },
    stopReason: stopReason(call),
    ...(call.withoutUsage ? {} : { usage: usage(call) }),
    metrics: { latencyMs: 12 },
  }),
  stream: (call) => [
    event("messageStart", { role: "assistant" }),
    ...call.pieces.map((text) => event("contentBlockDelta", { contentBlockIndex: 0, delta: { text } })),
    event("contentBlockStop", { contentBlockIndex: 0 }),
    event("messageStop", { stopReason: stopReason(call) }),
    event("metadata", { ...(call.withoutUsage ? {} : { usage: usage(call) }), metrics: { latencyMs: 12 } }),
  ],
  streamError: encodeEventStreamMessage(
    { ":message-type": "exception", ":exception-type": "throttlingException", ":content-type": "application/json" },
    JSON.stringify({ message: "Too many tokens, please wait before trying again." }),
  ),
  failures: FAILURES,
  statesCache: "reads_and_writes",
  headers: (call) => ({ "x-amzn-requestid": call.id }),
};

/** InvokeModel carries the vendor's own JSON; here a Claude model's. */
export const bedrockInvoke: Wire = {
  ...bedrockConverse,
  name: "bedrock-invoke",
  answer: (call) => anthropicMessages.answer(call),
  stream: (call) => anthropicEvents(call).map((inner) => event("chunk", { bytes: Buffer.from(JSON.stringify(inner)).toString("base64") })),
  headers: (call) => ({
    "x-amzn-requestid": call.id,
    "x-amzn-bedrock-input-token-count": String(call.usage.uncachedInput),
    "x-amzn-bedrock-output-token-count": String(call.usage.output),
  }),
};

function event(type: string, payload: object): Uint8Array {
  return encodeEventStreamMessage(
    { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
    JSON.stringify(payload),
  );
}

function usage({ usage: served }: ServedCall): object {
  return {
    inputTokens: served.uncachedInput,
    outputTokens: served.output,
    totalTokens: totalInput(served) + served.output,
    cacheReadInputTokens: served.cacheRead,
    cacheWriteInputTokens: served.cacheWrite5m + served.cacheWrite1h,
    ...(served.cacheWrite1h > 0
      ? {
          cacheDetails: [
            { ttl: "5m", inputTokens: served.cacheWrite5m },
            { ttl: "1h", inputTokens: served.cacheWrite1h },
          ],
        }
      : {}),
  };
}

function stopReason(call: ServedCall): string {
  return call.filtered ? "content_filtered" : "end_turn";
}

function failure(status: number, type: string, message: string): FailureAnswer {
  return { status, body: { message }, headers: { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` } };
}
