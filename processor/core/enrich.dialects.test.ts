import { describe, expect, test } from "vitest";
import { spanOf, START_MS } from "../../test/support/span-of.ts";
import { DIALECTS, dialectOfScope } from "./dialect.ts";
import { enrichBatch } from "./enrich.ts";
import type { Enrichment } from "./enrichment.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import { READ_KEYS } from "./read-keys.ts";
import { SPAN_KIND, STATUS, type Attributes, type Span } from "./span.ts";
import { createTraceMemory } from "./trace-memory.ts";

interface Emitted extends Partial<Omit<Span, "attributes">> {
  readonly attributes: Attributes;
}

function enriched(emitted: Emitted): Enrichment | null {
  const memory = createTraceMemory({ tracesMax: 10, spansPerTraceMax: 10, ageMsMax: 1_000 });
  return (
    enrichBatch([spanOf({ id: 1, kind: SPAN_KIND.internal, scopeName: "app", to: 1_000, ...emitted })], {
      prices: DEFAULT_PRICE_BOOK,
      memory,
    })[0] ?? null
  );
}

const CLAUDE = "claude-sonnet-4-5-20250929";

/** One model call and one other span of each emitter that no recording shows: from its source or its documentation. */
const EMITTERS: Record<
  string,
  { readonly call: Emitted; readonly expected: Enrichment; readonly other: Emitted; readonly otherOperation?: string }
