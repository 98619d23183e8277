/**
 * Which attributes hold what people and models said to each other. They are not stored unless it is configured, whatever
 * dialect they come in: the exact names of the dialects first, then the words that a name of such an attribute ends in, so
 * that a dialect that nobody has seen yet is kept out as well.
 */

/** Names that no other rule finds. */
const CONTENT_NAMES: ReadonlySet<string> = new Set([
  "gen_ai.evaluation.explanation",
  "gen_ai.tool.definitions",
  "gen_ai.agent.description",
  "gen_ai.retrieval.query.text",
  "llm.invocation_parameters", // OpenInference: the whole request but its messages, hence system prompt and tools
  "llm.openai.choices", // LiteLLM: the raw answer
  "llm.anthropic.content",
  "model_request_parameters", // Pydantic AI: tool definitions and instructions
  "logfire.json_schema",
  "hidden_params",
  "traceloop.entity.input",
  "traceloop.entity.output",
  "ai.prompt.tools",
  "ai.response.object",
  "ai.response.reasoning",
  "ai.value",
  "ai.values",
  "ai.embedding",
  "ai.embeddings",
  "final_result",
  "request_data",
  "response_data",
  "mlflow.spanInputs",
  "mlflow.spanOutputs",
  "gcp.vertex.agent.data",
]);

/** Everything below these, but for the names of KEPT_NAMES. */
const CONTENT_PREFIXES: readonly string[] = [
  "gen_ai.prompt.",
  "gen_ai.completion.",
  "gen_ai.content.",
  "llm.input_messages.",
  "llm.output_messages.",
  "llm.prompts.",
  "llm.completions.",
  "llm.prompt_template.",
  "llm.request.functions.",
  "llm.tools.",
  "embedding.embeddings.",
  "retrieval.documents.",
  "reranker.",
  "message.",
  "message_content.",
];

/** Last words of a name, after the last dot; compared without case and underscores. Numbers and booleans under such a name are kept. */
const CONTENT_WORDS: ReadonlySet<string> = new Set(
  `prompt prompts completion completions message messages content contents text texts
  input inputs output outputs arguments args parameters result results instructions system
  systeminstructions systeminstruction systemprompt userprompt inputmessages outputmessages allmessages
  allmessagesevents toolcalls toolcallargs toolarguments toolresponse toolinput tooloutput toolresult
  llmrequest llmresponse requestbody responsebody thinking transcript question answer query
  inputvalue outputvalue functioncall functions tools documents body events choices`.split(/\s+/),
);

/** Names that the rules above would take but that hold no content, and that people look for. */
const KEPT_NAMES: ReadonlySet<string> = new Set([
  "gen_ai.prompt.name",
  "gen_ai.system", // the provider, before semantic conventions 1.37
  "llm.system",
  "db.system",
  "messaging.system",
  "error.message",
  "exception.message",
  "url.query",
]);

/** `input.value` and `output.value` of OpenInference: the word before the last one decides. */
const VALUE_OWNERS: ReadonlySet<string> = new Set(["input", "output"]);

/** Pieces of prompts that list entries end in: `gen_ai.prompt.0.content`, `messages.3`. */
const INDEX = /^\d+$/;

export function isContentKey(key: string): boolean {
  if (KEPT_NAMES.has(key)) return false;
  if (CONTENT_NAMES.has(key)) return true;
  if (CONTENT_PREFIXES.some((prefix) => key.startsWith(prefix))) return true;
  const words = key.split(".").filter((word) => !INDEX.test(word));
  const last = words.at(-1) ?? "";
  if (last === "value") return VALUE_OWNERS.has(words.at(-2) ?? "");
  return CONTENT_WORDS.has(last.toLowerCase().replaceAll("_", ""));
}
