import type { DialectTable } from "./dialect-table.ts";

/**
 * The OpenTelemetry GenAI convention in all its ages: what every dialect falls back to, and how a scope that no table
 * knows is read. Sources: semantic-conventions-genai docs/gen-ai/client-inference.md; semantic-conventions v1.27 to
 * v1.41, model/gen-ai and its deprecated registry.
 */
export const convention: DialectTable = {
  name: "convention",
  emitter: "OpenTelemetry semantic conventions for GenAI, all versions",
  markers: [
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.system",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.completion_tokens",
    "gen_ai.tool.name",
    "gen_ai.tool.call.id",
    "gen_ai.workflow.name",
    "llm.request.type",
  ],
  fields: {
    provider: ["gen_ai.provider.name", "gen_ai.system"],
    operation: ["gen_ai.operation.name", "llm.request.type"],
    requestModel: ["gen_ai.request.model"],
    responseModel: ["gen_ai.response.model"],
    finishReasons: ["gen_ai.response.finish_reasons", "gen_ai.response.finish_reason"],
    errorType: ["error.type"],
    resendCount: ["http.request.resend_count"],
    ttftSeconds: [
      "gen_ai.response.time_to_first_chunk",
      "gen_ai.client.operation.time_to_first_chunk",
      "gen_ai.server.time_to_first_token",
    ],
    outputTokens: ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"],
  },
  operations: {
    completion: "text_completion",
    embedding: "embeddings",
    message: "chat",
    messages: "chat",
    response: "chat",
    responses: "chat",
    chat_completion: "chat",
  },
  note: "Old names (`gen_ai.system`, `prompt_tokens`) are read beside the current ones. The span stands for the logical call with all its retries.",
};

/** OpenTelemetry's own instrumentations: they write the convention and nothing else. */
export const opentelemetry: DialectTable = {
  name: "opentelemetry",
  emitter:
    "@opentelemetry/instrumentation-openai, opentelemetry-instrumentation-genai-* / -openai-v2 / -google-genai / -vertexai, util-genai, openai-java, Microsoft.Extensions.AI",
  scopes: [
    "genai-otel",
    "@opentelemetry/instrumentation-openai",
    "opentelemetry.util.genai.handler",
    "opentelemetry.instrumentation.openai_v2",
    "opentelemetry.instrumentation.google_genai",
    "opentelemetry.instrumentation.vertexai",
    "opentelemetry.instrumentation.openai_agents",
    "Azure.AI.Inference",
    "azure.ai.inference",
    "Experimental.Microsoft.Extensions.AI",
    "OpenAI.ChatClient",
  ],
  scopePrefixes: ["opentelemetry.instrumentation.genai.", "io.opentelemetry.openai-java-"],
  note: "Failed calls have `error.type` (a class name or an HTTP status) and a status message, no exception event. Retries are visible only as HTTP children.",
};

export const anthropicNative: DialectTable = {
  name: "anthropic-sdk",
  emitter: "@anthropic-ai/sdk 0.137+, anthropic (Python) 2.x: traces itself",
  scopePrefixes: ["com.anthropic.sdk.", "com.anthropic.claude-platform"],
  fields: { finishReasons: ["anthropic.message.stop_reason"] },
  native: true,
  note: "The span nearest to the wire: beside or under the span of any other Anthropic instrumentation it is the one that counts. `http.request.resend_count` tells the retries.",
};

export const botocore: DialectTable = {
  name: "botocore",
  emitter: "opentelemetry-instrumentation-botocore (Bedrock)",
  scopes: ["opentelemetry.instrumentation.botocore.bedrock-runtime"],
  note: "Input tokens exclude cached ones, which it does not report.",
};

/** Bedrock among all services of AWS: the spans of the others stand under the same scope. */
export const awsSdk: DialectTable = {
  name: "aws-sdk",
  emitter: "@opentelemetry/instrumentation-aws-sdk, io.opentelemetry.aws-sdk-2.2 (Bedrock)",
  scopes: ["@opentelemetry/instrumentation-aws-sdk"],
  scopePrefixes: ["io.opentelemetry.aws-sdk-"],
  sharesScope: true,
  note: "Input tokens exclude cached ones, which it does not report.",
};
