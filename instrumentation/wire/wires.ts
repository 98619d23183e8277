import { anthropicMessages } from "./anthropic.ts";
import { bedrockConverse, bedrockInvoke } from "./bedrock.ts";
import { cohereChat, cohereEmbed } from "./cohere.ts";
import { gemini, geminiEmbed } from "./gemini.ts";
import { ollama } from "./ollama.ts";
import { openAiChat, openAiCompletions, openAiEmbeddings, openAiResponses } from "./openai.ts";
import type { WireDialect } from "./wire-dialect.ts";

/** In the order of trial: the first whose path matches. */
export const WIRES: readonly WireDialect[] = [
  gemini,
  geminiEmbed,
  bedrockConverse,
  bedrockInvoke,
  anthropicMessages,
  cohereChat,
  cohereEmbed,
  ollama,
  openAiChat,
  openAiCompletions,
  openAiEmbeddings,
  openAiResponses,
];

/** OpenAI's shape is what an API of no known wire most likely has: model and stream in the body, `usage` in the answer. */
export const FALLBACK_WIRE: WireDialect = openAiChat;

export function wireNamed(name: string): WireDialect | undefined {
  return WIRES.find((wire) => wire.name === name);
}
