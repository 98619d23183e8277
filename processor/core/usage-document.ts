import { countIn, SLOT, valueIn, type UsageAttributes } from "./usage-attributes.ts";
import type { CountSlot, DocumentSlot } from "./usage-keys.ts";
import { objectOf, readProviderUsage, type Answerer, type BilledTokens } from "./usage-provider.ts";
import { countOf } from "./usage-count.ts";

/** What the documents on a span (JSON, Python reprs) say about its usage. */
export interface UsageDocuments {
  /** Complete counts, as the provider answered them or in buckets that exclude each other: nothing else is needed. */
  readonly tokens: BilledTokens | null;
  /** Counts that fill what the attributes lack. */
  readonly counts: Partial<Readonly<Record<CountSlot, number>>>;
  /** The provider's own usage object, for what else it says: service tier, speed, inference_geo, cache_type. */
  readonly answer: Readonly<Record<string, unknown>>;
  /** Genkit passes Gemini's candidates on as the output. */
  readonly candidatesOnly: boolean;
}

/** Longest document that is parsed: usage is short, but genkit:output holds the whole answer. */
const DOCUMENT_CHARS_MAX = 262_144;

const NOTHING: UsageDocuments = { tokens: null, counts: {}, answer: {}, candidatesOnly: false };

/** Reads one document. A text that is no JSON says nothing. */
type DocumentReader = (document: Readonly<Record<string, unknown>>, who: Answerer) => Partial<UsageDocuments>;

/** The first that gives tokens decides; counts add up, the first to name one wins. */
const READERS: readonly (readonly [Exclude<DocumentSlot, "openinferenceAnswer">, DocumentReader])[] = [
  ["providerMetadata", readProviderMetadata],
  ["rawUsage", readRaw],
  ["litellmUsage", readRaw],
  ["langfuseUsage", readLangfuse],
  ["genkitOutput", readGenkit],
  ["inputDetails", readInputDetails],
  ["outputDetails", readOutputDetails],
  ["langchainUsage", readLangchain],
  ["mlflowUsage", readMlflow],
];

/** Longest usage object that is looked for inside an answer. */
const USAGE_CHARS_MAX = 4_096;

export function usageDocuments(attributes: UsageAttributes, who: Answerer): UsageDocuments {
  if (!attributes.documented) return NOTHING;
  let result = NOTHING;
  for (const [slot, read] of READERS) {
    const document = parsed(valueIn(attributes, SLOT[slot]));
    if (document === null) continue;
    const found = read(document, who);
    result = {
      tokens: result.tokens ?? found.tokens ?? null,
      counts: { ...found.counts, ...result.counts },
      answer: { ...found.answer, ...result.answer },
      candidatesOnly: result.candidatesOnly || found.candidatesOnly === true,
    };
  }
  return attributes.counted && result.tokens === null ? withAnswer(result, attributes, who) : result;
}

/**
 * OpenInference copies the provider's whole answer to output.value; its usage knows cache writes and their lifetime, which the counts
 * leave out. Taken only where it is the usage of the same call: chains and agents have an output, too.
 */
function withAnswer(result: UsageDocuments, attributes: UsageAttributes, who: Answerer): UsageDocuments {
  const answer = parsed(usageIn(valueIn(attributes, SLOT.openinferenceAnswer)));
  const tokens = answer === null ? null : readProviderUsage(answer, who);
  if (answer === null || tokens === null || tokens.output !== countIn(attributes, SLOT.output, null)) return result;
  // Without a word of the cache it says no more than the counts, of which the total may say more.
  const isCached = tokens.cacheRead + tokens.cacheWrite5m + tokens.cacheWrite1h > 0;
  return { ...result, tokens: isCached ? tokens : null, answer: { ...answer, ...result.answer } };
}

/** The text of the last `"usage": {...}`. What people and models write stands in strings, where the quotes are escaped. */
function usageIn(value: unknown): string | null {
  if (typeof value !== "string" || value.length > DOCUMENT_CHARS_MAX) return null;
  const key = value.lastIndexOf('"usage":');
  const start = key < 0 ? -1 : value.indexOf("{", key);
  let depth = 0;
  for (let index = start; index >= 0 && index < Math.min(value.length, start + USAGE_CHARS_MAX); index += 1) {
    if (value[index] === "{") depth += 1;
    else if (value[index] === "}") depth -= 1;
    if (depth === 0) return value.slice(start, index + 1);
  }
  return null;
}

function parsed(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  if (typeof value !== "string" || value.length > DOCUMENT_CHARS_MAX || !value.startsWith("{")) return null;
  try {
    return objectOf(JSON.parse(value.startsWith("{'") ? fromPython(value) : value));
  } catch {
    return null;
  }
}

/** LiteLLM writes `str(dict)`. Usage holds names and numbers, no text that could contain a quote. */
function fromPython(repr: string): string {
  return repr
    .replaceAll("'", '"')
    .replace(/\bNone\b/g, "null")
    .replace(/\bTrue\b/g, "true")
    .replace(/\bFalse\b/g, "false");
}

