/** One provider: its name in the GenAI convention (or ours where it has none), how emitters spell it, and where it answers. */
interface ProviderRow {
  readonly name: string;
  /** Lower case, `-` and spaces as `_`. The name itself needs no entry. */
  readonly aliases: readonly string[];
  /** Hosts, and domains whose every host is its. */
  readonly hosts: readonly string[];
  /** Where the provider's part of the name is not its end. */
  readonly hostPattern?: RegExp;
}

/**
 * Names: semantic-conventions-genai, gen_ai.provider.name. Aliases: old gen_ai.system values, OpenInference, LangChain, LiteLLM and
 * AI SDK spellings (of "anthropic.messages" only "anthropic" is listed: dotted ends are dropped one by one).
 */
const PROVIDERS: readonly ProviderRow[] = [
  { name: "openai", aliases: ["open_ai", "chatopenai", "openai_compatible"], hosts: ["api.openai.com"] },
  { name: "anthropic", aliases: ["claude", "chatanthropic"], hosts: ["api.anthropic.com"] },
  {
    name: "aws.bedrock",
    aliases: [
      "aws",
      "bedrock",
      "aws_bedrock",
      "amazon_bedrock",
      "amazon",
      "bedrock_converse",
      "bedrock_runtime",
      "chatbedrock",
      "chatbedrockconverse",
    ],
    hosts: [],
    hostPattern: /^bedrock[a-z-]*\.[a-z0-9-]+\.amazonaws\.com/,
  },
  {
    name: "azure.ai.openai",
    aliases: ["az.ai.openai", "azure", "azure_openai", "azureopenai", "azure.openai", "azure_ai_openai", "azurechatopenai"],
    hosts: ["openai.azure.com", "cognitiveservices.azure.com"],
  },
  {
    name: "azure.ai.inference",
    aliases: ["az.ai.inference", "azure_ai", "azure_ai_inference", "azure_ai_foundry", "azure.foundry"],
    hosts: ["services.ai.azure.com", "inference.ai.azure.com"],
  },
  {
    name: "gcp.gemini",
    aliases: [
      "gemini",
      "google_gemini",
      "google_generativeai",
      "google_genai",
      "google.generative_ai",
      "google_ai_studio",
      "googleai",
      "google_gla",
    ],
    hosts: ["generativelanguage.googleapis.com"],
  },
  {
    name: "gcp.vertex_ai",
    aliases: [
      "vertex_ai",
      "vertexai",
      "vertex",
      "google_vertex",
      "google.vertex",
      "google_vertex_ai",
      "google_vertexai",
      "google_anthropic_vertex",
    ],
    hosts: [],
    hostPattern: /^(?:[a-z0-9-]+-)?aiplatform\.googleapis\.com$/,
  },
  { name: "gcp.gen_ai", aliases: ["google", "gcp", "gcp_gen_ai", "googlegenai", "google_gen_ai"], hosts: [] },
  { name: "x_ai", aliases: ["xai", "grok"], hosts: ["api.x.ai"] },
  { name: "mistral_ai", aliases: ["mistral", "mistralai"], hosts: ["api.mistral.ai"] },
  { name: "deepseek", aliases: ["deep_seek"], hosts: ["api.deepseek.com"] },
  { name: "groq", aliases: ["groqcloud", "groq_cloud"], hosts: ["api.groq.com"] },
  { name: "cohere", aliases: ["cohere_ai", "co.here"], hosts: ["api.cohere.com", "api.cohere.ai"] },
  { name: "perplexity", aliases: ["perplexity_ai", "pplx"], hosts: ["api.perplexity.ai"] },
  { name: "moonshot_ai", aliases: ["moonshot", "moonshotai", "kimi"], hosts: ["api.moonshot.ai", "api.moonshot.cn"] },
  { name: "ibm.watsonx.ai", aliases: ["watsonx", "ibm_watsonx", "ibm.watsonx", "watsonx_ai"], hosts: ["ml.cloud.ibm.com"] },
  { name: "alibaba_cloud", aliases: ["alibaba", "dashscope", "alibabacloud", "qwen", "aliyun", "tongyi"], hosts: ["aliyuncs.com"] },
  { name: "openrouter", aliases: ["open_router"], hosts: ["openrouter.ai"] },
  { name: "together", aliases: ["together_ai", "togetherai"], hosts: ["api.together.xyz", "api.together.ai"] },
  { name: "fireworks", aliases: ["fireworks_ai", "fireworksai"], hosts: ["api.fireworks.ai"] },
  { name: "cerebras", aliases: [], hosts: ["api.cerebras.ai"] },
  { name: "zai", aliases: ["z.ai", "z_ai"], hosts: ["api.z.ai"] },
  { name: "zhipuai", aliases: ["zhipu", "zhipu_ai", "bigmodel"], hosts: ["open.bigmodel.cn"] },
  { name: "meta", aliases: ["meta_ai", "llama_api"], hosts: ["api.meta.ai", "api.llama.com"] },
  { name: "minimax", aliases: ["minimax_ai", "minimaxi"], hosts: ["api.minimax.io", "api.minimaxi.com"] },
  { name: "nvidia", aliases: ["nvidia_nim"], hosts: ["integrate.api.nvidia.com"] },
  { name: "deepinfra", aliases: ["deep_infra"], hosts: ["api.deepinfra.com"] },
  { name: "voyageai", aliases: ["voyage", "voyage_ai"], hosts: ["api.voyageai.com"] },
  { name: "ollama", aliases: ["chatollama"], hosts: [] },
  { name: "vllm", aliases: ["hosted_vllm"], hosts: [] },
  { name: "github_copilot", aliases: ["copilot"], hosts: ["api.githubcopilot.com"] },
  { name: "huggingface", aliases: ["hugging_face", "hf"], hosts: ["router.huggingface.co"] },
  { name: "databricks", aliases: [], hosts: ["cloud.databricks.com", "azuredatabricks.net", "gcp.databricks.com"] },
  { name: "cloudflare", aliases: ["workers_ai", "workersai"], hosts: ["api.cloudflare.com"] },
  { name: "novita", aliases: ["novita_ai"], hosts: ["api.novita.ai"] },
  { name: "baseten", aliases: [], hosts: ["inference.baseten.co"] },
  { name: "ovhcloud", aliases: ["ovh"], hosts: ["ai.cloud.ovh.net"] },
];

