/** What is asked of a model at an address. */
export interface ModelEndpoint {
  /** Name of the convention (gen_ai.provider.name); absent where the path tells the protocol but not who serves it. */
  readonly provider: string | undefined;
  /** Operation name of the convention. */
  readonly operation: string;
  /** Model or deployment, where the path holds it. */
  readonly model: string | undefined;
}

/** A row of the table. Both tests must hold; a row without host holds for every host. */
export interface ModelEndpointRow {
  /** Host without port, or the end of it from a dot on: ".openai.azure.com". "*" within it stands for one label part. */
  readonly host?: string;
  readonly path: RegExp;
  readonly provider?: string;
  readonly operation: string;
}

const CHAT = /\/chat\/completions$/;
const RESPONSES = /\/responses$/;
const EMBEDDINGS = /\/embeddings$/;
const COMPLETIONS = /\/completions$/;
const GEMINI_GENERATE = /\/(?:models|endpoints)\/([^/:]+):(?:stream)?[gG]enerateContent$/;
const GEMINI_EMBED = /\/models\/([^/:]+):(?:embedContent|batchEmbedContents|predict)$/;
const VERTEX_CLAUDE = /\/models\/([^/:]+):(?:streamR|r)awPredict$/;

/** Hosts that speak OpenAI's protocol under their own name: host -> provider. */
const OPENAI_COMPATIBLE: Readonly<Record<string, string>> = {
  "api.openai.com": "openai",
  "*.api.openai.com": "openai",
  "api.deepseek.com": "deepseek",
  "api.groq.com": "groq",
  "api.mistral.ai": "mistral_ai",
  "codestral.mistral.ai": "mistral_ai",
  "api.moonshot.ai": "moonshot_ai",
  "api.moonshot.cn": "moonshot_ai",
  "api.perplexity.ai": "perplexity",
  "api.x.ai": "x_ai",
  "openrouter.ai": "openrouter",
  "api.together.xyz": "together",
  "api.together.ai": "together",
  "api.fireworks.ai": "fireworks",
  "api.cerebras.ai": "cerebras",
  "api.z.ai": "zai",
  "open.bigmodel.cn": "zhipuai",
  "dashscope.aliyuncs.com": "alibaba_cloud",
  "dashscope-intl.aliyuncs.com": "alibaba_cloud",
  "api.minimax.io": "minimax",
  "api.novita.ai": "novita",
  "router.huggingface.co": "huggingface",
  "integrate.api.nvidia.com": "nvidia",
  "models.github.ai": "github",
  "models.inference.ai.azure.com": "azure.ai.inference",
};