> = {
  "claude-code": {
    call: {
      name: "claude_code.llm_request",
      scopeName: "com.anthropic.claude_code.tracing",
      attributes: {
        "span.type": "llm_request",
        model: CLAUDE,
        "gen_ai.system": "anthropic",
        input_tokens: 120,
        output_tokens: 80,
        cache_read_tokens: 1_024,
        cache_creation_tokens: 256,
        ttft_ms: 60,
        attempt: 3,
        success: true,
        stop_reason: "end_turn",
      },
    },
    expected: {
      "gen_ai.provider.name": "anthropic",
      "gen_ai.request.model": CLAUDE,
      "gen_ai.usage.input_tokens": 1_400,
      "gen_ai.usage.cache_write.input_tokens": 256,
      "gen_ai.response.time_to_first_chunk": 0.06,
      retry_count: 2,
    },
    other: { name: "claude_code.tool", attributes: { "span.type": "tool" } },
    otherOperation: "execute_tool",
  },
  genkit: {
    call: {
      name: "gemini-2.5-flash",
      attributes: {
        "genkit:name": "googleai/gemini-2.5-flash",
        "genkit:type": "action",
        "genkit:metadata:subtype": "model",
        "genkit:state": "success",
        "genkit:output": JSON.stringify({
          usage: { inputTokens: 1_200, outputTokens: 64, thoughtsTokens: 16, cachedContentTokens: 1_024, totalTokens: 1_280 },
        }),
      },
    },
    expected: { "gen_ai.request.model": "gemini-2.5-flash", "gen_ai.usage.cache_read.input_tokens": 1_024 },
    other: { attributes: { "genkit:name": "menuFlow", "genkit:type": "flow" } },
    otherOperation: "invoke_workflow",
  },
  mastra: {
    call: {
      attributes: {
        "mastra.span.type": "model_inference",
        "mastra.completion_start_time": new Date(START_MS + 250).toISOString(),
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.usage.input_tokens": 1_200,
        "gen_ai.usage.output_tokens": 80,
        "gen_ai.usage.cache_read.input_tokens": 1_024,
        "gen_ai.response.finish_reasons": '["stop"]',
      },
    },
    expected: { "gen_ai.usage.cache_read.input_tokens": 1_024, "gen_ai.response.time_to_first_chunk": 0.25 },
    other: { attributes: { "mastra.span.type": "agent_run", "gen_ai.operation.name": "chat" } },
    otherOperation: "invoke_agent",
  },
  mlflow: {
    call: {
      scopeName: "mlflow.tracing.provider",
      attributes: {
        "mlflow.spanType": '"CHAT_MODEL"',
        "mlflow.llm.model": `"${CLAUDE}"`,
        "mlflow.llm.provider": '"anthropic"',
        "mlflow.chat.tokenUsage":
          '{"input_tokens": 1400, "output_tokens": 80, "total_tokens": 1480, "cache_read_input_tokens": 1024, "cache_creation_input_tokens": 256, "cache_creation_input_tokens_above_1hr": 100}',
      },
    },
    expected: {
      "gen_ai.provider.name": "anthropic",
      "gen_ai.request.model": CLAUDE,
      "gen_ai.usage.input_tokens": 1_400,
      "gen_ai.usage.cache_write.input_tokens": 256,
      cost_status: "priced",
    },
    other: { scopeName: "mlflow.tracing.provider", attributes: { "mlflow.spanType": '"TOOL"' } },
    otherOperation: "execute_tool",
  },
  langsmith: {
    call: {
      scopeName: "langsmith",
      attributes: {
        "langsmith.span.kind": "llm",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.usage.input_tokens": 1_200,
        "gen_ai.usage.output_tokens": 80,
        "gen_ai.usage.input_token_details": '{"cache_read": 1024}',
      },
    },
    expected: { "gen_ai.usage.cache_read.input_tokens": 1_024 },
    other: { scopeName: "langsmith", attributes: { "langsmith.span.kind": "chain" } },
    otherOperation: "invoke_workflow",
  },
  sigil: {
    call: {
      scopeName: "github.com/grafana/sigil/sdks/js",
      attributes: {
        "agento11y.sdk.name": "js",
        "gen_ai.operation.name": "generateText",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": CLAUDE,
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 80,
        "gen_ai.usage.cache_read_input_tokens": 1_024,
        "gen_ai.usage.cache_write_input_tokens": 256,
        "agento11y.framework.retry_attempt": 1,
      },
    },
    expected: { "gen_ai.usage.input_tokens": 1_400, retry_count: 1 },
    other: { attributes: { "agento11y.sdk.name": "js", "gen_ai.operation.name": "execute_tool" } },
    otherOperation: "execute_tool",
  },
  sentry: {
    call: {
      scopeName: "@sentry/node",
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.usage.input_tokens": 1_200,
        "gen_ai.usage.input_tokens.cached": 1_024,
        "gen_ai.usage.output_tokens": 80,
      },
    },
    expected: { "gen_ai.usage.input_tokens": 1_200, "gen_ai.usage.cache_read.input_tokens": 1_024 },
    other: { scopeName: "@sentry/node", attributes: { "gen_ai.operation.name": "invoke_agent" } },
    otherOperation: "invoke_agent",
  },
  "spring-ai": {
    call: {
      scopeName: "org.springframework.boot",
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.usage.input_tokens": "1200",
        "gen_ai.usage.output_tokens": "80",
        "gen_ai.response.finish_reasons": '["STOP"]',
      },
    },
    expected: { "gen_ai.usage.input_tokens": 1_200, "gen_ai.usage.output_tokens": 80 },
    other: { scopeName: "org.springframework.boot", attributes: { "gen_ai.operation.name": "framework", "spring.ai.kind": "chat_client" } },
    otherOperation: "invoke_agent",
  },
  botocore: {
    call: {
      scopeName: "opentelemetry.instrumentation.botocore.bedrock-runtime",
      kind: SPAN_KIND.client,
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "aws.bedrock",
        "gen_ai.request.model": "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 80,
      },
    },
    expected: { "gen_ai.provider.name": "aws.bedrock", "gen_ai.usage.input_tokens": 120 },
    other: { scopeName: "opentelemetry.instrumentation.botocore.bedrock-runtime", attributes: { "rpc.service": "BedrockRuntime" } },
  },
  langfuse: {
    call: {
      scopeName: "langfuse-sdk",
      attributes: {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "gpt-5.2",
        "langfuse.observation.usage_details": JSON.stringify({
          input: 48,
          input_cached_tokens: 1_024,
          input_cache_write_tokens: 128,
          output: 64,
          output_reasoning_tokens: 16,
          total: 1_280,
        }),
        "langfuse.observation.completion_start_time": JSON.stringify(new Date(START_MS + 40).toISOString()),
      },
    },
    expected: {
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-5.2",
      "gen_ai.usage.input_tokens": 1_200,
      "gen_ai.usage.output_tokens": 80,
      "gen_ai.response.time_to_first_chunk": 0.04,
    },
    other: { scopeName: "langfuse-sdk", attributes: { "langfuse.observation.type": "agent" } },
    otherOperation: "invoke_agent",
  },
  "google-adk": {
    call: {
      scopeName: "gcp.vertex.agent",
      name: "generate_content gemini-2.5-flash",
      attributes: {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.system": "gcp.vertex.agent",
        "gen_ai.request.model": "gemini-2.5-flash",
        "gen_ai.usage.input_tokens": 1_200,
        "gen_ai.usage.output_tokens": 80,
        "gen_ai.usage.cache_read.input_tokens": 1_024,
      },
    },
    expected: { "gen_ai.operation.name": "generate_content", "gen_ai.usage.input_tokens": 1_200 },
    other: { scopeName: "gcp.vertex.agent", name: "call_llm", attributes: { "gcp.vertex.agent.invocation_id": "x" } },
  },
  "semantic-kernel": {
    call: {
      scopeName: "semantic_kernel.connectors.ai",
      kind: SPAN_KIND.client,
      attributes: {
        "gen_ai.operation.name": "chat.completions",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.response.finish_reason": "stop",
        "gen_ai.usage.prompt_tokens": 1_200,
        "gen_ai.usage.completion_tokens": 80,
      },
    },
    expected: { "gen_ai.usage.input_tokens": 1_200, "gen_ai.operation.name": "chat" },
    other: { attributes: { "sk.available_functions": "a,b", "gen_ai.operation.name": "invoke_agent" } },
    otherOperation: "invoke_agent",
  },
  "old traceloop": {
    call: {
      scopeName: "opentelemetry.instrumentation.openai.v0",
      attributes: {
        "llm.request.type": "chat",
        "gen_ai.system": "OpenAI",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.usage.prompt_tokens": 1_200,
        "gen_ai.usage.completion_tokens": 80,
        "gen_ai.usage.cache_read_input_tokens": 1_024,
      },
      events: [{ name: "llm.content.completion.chunk", timeMs: START_MS + 70, attributes: {} }],
    },
    expected: {
      "gen_ai.provider.name": "openai",
      "gen_ai.usage.cache_read.input_tokens": 1_024,
      "gen_ai.response.time_to_first_chunk": 0.07,
    },
    other: { scopeName: "traceloop.tracer", attributes: { "traceloop.span.kind": "workflow", "traceloop.entity.name": "joke" } },
    otherOperation: "invoke_workflow",
  },
};

