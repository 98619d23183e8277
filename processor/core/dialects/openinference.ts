import type { DialectTable } from "./dialect-table.ts";

/**
 * Source: openinference semantic_conventions.md; @arizeai/openinference-instrumentation-openai 4.2.7, -anthropic 0.2.8,
 * -langchain 4.1.1; Python -openai 0.1.66, -anthropic 3.1.0, -langchain 0.1.80, -google-genai 1.4.14; recorded spans.
 */
export const openinference: DialectTable = {
  name: "openinference",
  emitter: "OpenInference (Arize Phoenix), JS and Python",
  scopePrefixes: ["@arizeai/openinference-", "openinference.instrumentation."],
  markers: ["openinference.span.kind"],
  fields: {
    provider: ["llm.provider", "llm.system"],
    operation: ["openinference.span.kind"],
    requestModel: ["llm.request.model_name", "llm.input_model_name"],
    responseModel: ["llm.response.model_name", "llm.output_model_name", "llm.model_name", "embedding.model_name"],
    requestJson: ["llm.invocation_parameters", "embedding.invocation_parameters"],
    finishReasons: ["llm.finish_reason"],
    outputTokens: ["llm.token_count.completion"],
  },
  operations: {
    LLM: "chat",
    EMBEDDING: "embeddings",
    AGENT: "invoke_agent",
    CHAIN: "invoke_workflow",
    TOOL: "execute_tool",
    RETRIEVER: "retrieval",
    RERANKER: "rerank",
    PROMPT: "prompt",
    GUARDRAIL: "guardrail",
    EVALUATOR: "evaluate",
    UNKNOWN: "unknown",
  },
  firstTokenEvents: ["First Token Stream Event"],
  note: "The request's model stands only in `llm.invocation_parameters`; `llm.model_name` is what answered. The first token is an event.",
};
