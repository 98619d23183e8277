import type { DialectTable } from "./dialect-table.ts";

/** Source: openlit 1.45.0 (PyPI), recorded spans. */
export const openlitPy: DialectTable = {
  name: "openlit-py",
  emitter: "openlit (Python)",
  scopePrefixes: ["openlit.instrumentation.", "openlit.otel."],
  ignored: ["gen_ai.server.time_to_first_token"],
  note: "Its time to first token leaves the connection out (0.4 ms for a true 60 ms) and is not taken over. `gen_ai.usage.cost` ignores caching.",
};

/** Source: openlit 1.15.0 (npm), recorded spans. */
export const openlitJs: DialectTable = {
  name: "openlit-js",
  emitter: "openlit (npm)",
  scopePrefixes: ["@openlit/instrumentation-"],
  scopes: ["openlit", "openlit-vercel-ai"],
  note: "OpenAI spans carry the scope @openlit/instrumentation-vllm. `gen_ai.usage.cost` is 0 where no price is known.",
};

/** Source: @langfuse/openai 5.11.1, @langfuse/core 5.11.1 constants. */
export const langfuse: DialectTable = {
  name: "langfuse",
  emitter: "Langfuse SDK v5 (JS), v3+ (Python)",
  scopes: ["langfuse-sdk"],
  markers: ["langfuse.observation.type"],
  fields: {
    operation: ["langfuse.observation.type"],
    requestModel: ["langfuse.observation.model.name", "gen_ai.request.model"],
    responseModel: ["langfuse.observation.model.name", "gen_ai.response.model"],
    firstTokenAt: ["langfuse.observation.completion_start_time"],
    failureWord: ["langfuse.observation.level"],
    outputTokens: ["langfuse.observation.usage_details"],
  },
  operations: {
    generation: "chat",
    embedding: "embeddings",
    agent: "invoke_agent",
    tool: "execute_tool",
    chain: "invoke_workflow",
    retriever: "retrieval",
    evaluator: "evaluate",
    guardrail: "guardrail",
    span: "task",
    event: "event",
  },
  failureWords: ["ERROR"],
  note: "No provider: the model tells it. A failed call keeps status UNSET and says level ERROR. Usage is one JSON text with exclusive buckets.",
};

/** Source: litellm 1.106.2 integrations/opentelemetry.py and integrations/otel/, recorded spans of the library and of its proxy. */
export const litellm: DialectTable = {
  name: "litellm",
  emitter: "litellm callback `otel`, legacy and v2",
  scopes: ["litellm"],
  markers: ["litellm.call_id", "litellm.call_type", "litellm.provider.model", "hidden_params", "error.llm_provider"],
  fields: {
    operation: ["gen_ai.operation.name", "llm.request.type"],
    operationId: ["litellm.call_id"],
  },
  operations: {
    completion: "chat",
    acompletion: "chat",
    responses: "chat",
    aresponses: "chat",
    anthropic_messages: "chat",
    aanthropic_messages: "chat",
    atext_completion: "text_completion",
    agenerate_content: "generate_content",
    generate_content_stream: "generate_content",
    agenerate_content_stream: "generate_content",
    embedding: "embeddings",
    aembedding: "embeddings",
    arerank: "rerank",
    aimage_generation: "image_generation",
    aimage_edit: "image_edit",
    aspeech: "speech",
    atranscription: "transcription",
    amoderation: "moderation",
  },
  sharesScope: true,
  namePrefixes: ["raw_gen_ai_request"],
  spanNames: { raw_gen_ai_request: "raw_request" },
  requestsOutside: true,
  note: "Writes on whatever span is active (then that span is the call). HTTP status is rewritten: 529 -> 500, timeout -> 408, reset -> 500. Streams start a trace of their own.",
};

