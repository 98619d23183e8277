import { addFinishReason, asObject, asObjects, asText, mergeUsage } from "./answer.ts";
import type { Answer, AnswerError, Json } from "./answer.ts";
import type { WireDialect } from "./wire-dialect.ts";

const SAMPLING_FIELDS = {
  temperature: "gen_ai.request.temperature",
  top_p: "gen_ai.request.top_p",
  frequency_penalty: "gen_ai.request.frequency_penalty",
  presence_penalty: "gen_ai.request.presence_penalty",
  seed: "gen_ai.request.seed",
  stop: "gen_ai.request.stop_sequences",
};

/** Where one or the other of the compatible APIs says what went wrong. */
const ERROR_FIELDS = ["error", "message", "type", "code", "detail", "object"];

/** POST /chat/completions of OpenAI and of everybody who is compatible. */
export const openAiChat: WireDialect = {
  name: "openai-chat",
  path: /\/chat\/completions$/,
  provider: "openai",
  modelInBody: true,
  requestFields: {
    ...SAMPLING_FIELDS,
    max_tokens: "gen_ai.request.max_tokens",
    max_completion_tokens: "gen_ai.request.max_tokens",
    n: "gen_ai.request.choice.count",
    service_tier: "openai.request.service_tier",
    reasoning_effort: "gen_ai.request.reasoning.level",
  },
  answerFields: [["choices", ["finish_reason"]], "id", "model", "usage", "service_tier", "system_fingerprint", "x_groq", ...ERROR_FIELDS],
  textFields: ["choices"],
  interesting: /"(?:finish_reason|stop_reason)": ?"|"usage": ?\{|"error": ?[{"]|\[DONE\]/,
  readAnswer: readChat,
  readEvent: readChat,
  textOf: (body) =>
    asObjects(body["choices"])
      .map((choice) => asText(asObject(choice["delta"] ?? choice["message"])?.["content"]) ?? asText(choice["text"]) ?? "")
      .join(""),
  promptFields: { messages: "messages" },
};

/** POST /completions: the old text API, same answers. */
export const openAiCompletions: WireDialect = {
  ...openAiChat,
  name: "openai-completions",
  path: /\/completions$/,
  operation: "text_completion",
  promptFields: { messages: "prompt" },
};

export const openAiEmbeddings: WireDialect = {
  ...openAiChat,
  name: "openai-embeddings",
  path: /\/embeddings$/,
  operation: "embeddings",
  requestFields: { dimensions: "gen_ai.embeddings.dimension.count", encoding_format: "gen_ai.request.encoding_formats" },
  answerFields: ["model", "usage", ...ERROR_FIELDS],
  textFields: [],
  textOf: () => "",
  promptFields: { messages: "input" },
};

/** POST /responses: the usage stands in the `response` of the last event. */
export const openAiResponses: WireDialect = {
  ...openAiChat,
  name: "openai-responses",
  path: /\/responses$/,
  requestFields: {
    ...SAMPLING_FIELDS,
    max_output_tokens: "gen_ai.request.max_tokens",
    service_tier: "openai.request.service_tier",
    previous_response_id: "gen_ai.request.previous_response.id",
  },
  answerFields: [["output", []], "id", "model", "status", "usage", "incomplete_details", "service_tier", ...ERROR_FIELDS],
  textFields: ["output"],
  interesting: /"type": ?"(?:response\.(?:created|completed|failed|incomplete)|error)"/,
  readAnswer: readResponse,
  readEvent: readResponseEvent,
  textOf: (body) => asText(body["delta"]) ?? asObjects(body["output"]).flatMap(outputTexts).join(""),
  promptFields: { messages: "input", system: "instructions" },
};

function readChat(body: Json, answer: Answer): void {
  answer.id ??= asText(body["id"]);
  answer.model ??= asText(body["model"]);
  readTier(body, answer);
  for (const choice of asObjects(body["choices"])) addFinishReason(answer, choice["finish_reason"]);
  readUsage(asObject(body["usage"]) ?? asObject(asObject(body["x_groq"])?.["usage"]), answer);
  readError(body, answer);
}

function readResponseEvent(event: Json, answer: Answer): void {
  const response = asObject(event["response"]);
  if (response !== undefined) readResponse(response, answer);
  const type = asText(event["type"]);
  if (type === "error") readError({ error: asObject(event["error"]) ?? event }, answer);
  if (type === "response.completed" || type === "response.incomplete" || type === "response.failed") answer.done = true;
}

function readResponse(response: Json, answer: Answer): void {
  answer.id ??= asText(response["id"]);
  answer.model ??= asText(response["model"]);
  readTier(response, answer);
  const status = asText(response["status"]);
  if (status === "completed" || status === "failed") addFinishReason(answer, status === "completed" ? "stop" : "error");
  if (status === "incomplete") addFinishReason(answer, asObject(response["incomplete_details"])?.["reason"]);
  readUsage(asObject(response["usage"]), answer);
  readError(response, answer);
}

function readTier(body: Json, answer: Answer): void {
  const tier = asText(body["service_tier"]);
  if (tier !== undefined && tier !== "auto") answer.serviceTier = tier;
  const fingerprint = asText(body["system_fingerprint"]);
  if (fingerprint !== undefined) answer.systemFingerprint = fingerprint;
}

function readUsage(usage: Json | undefined, answer: Answer): void {
  mergeUsage(answer, usage);
  // OpenRouter's own bill.
  if (typeof usage?.["cost"] === "number") answer.costUsd = usage["cost"];
}

/** `{error: {type, code, message}}`; Mistral and gateways put the same at the top, Ollama and others only a text. */
function readError(body: Json, answer: Answer): void {
  const error = openAiError(body);
  if (error !== undefined) answer.error = error;
}

export function openAiError(body: Json): AnswerError | undefined {
  const nested = asObject(body["error"]);
  if (nested !== undefined) return namedError(nested);
  const text = asText(body["error"]) ?? asText(body["detail"]);
  if (text !== undefined) return { message: text };
  const isError =
    body["object"] === "error" || (body["message"] !== undefined && body["choices"] === undefined && body["output"] === undefined);
  return isError ? namedError(body) : undefined;
}

function namedError(error: Json): AnswerError {
  // A numeric code repeats the status (OpenRouter, Azure) and says less than the type.
  const codes = [error["code"], error["status"], error["type"]].map(asText).filter((code) => code !== undefined);
  const code = codes.find((text) => !/^\d+$/.test(text)) ?? codes[0];
  const message = asText(error["message"]);
  return { ...(code === undefined ? {} : { code }), ...(message === undefined ? {} : { message }) };
}

function outputTexts(item: Json): string[] {
  return asObjects(item["content"]).map((part) => asText(part["text"]) ?? "");
}