describe.each(Object.entries(EMITTERS))("%s", (_, { call, expected, other, otherOperation }) => {
  test("its model call", () => {
    expect(enriched(call)).toMatchObject({ llm_call: true, cost_status: expect.stringMatching(/^(priced|ambiguous_usage)$/), ...expected });
  });

  test("its other spans are no calls", () => {
    const found = enriched(other);
    expect(found?.["llm_call"]).toBe(false);
    expect(found?.["gen_ai.operation.name"]).toBe(otherOperation);
  });
});

describe("failures that only the dialect tells", () => {
  test.each<[string, Emitted, string]>([
    [
      "langfuse says level ERROR and leaves the status unset",
      {
        scopeName: "langfuse-sdk",
        attributes: {
          "langfuse.observation.type": "generation",
          "langfuse.observation.model.name": "gpt-5.2",
          "langfuse.observation.level": "ERROR",
          "langfuse.observation.status_message": "Error: 429 Rate limit reached",
        },
      },
      "rate_limit",
    ],
    [
      "claude code says success false",
      {
        name: "claude_code.llm_request",
        attributes: { "span.type": "llm_request", model: CLAUDE, success: false, status_code: 529, error: "Overloaded" },
      },
      "model_overloaded",
    ],
    [
      "genkit says state error",
      {
        attributes: { "genkit:metadata:subtype": "model", "genkit:name": "openai/gpt-5.2", "genkit:state": "error" },
        statusMessage: "401 invalid api key",
      },
      "auth",
    ],
    [
      "the AI SDK says finish reason error",
      {
        scopeName: "ai",
        attributes: { "ai.operationId": "ai.streamText.doStream", "ai.model.id": "gpt-5.2", "ai.response.finishReason": "error" },
      },
      "api_error",
    ],
  ])("%s", (_, emitted, category) => {
    expect(enriched(emitted)).toMatchObject({ llm_call: true, error_category: category });
  });

  test("the word of another dialect is none", () => {
    const emitted = {
      scopeName: "ai",
      attributes: { "ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "m", "langfuse.observation.level": "ERROR" },
    };
    expect(enriched(emitted)).not.toHaveProperty("error_category");
  });
});

describe("a scope that all spans of the process share", () => {
  test.each(["org.springframework.boot", "@sentry/node", "litellm", "@opentelemetry/instrumentation-aws-sdk"])(
    "%s: only what bears a mark of GenAI is",
    (scopeName) => {
      expect(enriched({ scopeName, name: "SELECT", attributes: { "db.system.name": "postgresql" } })).toBeNull();
      expect(enriched({ scopeName, attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" } })?.["llm_call"]).toBe(
        true,
      );
    },
  );
  test("the mark of another emitter tells more", () => {
    const attributes = { "ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-5.2" };
    expect(enriched({ scopeName: "@sentry/node", attributes })).toMatchObject({ llm_call: true, "gen_ai.request.model": "gpt-5.2" });
  });
});

describe("units and readings that differ between emitters", () => {
  test("Claude Code counts the time to the first token from its last attempt: waits before it are no generation", () => {
    const attributes = { "span.type": "llm_request", model: CLAUDE, output_tokens: 80, ttft_ms: 100, attempt: 2, success: true };
    const events = [0, 500].map((ms) => ({ name: "gen_ai.request.attempt", timeMs: START_MS + ms, attributes: {} }));
    const call = enriched({ scopeName: "com.anthropic.claude_code.tracing", attributes, events });
    expect(call).toMatchObject({ "gen_ai.response.time_to_first_chunk": 0.1, output_tokens_per_second: 200 });
  });
  const timed = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5.2", "gen_ai.server.time_to_first_token": 52 };
  test("Strands writes milliseconds under the key that others use for seconds", () => {
    expect(enriched({ scopeName: "strands.telemetry.tracer", attributes: timed })?.["gen_ai.response.time_to_first_chunk"]).toBe(0.052);
  });
  test("OpenLIT leaves the connection out of it, so it is not taken over", () => {
    expect(enriched({ scopeName: "openlit.instrumentation.openai", attributes: timed })).not.toHaveProperty(
      "gen_ai.response.time_to_first_chunk",
    );
  });
  test("a first token after the end of the span is none", () => {
    const attributes = {
      "mastra.span.type": "model_inference",
      "mastra.completion_start_time": "2031-01-01T00:00:00Z",
      "gen_ai.request.model": "m",
    };
    expect(enriched({ attributes })).not.toHaveProperty("gen_ai.response.time_to_first_chunk");
  });
  test("Strands is no vendor", () => {
    const attributes = { "gen_ai.operation.name": "chat", "gen_ai.system": "strands-agents", "gen_ai.request.model": CLAUDE };
    expect(enriched({ scopeName: "strands.telemetry.tracer", attributes })?.["gen_ai.provider.name"]).toBe("anthropic");
  });
  test("OpenInference's requested model stands in its parameters", () => {
    const attributes = { "openinference.span.kind": "LLM", "llm.invocation_parameters": '{"model":"gpt-5.2","max_tokens":100}' };
    expect(enriched({ statusCode: STATUS.error, attributes })?.["gen_ai.request.model"]).toBe("gpt-5.2");
  });
});

describe("the tables", () => {
  test("each dialect has a name of its own, and its scopes lead to it", () => {
    expect(new Set(DIALECTS.map(({ name }) => name)).size).toBe(DIALECTS.length);
    for (const table of DIALECTS) for (const scope of table.scopes ?? []) expect(dialectOfScope(scope)?.table.name).toBe(table.name);
  });

  test("every key that a table names is asked of the decoders", () => {
    const keys = DIALECTS.flatMap(({ markers = [], fields = {} }) => [...markers, ...Object.values(fields).flat()]);
    expect(keys.filter((key) => !READ_KEYS.has(key))).toEqual([]);
  });
});
