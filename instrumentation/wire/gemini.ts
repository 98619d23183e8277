import { addFinishReason, asObject, asObjects, asText, mergeUsage } from "./answer.ts";
import type { Answer, Json } from "./answer.ts";
import { openAiError } from "./openai.ts";
import type { WireDialect } from "./wire-dialect.ts";

/** generateContent and its stream, on the Gemini API and on Vertex. */
export const gemini: WireDialect = {
  name: "gemini",
  path: /\/(?:models|endpoints)\/(?<model>[^/:]+):(?:stream)?[gG]enerateContent$/,
  streamingPath: /:streamGenerateContent$/,
  operation: "generate_content",
  provider: "gcp.gemini",
  requestFields: {},
  answerFields: [["candidates", ["finishReason"]], "usageMetadata", "modelVersion", "responseId", "error", "promptFeedback"],
  textFields: ["candidates"],
  interesting: /"usageMetadata"|"finishReason"|"error"|"blockReason"/,
  readAnswer: readChunk,
  readEvent: readChunk,
  textOf: (body) =>
    asObjects(body["candidates"])
      .flatMap((candidate) => asObjects(asObject(candidate["content"])?.["parts"]))
      .map((part) => asText(part["text"]) ?? "")
      .join(""),
  promptFields: { messages: "contents", system: "systemInstruction" },
};

export const geminiEmbed: WireDialect = {
  ...gemini,
  name: "gemini-embed",
  path: /\/models\/(?<model>[^/:]+):(?:embedContent|batchEmbedContents|predict)$/,
  operation: "embeddings",
  answerFields: ["usageMetadata", "error"],
  textFields: [],
  textOf: () => "",
};

/** Every chunk repeats the usage so far; the last one counts. */
function readChunk(body: Json, answer: Answer): void {
  answer.id ??= asText(body["responseId"]);
  answer.model ??= asText(body["modelVersion"]);
  for (const candidate of asObjects(body["candidates"])) addFinishReason(answer, candidate["finishReason"]);
  addFinishReason(answer, asObject(body["promptFeedback"])?.["blockReason"]);
  mergeUsage(answer, body["usageMetadata"]);
  const traffic = asText(asObject(body["usageMetadata"])?.["trafficType"]);
  if (traffic !== undefined) answer.serviceTier = traffic;
  const error = asObject(body["error"]) === undefined ? undefined : openAiError(body);
  if (error !== undefined) answer.error = error;
}
