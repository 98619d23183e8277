/** One thing to know of a call, and the attributes that hold it, the best first. */
type KeyTable = Readonly<Record<string, readonly string[]>>;

/** Counts of tokens. */
const COUNT_KEYS = {
  input: [
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "input_token_count",
    // The AI SDK's embeddings.
    "ai.usage.tokens",
  ],
  output: [
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
    "output_tokens",
    "output_token_count",
  ],
  cacheRead: [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
    "ai.usage.inputTokenDetails.cacheReadTokens",
    "ai.usage.cachedInputTokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cached_tokens",
    "gen_ai.usage.cached_input_tokens",
    "llm.usage.cache_read_input_tokens",
    "cache_read_tokens",
    "cached_token_count",
  ],
  cacheWrite: [
    // semantic-conventions-genai #440 renamed cache_creation to cache_write.
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_input_tokens",
    "llm.token_count.prompt_details.cache_write",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
    "gen_ai.usage.input_tokens.cache_write",
    "gen_ai.usage.details.cache_write_tokens",
    "llm.usage.cache_creation_input_tokens",
    "cache_creation_tokens",
  ],
  cacheWrite5m: [
    "anthropic.usage.cache_creation.ephemeral_5m_input_tokens",
    "gen_ai.usage.cache_creation.5m_input_tokens",
    "gen_ai.usage.details.ephemeral_5m_input_tokens",
  ],
  cacheWrite1h: [
    "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
    "gen_ai.usage.cache_creation.1h_input_tokens",
    "gen_ai.usage.details.ephemeral_1h_input_tokens",
  ],
  total: [
    "gen_ai.usage.total_tokens",
    "llm.usage.total_tokens",
    "llm.token_count.total",
    "ai.usage.totalTokens",
    "gen_ai.client.token.usage",
  ],
  reasoning: [
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    // AG2.
    "gen_ai.usage.thinking_tokens",
    "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
    "ai.usage.outputTokenDetails.reasoningTokens",
    "ai.usage.reasoningTokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.details.reasoning_tokens",
    "reasoning_token_count",
  ],
  /** The AI SDK (v6 and later) says outright what was not cached. */
  uncached: ["ai.usage.inputTokenDetails.noCacheTokens"],
  /** Claude Code's own: without what was cached. */
  uncachedBare: ["input_tokens"],
  // Parts of input and output that some models sell at prices of their own.
  inputAudio: ["llm.token_count.prompt_details.audio", "gen_ai.usage.details.input_audio_tokens", "gen_ai.usage.audio.input_tokens"],
  inputImage: ["llm.token_count.prompt_details.image", "gen_ai.usage.details.input_image_tokens", "gen_ai.usage.image.input_tokens"],
  outputAudio: ["llm.token_count.completion_details.audio", "gen_ai.usage.details.output_audio_tokens", "gen_ai.usage.audio.output_tokens"],
  outputImage: ["llm.token_count.completion_details.image", "gen_ai.usage.details.output_image_tokens", "gen_ai.usage.image.output_tokens"],
  compactionInput: ["anthropic.usage.compaction.input_tokens"],
  compactionOutput: ["anthropic.usage.compaction.output_tokens"],
} as const satisfies KeyTable;

/** Usage inside JSON or a Python repr. */
const DOCUMENT_KEYS = {
  providerMetadata: ["ai.response.providerMetadata"],
  rawUsage: ["gen_ai.usage.raw"],
  litellmUsage: ["metadata.usage_object"],
  langfuseUsage: ["langfuse.observation.usage_details"],
  genkitOutput: ["genkit:output"],
  openinferenceAnswer: ["output.value"],
  inputDetails: ["gen_ai.usage.input_token_details"],
  outputDetails: ["gen_ai.usage.output_token_details"],
  langchainUsage: ["langsmith.metadata.usage_metadata"],
  mlflowUsage: ["mlflow.chat.tokenUsage"],
} as const satisfies KeyTable;

/** What decides the price beside the tokens. */
const BILLING_KEYS = {
  responseTier: [
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "anthropic.response.service_tier",
    "gen_ai.response.service_tier",
    "gen_ai.anthropic.response.service_tier",
    "aws.bedrock.response.service_tier",
  ],
  requestTier: [
    "openai.request.service_tier",
    "gen_ai.openai.request.service_tier",
    "anthropic.request.service_tier",
    "gen_ai.request.service_tier",
    "gen_ai.anthropic.request.service_tier",
    "aws.bedrock.request.service_tier",
  ],
  speed: ["anthropic.response.speed", "anthropic.usage.speed", "anthropic.request.speed", "gen_ai.request.speed", "speed"],
  inferenceGeo: ["anthropic.response.inference_geo", "anthropic.usage.inference_geo", "anthropic.request.inference_geo"],
} as const satisfies KeyTable;

/** Who answered. */
const IDENTITY_KEYS = {
  provider: ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider", "provider_name"],
  responseModel: [
    "gen_ai.response.model",
    "ai.response.model",
    "llm.response.model_name",
    "llm.output_model_name",
    "langfuse.observation.model.name",
  ],
  requestModel: [
    "gen_ai.request.model",
    "ai.model.id",
    "llm.request.model_name",
    "llm.model_name",
    "llm.input_model_name",
    "gen_ai.request.model_name",
  ],
  serverAddress: ["server.address", "gen_ai.openai.api_base", "gen_ai.server.address", "net.peer.name"],
  /** Marks an emitter that its scope does not name. */
  springKind: ["spring.ai.kind"],
  /** Our own marks: a span that comes by a second time is already in the convention. */
  enriched: ["llm_call"],
  costStatus: ["cost_status"],
} as const satisfies KeyTable;

export const USAGE_KEYS = { ...COUNT_KEYS, ...DOCUMENT_KEYS, ...BILLING_KEYS, ...IDENTITY_KEYS };

export type CountSlot = keyof typeof COUNT_KEYS;
export type DocumentSlot = keyof typeof DOCUMENT_KEYS;
export type UsageSlot = keyof typeof USAGE_KEYS;

export const COUNT_SLOTS = Object.keys(COUNT_KEYS) as readonly CountSlot[];
export const DOCUMENT_SLOTS = Object.keys(DOCUMENT_KEYS) as readonly DocumentSlot[];

/** Every attribute that pricing reads. */
export const USAGE_READ_KEYS: readonly string[] = Object.values<readonly string[]>(USAGE_KEYS).flat();
