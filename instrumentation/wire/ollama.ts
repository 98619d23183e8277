import { addFinishReason, asObject, asText, mergeUsage } from "./answer.ts";
import type { Answer, Json } from "./answer.ts";
import type { WireDialect } from "./wire-dialect.ts";

/** POST /api/chat and /api/generate: lines of JSON, counts in the last one. */
export const ollama: WireDialect = {
  name: "ollama",
  path: /\/api\/(?:chat|generate)$/,
  provider: "ollama",
  modelInBody: true,
  streamsByDefault: true,
  requestFields: {},
  answerFields: ["model", "done", "done_reason", "prompt_eval_count", "eval_count", "error"],
  textFields: ["message", "response"],
  interesting: /"done": ?true|"error"/,
  readAnswer: readLine,
  readEvent: readLine,
  textOf: (body) => asText(asObject(body["message"])?.["content"]) ?? asText(body["response"]) ?? "",
  promptFields: { messages: "messages" },
};

function readLine(body: Json, answer: Answer): void {
  answer.model ??= asText(body["model"]);
  addFinishReason(answer, body["done_reason"]);
  // In the shape of chat completions, which everybody reads.
  mergeUsage(answer, { prompt_tokens: body["prompt_eval_count"], completion_tokens: body["eval_count"] });
  const error = asText(body["error"]);
  if (error !== undefined) answer.error = { message: error };
  if (body["done"] === true) answer.done = true;
}