/** In the order of trial: rows with a host first, then what a path alone says, which any proxy or own server may answer. */
export const MODEL_ENDPOINTS: readonly ModelEndpointRow[] = [
  ...Object.entries(OPENAI_COMPATIBLE).flatMap(([host, provider]) => openaiRows(host, provider)),
  ...openaiRows(".openai.azure.com", "azure.ai.openai"),
  ...openaiRows(".cognitiveservices.azure.com", "azure.ai.openai"),
  ...openaiRows(".services.ai.azure.com", "azure.ai.inference"),
  ...openaiRows(".models.ai.azure.com", "azure.ai.inference"),
  { host: ".services.ai.azure.com", path: /\/anthropic\/v1\/messages$/, provider: "azure.ai.inference", operation: "chat" },
  { host: "api.anthropic.com", path: /\/v1\/messages$/, provider: "anthropic", operation: "chat" },
  { host: "api.anthropic.com", path: /\/v1\/complete$/, provider: "anthropic", operation: "text_completion" },
  { host: "generativelanguage.googleapis.com", path: GEMINI_GENERATE, provider: "gcp.gemini", operation: "generate_content" },
  { host: "generativelanguage.googleapis.com", path: GEMINI_EMBED, provider: "gcp.gemini", operation: "embeddings" },
  { host: "generativelanguage.googleapis.com", path: /\/interactions$/, provider: "gcp.gemini", operation: "generate_content" },
  { host: "generativelanguage.googleapis.com", path: CHAT, provider: "gcp.gemini", operation: "chat" },
  { host: "*aiplatform.googleapis.com", path: GEMINI_GENERATE, provider: "gcp.vertex_ai", operation: "generate_content" },
  { host: "*aiplatform.googleapis.com", path: VERTEX_CLAUDE, provider: "gcp.vertex_ai", operation: "chat" },
  { host: "*aiplatform.googleapis.com", path: GEMINI_EMBED, provider: "gcp.vertex_ai", operation: "embeddings" },
  { host: "*aiplatform.googleapis.com", path: CHAT, provider: "gcp.vertex_ai", operation: "chat" },
  {
    host: "bedrock-runtime*.amazonaws.com",
    path: /\/model\/([^/]+)\/(?:invoke|converse)(?:-with-response-stream|-stream)?$/,
    provider: "aws.bedrock",
    operation: "chat",
  },
  { host: "bedrock-runtime*.amazonaws.com", path: CHAT, provider: "aws.bedrock", operation: "chat" },
  {
    host: "runtime.sagemaker*.amazonaws.com",
    path: /\/endpoints\/([^/]+)\/invocations(?:-response-stream)?$/,
    operation: "chat",
  },
  { host: "api.cohere.com", path: /\/v[12]\/chat$/, provider: "cohere", operation: "chat" },
  { host: "api.cohere.ai", path: /\/v[12]\/chat$/, provider: "cohere", operation: "chat" },
  { host: "api.cohere.com", path: /\/v[12]\/embed$/, provider: "cohere", operation: "embeddings" },
  { host: "api.cohere.ai", path: /\/v[12]\/embed$/, provider: "cohere", operation: "embeddings" },
  { host: ".ml.cloud.ibm.com", path: /\/ml\/v1\/text\/(?:generation|chat)(?:_stream)?$/, provider: "ibm.watsonx.ai", operation: "chat" },
  { host: ".cloud.databricks.com", path: /\/serving-endpoints\/([^/]+)\/invocations$/, provider: "databricks", operation: "chat" },
  { host: "api.replicate.com", path: /\/v1\/(?:models\/(.+)\/)?predictions$/, provider: "replicate", operation: "chat" },
  { host: "ollama.com", path: /\/api\/(?:chat|generate)$/, provider: "ollama", operation: "chat" },
  { path: CHAT, operation: "chat" },
  { path: /\/v1\/messages$/, operation: "chat" },
  { path: /\/v1\/responses$/, operation: "chat" },
  { path: /\/openai\/(?:v1\/)?responses$/, operation: "chat" },
  { path: /\/v1\/completions$/, operation: "text_completion" },
  { path: /\/v1\/embeddings$/, operation: "embeddings" },
  { path: GEMINI_GENERATE, operation: "generate_content" },
  { path: GEMINI_EMBED, operation: "embeddings" },
  { path: VERTEX_CLAUDE, operation: "chat" },
  { path: /\/model\/([^/]+)\/(?:converse|invoke-with-response-stream)(?:-stream)?$/, operation: "chat" },
];

/** Ollama answers on every interface under paths that a web app may use too; only its port tells it apart. */
const OLLAMA_PORT = ":11434";

/**
 * The model endpoint at an address, or null. `address` is a URL, or host[:port] with a path. `rows` of the user are tried
 * before the table. Only the address is looked at: the caller says that it is a POST.
 */
export function modelEndpointOf(address: string, rows: readonly ModelEndpointRow[] = []): ModelEndpoint | null {
  const { host, path } = splitAddress(address);
  if (rows.length === 0 && !MAY_BE_MODEL.test(path)) return null;
  const name = hostName(host);
  for (const row of rows) if (matches(row, name, path)) return endpointOf(row, path);
  if (host.endsWith(OLLAMA_PORT) && OLLAMA_PATH.test(path)) return { provider: "ollama", operation: "chat", model: undefined };
  for (const row of BY_HOST.get(name) ?? NO_ROWS) if (row.path.test(path)) return endpointOf(row, path);
  for (const row of BY_PATTERN) if (matches(row, name, path)) return endpointOf(row, path);
  return null;
}

