import { addFinishReason, asObject, asObjects, asText, mergeUsage } from "./answer.ts";
import type { Answer, Json } from "./answer.ts";
import { openAiError } from "./openai.ts";
import type { WireDialect } from "./wire-dialect.ts";

/** POST /v1/messages at Anthropic, on Azure, behind gateways; rawPredict on Vertex. */
export const anthropicMessages: WireDialect = {
  name: "anthropic-messages",
  path: /\/v1\/messages$|\/models\/(?<model>[^/:]+):(?:streamR|r)awPredict$/,
  streamingPath: /:streamRawPredict$/,
  provider: "anthropic",
  modelInBody: true,
  requestFields: {
    max_tokens: "gen_ai.request.max_tokens",
    temperature: "gen_ai.request.temperature",
    top_p: "gen_ai.request.top_p",
    top_k: "gen_ai.request.top_k",
    stop_sequences: "gen_ai.request.stop_sequences",
  },
  answerFields: ["id", "model", "stop_reason", "usage", "error"],
  textFields: ["content"],
  interesting: /"type": ?"(?:message_start|message_delta|message_stop|error)"/,
  readAnswer: readMessage,
  readEvent: readAnthropicEvent,
  textOf: (body) =>
    asText(asObject(body["delta"])?.["text"]) ??
    asObjects(body["content"])
      .map((block) => asText(block["text"]) ?? "")
      .join(""),
  promptFields: { messages: "messages", system: "system" },
};

/** One event of a streamed message; Bedrock's InvokeModel carries the same events in its own framing. */
export function readAnthropicEvent(event: Json, answer: Answer): void {
  switch (event["type"]) {
    case "message_start":
      readMessage(asObject(event["message"]) ?? {}, answer);
      break;
    case "message_delta":
      addFinishReason(answer, asObject(event["delta"])?.["stop_reason"]);
      readUsage(asObject(event["usage"]), answer);
      break;
    case "message_stop":
      answer.done = true;
      break;
    case "error":
      readErrorOf(event, answer);
      break;
  }
}

export function readMessage(message: Json, answer: Answer): void {
  answer.id ??= asText(message["id"]);
  answer.model ??= asText(message["model"]);
  addFinishReason(answer, message["stop_reason"]);
  readUsage(asObject(message["usage"]), answer);
  readErrorOf(message, answer);
}

function readErrorOf(body: Json, answer: Answer): void {
  const error = asObject(body["error"]) === undefined ? undefined : openAiError(body);
  if (error !== undefined) answer.error = error;
}

/** In streams the first event has the split of the cache writes, the last one the cumulative counts. */
function readUsage(usage: Json | undefined, answer: Answer): void {
  mergeUsage(answer, usage);
  const tier = asText(usage?.["service_tier"]);
  if (tier !== undefined) answer.serviceTier = tier;
}
