import type { DialectTable } from "./dialect-table.ts";

const OUTER = ["ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject"] as const;

/** Inner spans stand for one request to the model; the outer ones repeat and sum their usage. */
const operations: Record<string, string> = {
  "ai.embed": "invoke_workflow",
  "ai.embedMany": "invoke_workflow",
  "ai.rerank": "invoke_workflow",
  "ai.embed.doEmbed": "embeddings",
  "ai.embedMany.doEmbed": "embeddings",
  "ai.rerank.doRerank": "rerank",
  "ai.toolCall": "execute_tool",
};
for (const outer of OUTER) {
  operations[outer] = "invoke_agent";
  operations[`${outer}.doGenerate`] = "chat";
  operations[`${outer}.doStream`] = "chat";
}

/** Source: ai 4.3.19, 5.0.277, 6.0.326 and @ai-sdk/otel 1.0.173 LegacyOpenTelemetry, their recorded spans. */
export const vercelAi: DialectTable = {
  name: "vercel-ai",
  emitter: "ai 4, 5, 6 (experimental_telemetry), 7 with LegacyOpenTelemetry",
  scopes: ["ai"],
  markers: ["ai.operationId"],
  fields: {
    provider: ["ai.model.provider", "gen_ai.system"],
    operation: ["ai.operationId"],
    requestModel: ["ai.model.id", "gen_ai.request.model"],
    responseModel: ["ai.response.model", "gen_ai.response.model"],
    finishReasons: ["ai.response.finishReason", "gen_ai.response.finish_reasons"],
    ttftMs: ["ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"],
    outputTokens: ["ai.usage.outputTokens", "ai.usage.completionTokens", "gen_ai.usage.output_tokens"],
  },
  operations,
  firstTokenEvents: ["ai.stream.firstChunk"],
  // @arizeai/openinference-vercel 3.2 writes the first attempt's error on the last, which went well.
  errorsAreEvents: true,
  note: "v4 to v6: one inner span per attempt, so retries are sibling spans. The provider carries the API after a dot (`openai.responses`).",
};

/** Source: ai 7.0.173 with @ai-sdk/otel 1.0.173, recorded spans. */
export const vercelAiOtel: DialectTable = {
  name: "vercel-ai-otel",
  emitter: "ai 7 with @ai-sdk/otel OpenTelemetry",
  scopes: ["gen_ai"],
  operations: { agent_step: "agent_step" },
  note: "Usage stands on `chat` and again on `invoke_agent`. Metric names serve as attribute keys. All attempts are one span.",
};
