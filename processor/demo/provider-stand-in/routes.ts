import type { Wire } from "./served-call.ts";
import { anthropicMessages } from "./wires/anthropic.ts";
import { bedrockConverse, bedrockInvoke } from "./wires/bedrock.ts";
import { cohereChat } from "./wires/cohere.ts";
import { geminiEmbed, geminiGenerate } from "./wires/gemini.ts";
import { mistralChat } from "./wires/mistral.ts";
import { ollamaChat } from "./wires/ollama.ts";
import { openAiChat, openAiEmbeddings, openAiResponses, openRouterChat } from "./wires/openai.ts";

export interface Route {
  /** Named groups: `model`, where the path says it. */
  readonly path: RegExp;
  readonly wire: Wire;
  readonly operation: string;
  /** Whether the answer is streamed; without it the body's `stream` says so. */
  readonly streaming?: boolean;
  /** A request header that must be there for this row. */
  readonly userAgent?: RegExp;
}

/** First match wins. */
export const ROUTES: readonly Route[] = [
  { path: /\/models\/(?<model>[^/:]+):generateContent/, wire: geminiGenerate, operation: "generate_content", streaming: false },
  { path: /\/models\/(?<model>[^/:]+):streamGenerateContent/, wire: geminiGenerate, operation: "generate_content", streaming: true },
  { path: /\/models\/(?<model>[^/:]+):(?:embedContent|batchEmbedContents)/, wire: geminiEmbed, operation: "embeddings", streaming: false },
  { path: /\/models\/(?<model>[^/:]+):rawPredict/, wire: anthropicMessages, operation: "chat", streaming: false },
  { path: /\/models\/(?<model>[^/:]+):streamRawPredict/, wire: anthropicMessages, operation: "chat", streaming: true },
  { path: /\/model\/(?<model>[^/]+)\/converse$/, wire: bedrockConverse, operation: "chat", streaming: false },
  { path: /\/model\/(?<model>[^/]+)\/converse-stream$/, wire: bedrockConverse, operation: "chat", streaming: true },
  { path: /\/model\/(?<model>[^/]+)\/invoke$/, wire: bedrockInvoke, operation: "chat", streaming: false },
  { path: /\/model\/(?<model>[^/]+)\/invoke-with-response-stream$/, wire: bedrockInvoke, operation: "chat", streaming: true },
  { path: /\/v1\/messages$/, wire: anthropicMessages, operation: "chat" },
  { path: /\/v2\/chat$/, wire: cohereChat, operation: "chat" },
  { path: /\/api\/chat$/, wire: ollamaChat, operation: "chat" },
  { path: /\/openrouter\/.*\/chat\/completions$/, wire: openRouterChat, operation: "chat" },
  { path: /\/chat\/completions$/, wire: mistralChat, operation: "chat", userAgent: /mistral/i },
  { path: /\/deployments\/(?<model>[^/]+)\/chat\/completions$/, wire: openAiChat, operation: "chat" },
  { path: /\/chat\/completions$/, wire: openAiChat, operation: "chat" },
  { path: /\/responses$/, wire: openAiResponses, operation: "chat" },
  { path: /\/embeddings$/, wire: openAiEmbeddings, operation: "embeddings", streaming: false },
];

export interface RoutedRequest {
  readonly route: Route;
  readonly model: string | undefined;
}

export function routeOf(path: string, userAgent: string): RoutedRequest | undefined {
  const [bare = path] = path.split("?");
  for (const route of ROUTES) {
    const match = route.path.exec(bare);
    if (match === null || (route.userAgent !== undefined && !route.userAgent.test(userAgent))) continue;
    const model = match.groups?.["model"];
    return { route, model: model === undefined ? undefined : decodeURIComponent(model) };
  }
  return undefined;
}
