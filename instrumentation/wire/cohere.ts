import { addFinishReason, asObject, asObjects, asText, mergeUsage } from "./answer.ts";
import type { Answer, Json } from "./answer.ts";
import type { WireDialect } from "./wire-dialect.ts";

/** POST /v2/chat. */
export const cohereChat: WireDialect = {
  name: "cohere-chat",
  path: /\/v2\/chat$/,
  provider: "cohere",
  modelInBody: true,
  requestFields: {
    max_tokens: "gen_ai.request.max_tokens",
    temperature: "gen_ai.request.temperature",
    p: "gen_ai.request.top_p",
    k: "gen_ai.request.top_k",
    seed: "gen_ai.request.seed",
    stop_sequences: "gen_ai.request.stop_sequences",
    frequency_penalty: "gen_ai.request.frequency_penalty",
    presence_penalty: "gen_ai.request.presence_penalty",
  },
  answerFields: ["id", "finish_reason", "usage", ["message", []]],
  textFields: ["message"],
  interesting: /"type": ?"message-(?:start|end)"/,
  readAnswer,
  readEvent: (event, answer) => {
    answer.id ??= asText(event["id"]);
    const delta = asObject(event["delta"]);
    if (event["type"] !== "message-end" || delta === undefined) return;
    readAnswer(delta, answer);
    const error = asText(delta["error"]);
    if (error !== undefined) answer.error = { code: asText(delta["finish_reason"]) ?? "ERROR", message: error };
    answer.done = true;
  },
  textOf: (body) => {
    const message = asObject(asObject(body["delta"])?.["message"]) ?? asObject(body["message"]);
    const content = message?.["content"];
    return (
      asText(asObject(content)?.["text"]) ??
      asObjects(content)
        .map((part) => asText(part["text"]) ?? "")
        .join("")
    );
  },
  promptFields: { messages: "messages" },
};

export const cohereEmbed: WireDialect = {
  ...cohereChat,
  name: "cohere-embed",
  path: /\/v2\/embed$/,
  operation: "embeddings",
  answerFields: ["id", "meta", "message"],
  textFields: [],
  readAnswer: (body, answer) => {
    readAnswer({ ...body, usage: body["meta"] }, answer);
  },
  textOf: () => "",
  promptFields: { messages: "texts" },
};

function readAnswer(body: Json, answer: Answer): void {
  answer.id ??= asText(body["id"]);
  addFinishReason(answer, body["finish_reason"]);
  mergeUsage(answer, body["usage"]);
  // A failure's `message` is a text; an answer's is an object.
  const message = asText(body["message"]);
  if (message !== undefined) answer.error = { message };
}
