import { expect, test } from "vitest";
import { isContentKey } from "./content-keys.ts";

test.each([
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.system_instructions",
  "gen_ai.tool.definitions",
  "gen_ai.tool.call.arguments",
  "gen_ai.tool.call.result",
  "gen_ai.prompt",
  "gen_ai.prompt.0.content",
  "gen_ai.completion.0.tool_calls.0.arguments",
  "gen_ai.content.prompt",
  "llm.input_messages.0.message.content",
  "llm.output_messages.0.message.contents.0.message_content.text",
  "llm.invocation_parameters",
  "llm.openai.messages",
  "llm.anthropic.system",
  "input.value",
  "output.value",
  "ai.prompt",
  "ai.prompt.messages",
  "ai.response.text",
  "ai.response.toolCalls",
  "ai.toolCall.args",
  "traceloop.entity.input",
  "pydantic_ai.all_messages",
  "mlflow.spanInputs",
  "langfuse.observation.input",
  "gcp.vertex.agent.llm_request",
  "some.new.dialect.user_prompt",
])("%s is what people and models said", (key) => {
  expect(isContentKey(key)).toBe(true);
});

test.each([
  "gen_ai.prompt.name",
  "gen_ai.request.model",
  "gen_ai.response.id",
  "gen_ai.response.finish_reasons",
  "gen_ai.usage.input_tokens",
  "gen_ai.system",
  "gen_ai.output.type",
  "input.mime_type",
  "ai.prompt.format",
  "ai.response.model",
  "ai.usage.promptTokens",
  "error.message",
  "http.request.method",
  "url.full",
  "user.id",
  "service.name",
])("%s is not", (key) => {
  expect(isContentKey(key)).toBe(false);
});