/** Source: mlflow 3.17 tracing/constant.py and entities/span.py, recorded spans of its OpenAI and Anthropic autologging over OTLP. */
export const mlflow: DialectTable = {
  name: "mlflow",
  emitter: "MLflow tracing, exported over OTLP",
  scopes: ["mlflow.tracing.provider"],
  markers: ["mlflow.spanType"],
  fields: {
    provider: ["mlflow.llm.provider", "gen_ai.provider.name"],
    operation: ["mlflow.spanType", "gen_ai.operation.name"],
    requestModel: ["mlflow.llm.model", "gen_ai.request.model", "model"],
    outputTokens: ["mlflow.chat.tokenUsage", "gen_ai.usage.output_tokens"],
  },
  operations: Object.fromEntries(
    Object.entries({
      CHAT_MODEL: "chat",
      LLM: "chat",
      EMBEDDING: "embeddings",
      RERANKER: "rerank",
      AGENT: "invoke_agent",
      CHAIN: "invoke_workflow",
      WORKFLOW: "invoke_workflow",
      TOOL: "execute_tool",
      RETRIEVER: "retrieval",
      EVALUATOR: "evaluate",
      GUARDRAIL: "guardrail",
      TASK: "task",
      PARSER: "task",
    }).map(([type, operation]) => [`"${type}"`, operation]),
  ),
  firstTokenEvents: ["mlflow.chunk.item.0"],
  requestsOutside: true,
  note: "Texts are JSON, with quotes. Its own tracer begins traces of their own, without `service.name`, while HTTP spans stay in the caller's. Usage is JSON, input includes cached tokens; a failed call names its model only in `model`.",
};

/** Source: Claude Code 2.1.328, recorded spans. */
export const claudeCode: DialectTable = {
  name: "claude-code",
  emitter: "Claude Code (traces beta)",
  scopePrefixes: ["com.anthropic.claude_code", "com.anthropic.claude-code"],
  namePrefixes: ["claude_code."],
  fields: {
    operation: ["span.type"],
    requestModel: ["gen_ai.request.model", "model"],
    responseModel: ["gen_ai.response.model"],
    finishReasons: ["stop_reason"],
    attempt: ["attempt"],
    ttftMs: ["ttft_ms"],
    outputTokens: ["output_tokens"],
    success: ["success"],
  },
  attemptEvents: ["gen_ai.request.attempt"],
  operations: {
    llm_request: "chat",
    interaction: "invoke_agent",
    tool: "execute_tool",
    "tool.execution": "execute_tool",
    "tool.blocked_on_user": "task",
    hook: "task",
  },
  spanNames: {
    "claude_code.llm_request": "chat",
    "claude_code.interaction": "invoke_agent",
    "claude_code.tool": "execute_tool",
    "claude_code.hook": "task",
  },
  note: "Bare keys; input leaves cached tokens out. `attempt` counts from 1; one event `gen_ai.request.attempt` per attempt.",
};

/** Source: grafana/sigil-sdk js/src/client.ts. */
export const sigil: DialectTable = {
  name: "sigil",
  emitter: "Grafana agento11y / Sigil SDK",
  scopePrefixes: ["github.com/grafana/sigil", "agento11y"],
  markers: ["agento11y.sdk.name"],
  fields: { resendCount: ["agento11y.framework.retry_attempt", "http.request.resend_count"] },
  operations: { generateText: "chat", streamText: "chat" },
  note: "`error.type` is a stage of the SDK, `error.category` its own coarse one; both are left as they are.",
};

/** Source: @sentry/node 10.78.0 with openTelemetrySpanProcessors, recorded spans; docs.sentry.io for older keys. */
export const sentry: DialectTable = {
  name: "sentry",
  emitter: "Sentry SDK, AI monitoring",
  scopePrefixes: ["sentry", "@sentry/"],
  sharesScope: true,
  markers: ["gen_ai.usage.input_tokens.cached", "gen_ai.usage.output_tokens.reasoning"],
  note: "All spans of the process have the scope of the SDK. A failed call's status message is `internal_error`, whatever happened. From 11 on the SDK makes no OpenTelemetry spans.",
};