/** AI SDK: an object per provider, whose form changed with the versions of the provider packages. */
function readProviderMetadata(document: Readonly<Record<string, unknown>>, who: Answerer): Partial<UsageDocuments> {
  const { anthropic, google, vertex, bedrock, openai, azure, deepseek, xai, openrouter } = document as Record<string, unknown>;
  const claude = objectOf(anthropic);
  const own = [claude["usage"], objectOf(google)["usageMetadata"], objectOf(vertex)["usageMetadata"]].map(objectOf);
  const answer = own.find((usage) => Object.keys(usage).length > 0) ?? {};
  const others = [bedrock, openai, azure, deepseek, xai, openrouter].map(objectOf);
  const fields = Object.assign({}, ...others, ...others.map((other) => objectOf(other["usage"])), claude) as Record<string, unknown>;
  return {
    tokens: readProviderUsage(answer, who),
    counts: present({
      cacheRead: fields["cacheReadInputTokens"] ?? fields["cachedPromptTokens"] ?? fields["promptCacheHitTokens"],
      cacheWrite: fields["cacheCreationInputTokens"] ?? fields["cacheWriteInputTokens"] ?? fields["cacheWriteTokens"],
      reasoning: fields["reasoningTokens"],
    }),
    answer: { ...(typeof fields["serviceTier"] === "string" ? { service_tier: fields["serviceTier"] } : {}), ...answer },
  };
}

function readRaw(document: Readonly<Record<string, unknown>>, who: Answerer): Partial<UsageDocuments> {
  return { tokens: readProviderUsage(document, who), answer: document };
}

const LANGFUSE_BUCKET = /^(?:input|output)|cache/;

/** Langfuse: buckets that exclude each other, any whose name begins with input or output counts there (langfuse.com/docs, token usage). */
function readLangfuse(document: Readonly<Record<string, unknown>>, who: Answerer): Partial<UsageDocuments> {
  if ("prompt_tokens" in document || "promptTokens" in document) return readRaw(document, who);
  const tokens = { uncachedInput: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: null as number | null };
  if (!Object.keys(document).some((bucket) => LANGFUSE_BUCKET.test(bucket))) return {};
  for (const [bucket, value] of Object.entries(document)) {
    const count = countOf(value);
    if (/cache_read|cached/.test(bucket)) tokens.cacheRead += count;
    else if (/cache_(?:write|creation).*1h/.test(bucket)) tokens.cacheWrite1h += count;
    else if (/cache_(?:write|creation)/.test(bucket)) tokens.cacheWrite5m += count;
    else if (bucket.startsWith("input")) tokens.uncachedInput += count;
    else if (bucket.startsWith("output")) tokens.output += count;
    if (bucket.includes("reasoning")) tokens.reasoning = (tokens.reasoning ?? 0) + count;
  }
  return { tokens };
}

/** Genkit's plugins pass the provider's input on as it is, and of Gemini the candidates only. */
function readGenkit(document: Readonly<Record<string, unknown>>): Partial<UsageDocuments> {
  const usage = objectOf(document["usage"]);
  return {
    candidatesOnly: "thoughtsTokens" in usage,
    counts: present({
      input: usage["inputTokens"],
      output: usage["outputTokens"],
      total: usage["totalTokens"],
      cacheRead: usage["cachedContentTokens"],
      reasoning: usage["thoughtsTokens"],
    }),
  };
}

/** LangChain's usage_metadata, as LangSmith exports it. */
function readInputDetails(document: Readonly<Record<string, unknown>>): Partial<UsageDocuments> {
  return {
    counts: present({
      cacheRead: document["cache_read"],
      cacheWrite: document["cache_creation"],
      cacheWrite1h: document["ephemeral_1h_input_tokens"],
      cacheWrite5m: document["ephemeral_5m_input_tokens"],
    }),
  };
}

/** LangSmith writes the details apart only where its wrapper of the SDK made the span; LangChain's are here. */
function readLangchain(document: Readonly<Record<string, unknown>>): Partial<UsageDocuments> {
  const totals = present({ input: document["input_tokens"], output: document["output_tokens"], total: document["total_tokens"] });
  const input = readInputDetails(objectOf(document["input_token_details"])).counts;
  const output = readOutputDetails(objectOf(document["output_token_details"])).counts;
  return { counts: { ...totals, ...input, ...output } };
}

/** MLflow has made every provider's input include the cached tokens. */
function readMlflow(document: Readonly<Record<string, unknown>>): Partial<UsageDocuments> {
  const counts = present({
    input: document["input_tokens"],
    output: document["output_tokens"],
    total: document["total_tokens"],
    cacheRead: document["cache_read_input_tokens"],
    cacheWrite: document["cache_creation_input_tokens"],
    cacheWrite1h: document["cache_creation_input_tokens_above_1hr"],
  });
  return { counts };
}

function readOutputDetails(document: Readonly<Record<string, unknown>>): Partial<UsageDocuments> {
  return { counts: present({ reasoning: document["reasoning"] }) };
}

function present(values: Partial<Record<CountSlot, unknown>>): UsageDocuments["counts"] {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries.map(([slot, value]) => [slot, countOf(value)]));
}
