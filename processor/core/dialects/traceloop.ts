import type { DialectTable } from "./dialect-table.ts";

const operations = {
  workflow: "invoke_workflow",
  task: "task",
  agent: "invoke_agent",
  tool: "execute_tool",
  completion: "text_completion",
  embedding: "embeddings",
};

const fields = {
  provider: ["gen_ai.provider.name", "gen_ai.system", "traceloop.association.properties.ls_provider"],
  operation: ["gen_ai.operation.name", "llm.request.type", "traceloop.span.kind"],
  requestModel: ["gen_ai.request.model", "llm.request.model", "traceloop.association.properties.ls_model_name"],
  responseModel: ["gen_ai.response.model", "llm.response.model"],
  finishReasons: ["gen_ai.response.finish_reasons", "llm.response.finish_reason", "llm.response.stop_reason"],
} as const;

/** Source: @traceloop/instrumentation-openai|anthropic|langchain|google-generativeai 0.27.0, their recorded spans. */
export const traceloopJs: DialectTable = {
  name: "traceloop-js",
  emitter: "@traceloop/instrumentation-* (OpenLLMetry JS)",
  scopes: ["@traceloop/node-server-sdk"],
  scopePrefixes: ["@traceloop/instrumentation-"],
  markers: ["traceloop.span.kind"],
  fields,
  operations,
  note: "OpenAI: a rejected call's span is never ended; its HTTP spans are all that is left. No `error.type`: the exception event has it.",
};

/** Source: opentelemetry-instrumentation-openai|anthropic|langchain|google-generativeai 0.62.4 of OpenLLMetry, their recorded spans. */
export const traceloopPy: DialectTable = {
  name: "traceloop-py",
  emitter: "opentelemetry-instrumentation-* by Traceloop (OpenLLMetry Python)",
  scopes: [
    "opentelemetry.instrumentation.openai.v0",
    "opentelemetry.instrumentation.openai.v1",
    "opentelemetry.instrumentation.anthropic",
    "opentelemetry.instrumentation.langchain",
    "opentelemetry.instrumentation.google_generativeai",
    "opentelemetry.instrumentation.bedrock",
    "opentelemetry.instrumentation.cohere",
    "opentelemetry.instrumentation.groq",
    "opentelemetry.instrumentation.mistralai",
    "opentelemetry.instrumentation.ollama",
    "opentelemetry.instrumentation.replicate",
    "opentelemetry.instrumentation.sagemaker",
    "opentelemetry.instrumentation.together",
    "opentelemetry.instrumentation.transformers",
    "opentelemetry.instrumentation.watsonx",
    "opentelemetry.instrumentation.llamaindex",
    "opentelemetry.instrumentation.haystack",
    "opentelemetry.instrumentation.crewai",
    "opentelemetry.instrumentation.alephalpha",
    "opentelemetry.instrumentation.writer",
    "traceloop.tracer",
  ],
  fields,
  operations,
  firstTokenEvents: ["gen_ai.content.completion.chunk", "llm.content.completion.chunk"],
  note: "Anthropic, Gemini and LangChain spans are not current: HTTP spans and the SDK's own span stand beside them.",
};