const NO_ROWS: readonly ModelEndpointRow[] = [];

/** Most hosts of the table are whole names: one look-up instead of a hundred comparisons. */
const BY_HOST: ReadonlyMap<string, readonly ModelEndpointRow[]> = new Map(
  MODEL_ENDPOINTS.flatMap(({ host }) =>
    host === undefined || isPattern(host) ? [] : [[host, MODEL_ENDPOINTS.filter((row) => row.host === host)]],
  ),
);

/** Patterns, and what a path alone says, in the order of the table. */
const BY_PATTERN: readonly ModelEndpointRow[] = MODEL_ENDPOINTS.filter(({ host }) => host === undefined || isPattern(host));

function isPattern(host: string): boolean {
  return host.startsWith(".") || host.includes("*");
}

/** Host with port, and path without query: what two attempts of one call have in common. */
export function splitAddress(address: string): { host: string; path: string } {
  const scheme = address.indexOf("://");
  const hostStart = scheme < 0 ? 0 : scheme + 3;
  const slash = address.indexOf("/", hostStart);
  if (slash < 0) return { host: address.slice(hostStart).toLowerCase(), path: "" };
  let end = address.indexOf("?", slash);
  if (end < 0) end = address.indexOf("#", slash);
  return { host: address.slice(hostStart, slash).toLowerCase(), path: address.slice(slash, end < 0 ? undefined : end) };
}

const OLLAMA_PATH = /\/api\/(?:chat|generate|embed|embeddings)$/;

/** Last words of every path in the table: one test settles nearly every address that is none. */
const MAY_BE_MODEL =
  /(?:\/(?:completions?|responses|embeddings?|messages|complete|interactions|chat|generate|embed|generation|(?:chat|generation)_stream|predictions|invocations(?:-response-stream)?|invoke(?:-with-response-stream)?|converse(?:-stream)?)|:(?:generateContent|streamGenerateContent|embedContent|batchEmbedContents|predict|rawPredict|streamRawPredict))$/;

function openaiRows(host: string, provider: string): ModelEndpointRow[] {
  return [
    { host, path: CHAT, provider, operation: "chat" },
    { host, path: RESPONSES, provider, operation: "chat" },
    { host, path: EMBEDDINGS, provider, operation: "embeddings" },
    { host, path: COMPLETIONS, provider, operation: "text_completion" },
  ];
}

function hostName(host: string): string {
  const at = host.lastIndexOf("@");
  const name = at < 0 ? host : host.slice(at + 1);
  const colon = name.lastIndexOf(":");
  return colon < 0 || name.endsWith("]") ? name : name.slice(0, colon);
}

function matches(row: ModelEndpointRow, host: string, path: string): boolean {
  return (row.host === undefined || hostMatches(row.host, host)) && row.path.test(path);
}

function hostMatches(pattern: string, host: string): boolean {
  if (pattern.startsWith(".")) return host.endsWith(pattern);
  const star = pattern.indexOf("*");
  if (star < 0) return host === pattern;
  return host.length >= pattern.length - 1 && host.startsWith(pattern.slice(0, star)) && host.endsWith(pattern.slice(star + 1));
}

const AZURE_DEPLOYMENT = /\/deployments\/([^/]+)\//;

function endpointOf({ provider, operation, path: pattern }: ModelEndpointRow, path: string): ModelEndpoint {
  const model = pattern.exec(path)?.[1] ?? AZURE_DEPLOYMENT.exec(path)?.[1];
  return { provider, operation, model: model === undefined ? undefined : decoded(model) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
