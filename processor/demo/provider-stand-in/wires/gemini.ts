import { sse, totalInput } from "../served-call.ts";
import type { FailureAnswer, FailureTable, ServedCall, Wire } from "../served-call.ts";

const QUOTA_VIOLATION = {
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: [
    {
      quotaMetric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
      quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    },
  ],
};

/** Bodies as generativelanguage.googleapis.com sends them (google.rpc.Status). */
const FAILURES: FailureTable = {
  rate_limit: failure(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
  quota: failure(
    429,
    "RESOURCE_EXHAUSTED",
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.",
    [QUOTA_VIOLATION],
  ),
  overloaded: failure(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
  server_error: failure(
    500,
    "INTERNAL",
    "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
  ),
  unavailable: failure(503, "UNAVAILABLE", "The service is currently unavailable."),
  auth: failure(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
    { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID", domain: "googleapis.com" },
  ]),
  forbidden: failure(403, "PERMISSION_DENIED", "Permission denied on resource project stand-in."),
  model_not_found: failure(
    404,
    "NOT_FOUND",
    "models/gemini-none is not found for API version v1beta, or is not supported for generateContent.",
  ),
  bad_request: failure(400, "INVALID_ARGUMENT", "Invalid value at 'generation_config.temperature' (TYPE_FLOAT)"),
  context_length: failure(
    400,
    "INVALID_ARGUMENT",
    "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
  ),
  content_filter: failure(400, "INVALID_ARGUMENT", "The request was blocked by the safety filters."),
};

export const geminiGenerate: Wire = {
  name: "gemini",
  contentType: "application/json; charset=UTF-8",
  streamContentType: "text/event-stream",
  answer: (call) => chunk(call, call.pieces.join(""), true),
  stream: (call) => call.pieces.map((text, index) => sse(chunk(call, text, index === call.pieces.length - 1))),
  streamError: sse({ error: { code: 503, message: "The model is overloaded. Please try again later.", status: "UNAVAILABLE" } }),
  failures: FAILURES,
  statesCache: "reads",
};

export const geminiEmbed: Wire = { ...geminiGenerate, name: "gemini-embed", answer: () => ({ embeddings: [{ values: [1, 0, 0] }] }) };

function chunk(call: ServedCall, text: string, last: boolean): object {
  return {
    candidates: [
      { content: { parts: [{ text }], role: "model" }, ...(last ? { finishReason: call.filtered ? "SAFETY" : "STOP" } : {}), index: 0 },
    ],
    ...(call.withoutUsage ? {} : { usageMetadata: usageMetadata(call, last) }),
    modelVersion: call.model,
    responseId: call.id,
  };
}

function usageMetadata({ usage }: ServedCall, last: boolean): object {
  const candidates = usage.output - usage.reasoning;
  return {
    promptTokenCount: totalInput(usage),
    ...(last ? { candidatesTokenCount: candidates } : {}),
    totalTokenCount: totalInput(usage) + (last ? usage.output : 0),
    ...(usage.cacheRead > 0 ? { cachedContentTokenCount: usage.cacheRead } : {}),
    ...(usage.reasoning > 0 && last ? { thoughtsTokenCount: usage.reasoning } : {}),
    promptTokensDetails: [{ modality: "TEXT", tokenCount: totalInput(usage) }],
  };
}

function failure(code: number, status: string, message: string, details?: unknown[]): FailureAnswer {
  return { status: code, body: { error: { code, message, status, ...(details === undefined ? {} : { details }) } } };
}
