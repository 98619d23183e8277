import { readAnthropicEvent, readMessage } from "./anthropic.ts";
import { addFinishReason, asObject, asObjects, asText, mergeUsage } from "./answer.ts";
import type { Answer, Json } from "./answer.ts";
import type { WireDialect } from "./wire-dialect.ts";

/** Converse and ConverseStream (Amazon Bedrock Runtime API reference). */
export const bedrockConverse: WireDialect = {
  name: "bedrock-converse",
  path: /\/model\/(?<model>[^/]+)\/converse(?:-stream)?$/,
  streamingPath: /\/converse-stream$/,
  provider: "aws.bedrock",
  requestFields: {},
  answerFields: ["stopReason", "usage", ["message", []], "Message"],
  textFields: ["output"],
  interesting: /"stopReason"|"usage"|"message":/,
  readAnswer: readConverse,
  readEvent: readConverse,
  readHeaders: (header, answer) => {
    const type = header("x-amzn-errortype")?.split(":")[0];
    if (type !== undefined) answer.error = { ...answer.error, code: type };
  },
  textOf: (body) =>
    asText(asObject(body["delta"])?.["text"]) ??
    asObjects(asObject(asObject(body["output"])?.["message"])?.["content"])
      .map((block) => asText(block["text"]) ?? "")
      .join(""),
  promptFields: { messages: "messages", system: "system" },
};

/** InvokeModel: the vendor's own JSON inside; Bedrock adds counts in headers and in the last chunk of a stream. */
export const bedrockInvoke: WireDialect = {
  ...bedrockConverse,
  name: "bedrock-invoke",
  path: /\/model\/(?<model>[^/]+)\/invoke(?:-with-response-stream)?$/,
  streamingPath: /\/invoke-with-response-stream$/,
  answerFields: ["id", "model", "stop_reason", "usage", "message", "Message"],
  textFields: ["content"],
  readAnswer: (body, answer) => {
    readMessage(body, answer);
    readErrorMessage(body, answer);
  },
  readEvent: readInvokeChunk,
  readHeaders: (header, answer) => {
    bedrockConverse.readHeaders?.(header, answer);
    answer.headerUsage = headerCounts(header);
  },
  textOf: (body) => asText(asObject(body["delta"])?.["text"]) ?? asText(asObjects(body["content"])[0]?.["text"]) ?? "",
};

function readConverse(body: Json, answer: Answer): void {
  addFinishReason(answer, body["stopReason"]);
  mergeUsage(answer, body["usage"]);
  readErrorMessage(body, answer);
}

/** Bedrock's own counts say nothing of the cache: the vendor's come first. */
function readInvokeChunk(event: Json, answer: Answer): void {
  readAnthropicEvent(event, answer);
  const metrics = asObject(event["amazon-bedrock-invocationMetrics"]);
  if (metrics === undefined || answer.usage !== undefined) return;
  mergeUsage(answer, { inputTokens: metrics["inputTokenCount"], outputTokens: metrics["outputTokenCount"] });
}

/** In the shape of Converse, which leaves the cached tokens out of the input too. */
const HEADER_COUNTS = {
  inputTokens: "x-amzn-bedrock-input-token-count",
  outputTokens: "x-amzn-bedrock-output-token-count",
  cacheReadInputTokens: "x-amzn-bedrock-cache-read-input-token-count",
  cacheWriteInputTokens: "x-amzn-bedrock-cache-write-input-token-count",
} as const;

function headerCounts(header: (name: string) => string | undefined): Json | undefined {
  const counts = Object.entries(HEADER_COUNTS).flatMap(([name, key]): [string, number][] => {
    const text = header(key);
    return text === undefined ? [] : [[name, Number(text)]];
  });
  return counts.length === 0 ? undefined : Object.fromEntries(counts);
}

function readErrorMessage(body: Json, answer: Answer): void {
  const message = asText(body["message"]) ?? asText(body["Message"]);
  if (message !== undefined) answer.error = { ...answer.error, message };
}
