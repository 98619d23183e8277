import { createRequire } from "node:module";
import { anthropicAdapter } from "./adapters/anthropic.mjs";
import { bedrockAdapter } from "./adapters/bedrock.mjs";
import { cohereAdapter } from "./adapters/cohere.mjs";
import { googleAdapter } from "./adapters/google.mjs";
import { langchainAdapter } from "./adapters/langchain.mjs";
import { mistralAdapter } from "./adapters/mistral.mjs";
import { ollamaAdapter } from "./adapters/ollama.mjs";
import { openaiAdapter } from "./adapters/openai.mjs";
import { plainHttpAdapter } from "./adapters/plain-http.mjs";
import { vercelAiAdapter } from "./adapters/vercel-ai.mjs";

/**
 * Mistral's client makes a Request with a signal that only that Request follows, and hands the Request to fetch. Node's collector
 * may take it while the answer is awaited (every version from 20 to 26, with instrumentation and without): then no abort and no
 * time limit comes through, and the application gets its answer late. Which of the two it was, the application itself says.
 */
const SIGNALS_COLLECTED = ["timeout", "abort", "abort_by_timer", "abort_signal_timeout"];

/** Cases that only a server answers which the SDK never asks twice, or that its parser refuses. */
const NO_RETRIES = ["retries", "network_retries", "timeout_retries"];
const NO_TIME_LIMIT = ["timeout", "timeout_retries"];
/** A chat completion that is filtered has a finish reason; these wires end otherwise. */
const NO_CACHE = ["cache_read", "cache_write", "cache_stream"];
const OLLAMA_LACKS = [...NO_RETRIES, ...NO_TIME_LIMIT, "abort", ...NO_CACHE];

/**
 * The SDKs of the matrix. `package` is the alias under which test/matrix/package.json installs that major. Rows with
 * `installed` are loaded from the project's own node_modules and run in `npm test`. `lacks` names abilities (see cases.mjs)
 * or cases that mean nothing for this SDK; `nodeMin` is its engines field, `nodes` says which versions alone are meant;
 * `unsteady` names cases whose end differs from run to run without us too; `instrumentations` are SDK-level or HTTP ones that are switched on beside ours; `start` is how ours is started (matrix.test.ts).
 */
