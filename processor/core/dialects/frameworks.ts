import type { DialectTable } from "./dialect-table.ts";

/** Source: pydantic-ai-slim 2.68.0 (InstrumentationSettings v5), recorded spans. */
export const pydanticAi: DialectTable = {
  name: "pydantic-ai",
  emitter: "pydantic-ai",
  scopes: ["pydantic-ai"],
  note: "The agent span sums usage under `gen_ai.aggregated_usage.*`. A stream that breaks leaves the chat span's status unset; only the agent span has the error.",
};

/** Source: logfire 5.2.0 instrument_openai / instrument_anthropic, recorded spans. */
export const logfire: DialectTable = {
  name: "logfire",
  emitter: "logfire.instrument_openai / instrument_anthropic",
  scopePrefixes: ["logfire.openai", "logfire.anthropic", "logfire.google_genai", "logfire.litellm"],
  fields: { durationSeconds: ["duration"] },
  streamEndsInOwnSpan: true,
  note: "It silences other instrumentations, so no HTTP spans and no evidence of retries. A stream is a span without usage and, at its end, a second one with usage.",
};

/** Source: agent-framework-core 1.23.0, recorded spans. */
export const agentFramework: DialectTable = {
  name: "ms-agent-framework",
  emitter: "Microsoft Agent Framework (Python, .NET)",
  scopes: ["agent_framework", "Experimental.Microsoft.Agents.AI"],
  note: "`error.type` is always ChatClientException; what happened stands in the message. `invoke_agent` repeats usage.",
};

/** Source: microsoft/semantic-kernel python gen_ai_attributes.py. */
export const semanticKernel: DialectTable = {
  name: "semantic-kernel",
  emitter: "Semantic Kernel",
  scopePrefixes: ["semantic_kernel", "Microsoft.SemanticKernel"],
  markers: ["sk.available_functions"],
  operations: {
    "chat.completions": "chat",
    "chat.streaming_completions": "chat",
    "text.completions": "text_completion",
    "text.streaming_completions": "text_completion",
  },
  note: "Old provider names az.ai.inference and az.ai.openai.",
};

/** Source: google-adk 2.13.0. */
export const googleAdk: DialectTable = {
  name: "google-adk",
  emitter: "Google Agent Development Kit",
  scopes: ["gcp.vertex.agent"],
  markers: ["gcp.vertex.agent.invocation_id", "gcp.vertex.agent.llm_request"],
  fields: { requestJson: ["gcp.vertex.agent.llm_request"] },
  operations: { call_llm: "agent_step" },
  note: "The model call is `generate_content <model>`; `call_llm`, `invoke_agent` and `invoke_workflow` stand above it.",
};

/** Source: strands-agents 1.62.0, recorded spans. */
export const strands: DialectTable = {
  name: "strands",
  emitter: "strands-agents, @strands-agents/sdk (also Bedrock AgentCore)",
  scopes: ["strands.telemetry.tracer", "strands-agents"],
  fields: { ttftMs: ["gen_ai.server.time_to_first_token"] },
  ignored: ["gen_ai.server.time_to_first_token"],
  note: "`gen_ai.server.time_to_first_token` is in milliseconds; the provider says strands-agents. Its own throttle retries are sibling `chat` spans.",
};

/** Source: ag2 1.2.1 middleware/builtin/telemetry.py, config/<provider>/mappers.py; recorded spans. */
export const ag2: DialectTable = {
  name: "ag2",
  emitter: "AG2 (TelemetryMiddleware)",
  scopes: ["opentelemetry.instrumentation.ag2"],
  markers: ["ag2.span.type"],
  note: "Tokens as the provider counts them: Anthropic's and Bedrock's input leaves cached ones out, Gemini's output its thoughts. A `record_usage` span repeats the usage beside each call.",
};

/** Source: Spring AI 1.1.2 under Spring Boot 3.5 with micrometer-tracing-bridge-otel, recorded spans. */
export const springAi: DialectTable = {
  name: "spring-ai",
  emitter: "Spring AI (Micrometer)",
  scopePrefixes: ["org.springframework."],
  sharesScope: true,
  markers: ["spring.ai.kind", "spring.ai.chat.client.stream"],
  operations: { framework: "invoke_agent" },
  note: "Every value is text, numbers too, and `none` stands for nothing. All of Spring Boot's spans have the same scope. The chat client's observation and its advisors stand above the chat model's. HTTP spans are Micrometer's (`method`, `status`, `http.url`).",
};

/** Source: @mastra/otel-exporter 1.4.0 and @mastra/otel-bridge 1.5.4 under @mastra/core 1.71.0, recorded spans. */
export const mastra: DialectTable = {
  name: "mastra",
  emitter: "@mastra/otel-exporter, @mastra/otel-bridge",
  scopePrefixes: ["@mastra/"],
  markers: ["mastra.span.type", "mastra.spanId", "mastra.traceId"],
  fields: { operation: ["mastra.span.type", "gen_ai.operation.name"], firstTokenAt: ["mastra.completion_start_time"] },
  operations: {
    model_inference: "chat",
    model_generation: "chat",
    llm_generation: "chat",
    model_step: "agent_step",
    model_chunk: "agent_step",
    agent_run: "invoke_agent",
    workflow_run: "invoke_workflow",
    workflow_step: "task",
    tool_call: "execute_tool",
    mcp_tool_call: "execute_tool",
    generic: "task",
  },
  callNamesModel: true,
  note: '`model_generation` stands above `model_inference`; one of them has model and usage, by the pairing of versions, and that is the call. A failed call has status OK and `["error"]` for reasons to finish; the agent\'s span has the message.',
};

/** Source: @genkit-ai/core 1.42.0, @genkit-ai/google-cloud 1.42.0. */
export const genkit: DialectTable = {
  name: "genkit",
  emitter: "Genkit",
  scopes: ["genkit-tracer"],
  markers: ["genkit:name", "genkit:type", "genkit:path"],
  fields: {
    operation: ["genkit:metadata:subtype", "genkit:type"],
    requestModel: ["genkit:name"],
    failureWord: ["genkit:state"],
  },
  operations: {
    model: "chat",
    embedder: "embeddings",
    reranker: "rerank",
    tool: "execute_tool",
    retriever: "retrieval",
    flow: "invoke_workflow",
    prompt: "invoke_workflow",
    util: "invoke_workflow",
    action: "invoke_workflow",
    flowStep: "task",
  },
  failureWords: ["error"],
  note: "No gen_ai keys: the model is `genkit:name` with the plugin before a slash, usage stands in the JSON of `genkit:output`.",
};

/** Source: langsmith (Python) 0.14 _internal/otel/_otel_exporter.py, recorded spans. */
export const langsmith: DialectTable = {
  name: "langsmith",
  emitter: "LangSmith OTel exporter",
  scopePrefixes: ["langsmith"],
  markers: ["langsmith.span.kind", "langsmith.trace.name"],
  fields: { operation: ["langsmith.span.kind", "gen_ai.operation.name"] },
  operations: {
    llm: "chat",
    embedding: "embeddings",
    chain: "invoke_workflow",
    tool: "execute_tool",
    retriever: "retrieval",
    prompt: "prompt",
    parser: "task",
  },
  requestsOutside: true,
  note: "Cache and reasoning tokens stand in JSON beside the totals. Requests have the run's id for a parent, which no span carries, often in a trace of their own.",
};