/** What emitters write where they know only themselves. Such a name says nothing of who answered. */
const FRAMEWORKS: ReadonlySet<string> = new Set([
  "",
  "unknown",
  "custom",
  "other",
  "none",
  "strands_agents",
  "strands",
  "langchain",
  "langgraph",
  "langsmith",
  "microsoft.agent_framework",
  "agent_framework",
  "litellm",
  "pydantic_ai",
  "logfire",
  "llamaindex",
  "llama_index",
  "crewai",
  "haystack",
  "semantic_kernel",
  "autogen",
  "vercel",
  "ai_sdk",
  "gateway",
  "mastra",
  "genkit",
  "spring_ai",
  "openlit",
  "traceloop",
  "langfuse",
  "google_adk",
  "gcp.vertex.agent",
]);

/** These two SDKs are pointed at everybody's compatible endpoints; what their instrumentations call the provider is the SDK's vendor. */
const UNIVERSAL_CLIENTS: ReadonlySet<string> = new Set(["openai", "anthropic"]);

/** Model ids that only one vendor sells under that form. Open weights (gpt-oss, llama, qwen, deepseek-r1) are sold by many: absent. */
const MODEL_OWNERS: readonly (readonly [RegExp, string])[] = [
  [/^arn:aws[a-z-]*:bedrock:|^(?:[a-z-]+\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|openai|deepseek)\.[a-z]/, "aws.bedrock"],
  [/^claude-[^@/]*@|^publishers\/|^projects\//, "gcp.vertex_ai"],
  [/^claude-[^@/]*$/, "anthropic"],
  [/^(?:ft:)?(?:gpt-(?!oss)|chatgpt-|o[134](?:-|$)|text-embedding-(?:3|ada)|computer-use-)[^/]*$/, "openai"],
  [/^(?:models\/)?gemini-[^/]*$/, "gcp.gen_ai"],
  [/^grok-[^/]*$/, "x_ai"],
  [/^deepseek-(?:chat|reasoner|flash)$/, "deepseek"],
  [/^(?:mistral-(?:large|medium)|codestral|magistral-medium|pixtral-large)[^/]*$/, "mistral_ai"],
  [/^command-[^/]*$/, "cohere"],
  [/^sonar[^/]*$/, "perplexity"],
  [/^(?:kimi|moonshot)-[^/]*$/, "moonshot_ai"],
];

const BY_SPELLING: ReadonlyMap<string, string> = new Map(
  PROVIDERS.flatMap(({ name, aliases }) => [name, ...aliases].map((spelling): [string, string] => [spelling, name])),
);

const BY_HOST: ReadonlyMap<string, string> = new Map(
  PROVIDERS.flatMap(({ name, hosts }) => hosts.map((host): [string, string] => [host, name])),
);

/**
 * The provider's name in the GenAI convention, whatever the emitter calls it; a name that nobody here knows is returned as it came. Where
 * the emitter names only its framework or nothing, the host and then the model id decide, if they leave no doubt; else undefined for
 * nothing and the given name for a framework. An unknown provider that is named is never taken for another.
 */
export function canonicalProvider(name: string | undefined, model?: string, serverAddress?: string): string | undefined {
  const known = name === undefined ? undefined : knownProvider(name);
  if (known !== undefined && !UNIVERSAL_CLIENTS.has(known)) return known;
  if (known === undefined && name !== undefined && !isFramework(name)) return name;
  return providerOfHost(serverAddress) ?? known ?? providerOfModel(model) ?? name;
}

/** Longer ones are no names: what a span holds may be megabytes, and looking into it must cost nothing. */
const NAME_CHARS_MAX = 128;
const MODEL_CHARS_MAX = 256;
/** A DNS name has up to 253; some write the whole URL. */
const ADDRESS_CHARS_MAX = 1_024;

/** The provider by that spelling, or undefined. */
export function knownProvider(name: string): string | undefined {
  if (name.length > NAME_CHARS_MAX) return undefined;
  const exact = BY_SPELLING.get(name);
  if (exact !== undefined) return exact;
  for (let rest = spelled(name); rest !== ""; rest = rest.slice(0, Math.max(0, rest.lastIndexOf(".")))) {
    const found = BY_SPELLING.get(rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `server.address` holds a host, or a whole URL (Microsoft's agent framework). */
export function providerOfHost(serverAddress: string | undefined): string | undefined {
  if (serverAddress === undefined || serverAddress === "" || serverAddress.length > ADDRESS_CHARS_MAX) return undefined;
  const exact = BY_HOST.get(serverAddress);
  if (exact !== undefined) return exact;
  const host = serverAddress
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, "")
    .replace(/[:/].*$/, "");
  for (let domain = host; domain !== ""; domain = parentOf(domain)) {
    const found = BY_HOST.get(domain);
    if (found !== undefined) return found;
  }
  return PROVIDERS.find(({ hostPattern }) => hostPattern?.test(host) === true)?.name;
}

function parentOf(domain: string): string {
  const dot = domain.indexOf(".");
  return dot < 0 ? "" : domain.slice(dot + 1);
}

function providerOfModel(model: string | undefined): string | undefined {
  if (model === undefined || model.length > MODEL_CHARS_MAX) return undefined;
  const id = model.toLowerCase();
  const owner = MODEL_OWNERS.find(([pattern]) => pattern.test(id))?.[1];
  if (owner !== undefined) return owner;
  // LiteLLM's and the AI gateway's way to say it: "groq/llama-3.3-70b".
  const slash = id.indexOf("/");
  return slash > 0 ? knownProvider(id.slice(0, slash)) : undefined;
}

function isFramework(name: string): boolean {
  return name.length <= NAME_CHARS_MAX && FRAMEWORKS.has(spelled(name));
}

function spelled(name: string): string {
  return name.trim().toLowerCase().replace(/[-\s]/g, "_");
}