export const SDKS = [
  { name: "openai-installed", package: "openai", installed: true, adapter: openaiAdapter },
  { name: "anthropic-installed", package: "@anthropic-ai/sdk", installed: true, adapter: anthropicAdapter },
  {
    name: "google-installed",
    package: "@google/genai",
    installed: true,
    adapter: googleAdapter,
    lacks: ["network_retries", "timeout_retries"],
  },

  { name: "openai 4", package: "openai-4", adapter: openaiAdapter },
  { name: "openai 5", package: "openai-5", adapter: openaiAdapter },
  { name: "openai 6", package: "openai-6", adapter: openaiAdapter },
  { name: "openai 7", package: "openai-7", adapter: openaiAdapter, nodeMin: 22 },
  { name: "openai 7, responses", package: "openai-7", adapter: openaiAdapter, options: { api: "responses" }, nodeMin: 22 },
  { name: "openai 6, responses", package: "openai-6", adapter: openaiAdapter, options: { api: "responses" } },
  { name: "openai 6, Azure deployment", package: "openai-6", adapter: openaiAdapter, options: { path: "/openai/deployments/gpt-5.2" } },
  { name: "openai 6, OpenRouter", package: "openai-6", adapter: openaiAdapter, options: { path: "/openrouter/api/v1" } },
  { name: "@anthropic-ai/sdk 0", package: "anthropic-0", adapter: anthropicAdapter },
  { name: "@anthropic-ai/sdk 1", package: "anthropic-1", adapter: anthropicAdapter },
  { name: "@google/genai 1", package: "google-1", adapter: googleAdapter, lacks: ["network_retries", "timeout_retries"] },
  { name: "@google/genai 2", package: "google-2", adapter: googleAdapter, lacks: ["network_retries", "timeout_retries"] },
  { name: "@google/genai 3", package: "google-3", adapter: googleAdapter, lacks: ["network_retries", "timeout_retries"], nodeMin: 22 },
  ...[4, 5, 6, 7].flatMap((major) => [
    {
      name: `ai ${major}, OpenAI`,
      package: `ai-${major}`,
      adapter: vercelAiAdapter,
      options: { vendor: "openai", vendorPackage: `@ai-sdk/openai-${major - 3}`, model: "gpt-5.2", api: "chat" },
      lacks: NO_TIME_LIMIT,
      nodeMin: major === 7 ? 22 : 20,
    },
    {
      name: `ai ${major}, Anthropic`,
      package: `ai-${major}`,
      adapter: vercelAiAdapter,
      options: { vendor: "anthropic", vendorPackage: `@ai-sdk/anthropic-${major - 3}`, model: "claude-sonnet-4-6" },
      lacks: NO_TIME_LIMIT,
      nodeMin: major === 7 ? 22 : 20,
    },
  ]),
  {
    name: "ai 7, OpenAI responses",
    package: "ai-7",
    adapter: vercelAiAdapter,
    options: { vendor: "openai", vendorPackage: "@ai-sdk/openai-4", model: "gpt-5.2" },
    lacks: NO_TIME_LIMIT,
    nodeMin: 22,
  },
  {
    name: "@langchain/openai",
    package: "@langchain/openai",
    adapter: langchainAdapter,
    options: { vendor: "openai", model: "gpt-5.2" },
    lacks: ["timeout_retries"],
  },
  {
    name: "@langchain/openai 1.6",
    package: "langchain-openai-16",
    adapter: langchainAdapter,
    options: { vendor: "openai", model: "gpt-5.2" },
    lacks: ["timeout_retries"],
    nodeMin: 22,
  },
  {
    name: "@langchain/anthropic",
    package: "@langchain/anthropic",
    adapter: langchainAdapter,
    options: { vendor: "anthropic", model: "claude-sonnet-4-6" },
    lacks: ["timeout_retries"],
  },
  { name: "groq-sdk", package: "groq-sdk", adapter: openaiAdapter, options: { path: "", model: "llama-3.3-70b-versatile" } },
  {
    name: "@mistralai/mistralai",
    package: "@mistralai/mistralai",
    adapter: mistralAdapter,
    unsteady: SIGNALS_COLLECTED,
    lacks: ["timeout_retries", ...NO_CACHE],
  },
  {
    name: "cohere-ai",
    package: "cohere-ai",
    adapter: cohereAdapter,
    lingers: true,
    lacks: ["network_retries", "timeout_retries", ...NO_CACHE],
  },
  {
    name: "ollama",
    package: "ollama",
    adapter: ollamaAdapter,
    unpriced: true,
    lacks: OLLAMA_LACKS,
  },
  ...["http2", "http"].flatMap((transport) =>
    ["converse", "invoke"].map((api) => ({
      name: `@aws-sdk/client-bedrock-runtime, ${api} over ${transport === "http2" ? "HTTP/2" : "HTTP/1.1"}`,
      package: "@aws-sdk/client-bedrock-runtime",
      adapter: bedrockAdapter,
      options: { transport, api },
    })),
  ),
  {
    name: "fetch",
    package: undefined,
    adapter: plainHttpAdapter,
    options: { client: "global-fetch" },
    lacks: [...NO_RETRIES, ...NO_TIME_LIMIT],
  },
  { name: "axios", package: "axios", adapter: plainHttpAdapter, lingers: true, options: { client: "axios" }, lacks: NO_RETRIES },
  {
    name: "got",
    package: "got",
    adapter: plainHttpAdapter,
    options: { client: "got" },
    lacks: ["retry_rate_limit_stream", "timeout_retries"],
  },
  {
    name: "got 16",
    package: "got-16",
    adapter: plainHttpAdapter,
    options: { client: "got" },
    lacks: ["retry_rate_limit_stream", "timeout_retries"],
    nodeMin: 22,
  },
  {
    name: "node-fetch",
    package: "node-fetch",
    adapter: plainHttpAdapter,
    options: { client: "node-fetch" },
    lacks: [...NO_RETRIES, ...NO_TIME_LIMIT],
  },
  ...[5, 6, 7, 8].flatMap((major) =>
    ["fetch", "request"].map((method) => ({
      name: `undici ${major}, ${method}`,
      package: `undici-${major}`,
      adapter: plainHttpAdapter,
      options: { client: `undici-${method}` },
      // request() leaves compressed bytes to its caller.
      lacks: [...NO_RETRIES, ...NO_TIME_LIMIT, ...(method === "request" ? ["gzip", "brotli", "gzip_stream"] : [])],
      nodeMin: major === 8 ? 22 : 20,
    })),
  ),
  ...["undici", "http", "openai", "@traceloop/instrumentation-openai", "@arizeai/openinference-instrumentation-openai"].map(
    (instrumentation) => ({
      name: `openai 6 beside ${instrumentation.startsWith("@") ? instrumentation : `@opentelemetry/instrumentation-${instrumentation}`}`,
      package: "openai",
      adapter: openaiAdapter,
      instrumentations: [instrumentation],
    }),
  ),
  {
    name: "axios beside @opentelemetry/instrumentation-http",
    lingers: true,
    package: "axios",
    adapter: plainHttpAdapter,
    options: { client: "axios" },
    instrumentations: ["http"],
    // That instrumentation never ends the span of a stream that nobody reads.
    lacks: [...NO_RETRIES, "error_rate_limit_stream"],
  },
  { name: "openai 7 in the newest Node", package: "openai-7", adapter: openaiAdapter, nodes: [26] },
  { name: "@anthropic-ai/sdk 1 in the newest Node", package: "anthropic-1", adapter: anthropicAdapter, nodes: [26] },
  { name: "ollama in the newest Node", package: "ollama", adapter: ollamaAdapter, unpriced: true, lacks: OLLAMA_LACKS, nodes: [26] },
  ...["register on SDK 3", "own SDK 3"].flatMap((start) => [
    { name: `openai 7, ${start}`, package: "openai-7", adapter: openaiAdapter, start, nodes: [22, 24, 26] },
    {
      name: `@aws-sdk/client-bedrock-runtime, ${start}`,
      package: "@aws-sdk/client-bedrock-runtime",
      adapter: bedrockAdapter,
      options: { transport: "http2", api: "converse" },
      start,
      nodes: [22, 24, 26],
    },
  ]),
];

/** Released after this project's own Node: there one SDK of each transport stands for all. */
const NEWEST_NODE = 26;

/** Whether a row is run in a version of Node. */
export function runsIn({ nodeMin = 20, nodes }, major) {
  return nodes === undefined ? major >= nodeMin && major !== NEWEST_NODE : nodes.includes(major);
}

const fromProject = createRequire(new URL("../../package.json", import.meta.url));

export async function loadAdapter({ package: name, installed, adapter, options }, where) {
  const module = name === undefined ? {} : installed ? fromProject(name) : await import(name);
  return adapter({ module, ...where, ...options });
}
