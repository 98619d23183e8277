import { countOf } from "./usage-count.ts";

/** Tokens as they were billed, each counted once; NaN where the answer was unfit. */
export interface BilledTokens {
  readonly uncachedInput: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly reasoning: number | null;
  /** null where all is text. */
  readonly modalities?: Modalities | null;
}

/** Subsets of the input and of the output that some models sell at prices of their own. */
export interface Modalities {
  readonly inputAudio: number;
  readonly inputImage: number;
  readonly outputAudio: number;
  readonly outputImage: number;
}

type Answer = Readonly<Record<string, unknown>>;

/** Who gave an answer: two APIs of one shape differ in what they leave out. */
export interface Answerer {
  /** Canonical name. */
  readonly provider: string | undefined;
  readonly model: string | undefined;
}

/** One API's shape of `usage`: how it is told, and how it is read. */
interface UsageShape {
  readonly name: string;
  readonly is: (usage: Answer) => boolean;
  readonly read: (usage: Answer, who: Answerer) => BilledTokens;
}

/** Told from top to bottom: a shape may be a special case of one further down. */
const SHAPES: readonly UsageShape[] = [
  {
    name: "Gemini generateContent",
    is: (usage) => "promptTokenCount" in usage || "candidatesTokenCount" in usage || "cachedContentTokenCount" in usage,
    read: readGemini,
  },
  { name: "Gemini Interactions", is: (usage) => "total_input_tokens" in usage, read: readGeminiInteractions },
  { name: "Cohere v2", is: (usage) => "billed_units" in usage, read: readCohere },
  {
    name: "OpenAI Responses",
    is: (usage) =>
      "input_tokens" in usage && ("input_tokens_details" in usage || "total_tokens" in usage) && !("cache_read_input_tokens" in usage),
    read: readResponses,
  },
  { name: "Anthropic Messages", is: (usage) => "input_tokens" in usage, read: readAnthropic },
  { name: "Chat Completions", is: (usage) => "prompt_tokens" in usage || "prompt_cache_miss_tokens" in usage, read: readChat },
  {
    name: "Bedrock Converse",
    is: (usage) =>
      "inputTokens" in usage && !("inputTokenDetails" in usage) && !("cachedInputTokens" in usage) && !("cachedContentTokens" in usage),
    read: readConverse,
  },
];

/** Tokens from the `usage` of a provider's answer, of whichever API; null when it has none of the known shapes. */
export function readProviderUsage(usage: unknown, who: Answerer): BilledTokens | null {
  const answer = objectOf(usage);
  for (const { is, read } of SHAPES) if (is(answer)) return withModalities(read(answer, who), modalitiesOf(answer));
  return null;
}

/** Without a word where all is text, as most is. */
function withModalities(billed: BilledTokens, modalities: Modalities | null): BilledTokens {
  return modalities === null ? billed : { ...billed, modalities };
}

function modalitiesOf(usage: Answer): Modalities | null {
  const input = objectOf(usage["input_tokens_details"] ?? usage["prompt_tokens_details"]);
  const output = objectOf(usage["output_tokens_details"] ?? usage["completion_tokens_details"]);
  const [prompt, candidates] = [usage["promptTokensDetails"], usage["candidatesTokensDetails"]];
  return someModality({
    inputAudio: countOf(input["audio_tokens"]) + geminiModality(prompt, "AUDIO"),
    inputImage: countOf(input["image_tokens"]) + geminiModality(prompt, "IMAGE"),
    outputAudio: countOf(output["audio_tokens"]) + geminiModality(candidates, "AUDIO"),
    outputImage: countOf(output["image_tokens"]) + geminiModality(candidates, "IMAGE"),
  });
}

/** null where all is text. */
export function someModality(modalities: Modalities): Modalities | null {
  const { inputAudio, inputImage, outputAudio, outputImage } = modalities;
  return inputAudio + inputImage + outputAudio + outputImage === 0 ? null : modalities;
}

/** `[{modality: "TEXT", tokenCount: 12}, {modality: "AUDIO", tokenCount: 30}]` */
function geminiModality(details: unknown, modality: string): number {
  if (!Array.isArray(details)) return 0;
  return details.map(objectOf).reduce((sum, part) => sum + (part["modality"] === modality ? countOf(part["tokenCount"]) : 0), 0);
}

/** Anthropic, also on Bedrock InvokeModel, Vertex and Azure: `input_tokens` EXCLUDES what was read from or written to the cache. */
function readAnthropic(usage: Answer): BilledTokens {
  const entries = [usage, ...compactions(usage)];
  const sum = (read: (entry: Answer) => number): number => entries.reduce((total, entry) => total + read(entry), 0);
  const cacheWrite1h = sum((entry) => countOf(objectOf(entry["cache_creation"])["ephemeral_1h_input_tokens"]));
  return {
    uncachedInput: sum((entry) => countOf(entry["input_tokens"])),
    cacheRead: sum((entry) => countOf(entry["cache_read_input_tokens"])),
    cacheWrite5m: sum(anthropicWrites) - cacheWrite1h,
    cacheWrite1h,
    output: sum((entry) => countOf(entry["output_tokens"])),
    reasoning: optional(objectOf(usage["output_tokens_details"])["thinking_tokens"]),
  };
}

function anthropicWrites(entry: Answer): number {
  if (entry["cache_creation_input_tokens"] !== undefined) return countOf(entry["cache_creation_input_tokens"]);
  const split = objectOf(entry["cache_creation"]);
  return countOf(split["ephemeral_5m_input_tokens"]) + countOf(split["ephemeral_1h_input_tokens"]);
}

/** The totals leave compaction out, which the same model does; what an advisor used is another model's and not ours to price. */
function compactions(usage: Answer): Answer[] {
  const iterations = Array.isArray(usage["iterations"]) ? usage["iterations"] : [];
  return iterations.map(objectOf).filter((iteration) => iteration["type"] === "compaction");
}

/** `inputTokens` EXCLUDES the cache; OpenAI models through ConverseStream were seen to include it and to count it twice in the total. */
function readConverse(usage: Answer, { model }: Answerer): BilledTokens {
  const details = Array.isArray(usage["cacheDetails"]) ? usage["cacheDetails"].map(objectOf) : [];
  const cacheWrite1h = details.filter((detail) => detail["ttl"] === "1h").reduce((sum, detail) => sum + countOf(detail["inputTokens"]), 0);
  const [input, cacheRead] = [countOf(usage["inputTokens"]), countOf(usage["cacheReadInputTokens"])];
  const [cacheWrite, output] = [countOf(usage["cacheWriteInputTokens"]), countOf(usage["outputTokens"])];
  const cached = cacheRead + cacheWrite;
  const twice = isOpenAiOnBedrock(model) && cached > 0 && input >= cached && countOf(usage["totalTokens"]) === input + cached + output;
  return {
    uncachedInput: twice ? input - cached : input,
    cacheRead,
    cacheWrite5m: cacheWrite - cacheWrite1h,
    cacheWrite1h,
    output,
    reasoning: null,
  };
}

/** `us.openai.gpt-6-sol` */
export function isOpenAiOnBedrock(model: string | undefined): boolean {
  return model !== undefined && /(?:^|[./])openai\./.test(model);
}

/** Inclusive. A 12-hour cache write has a price of its own, so it takes the slot of the long ones. */
function readResponses(usage: Answer, { provider }: Answerer): BilledTokens {
  const details = objectOf(usage["input_tokens_details"]);
  return inclusive(
    { input: countOf(usage["input_tokens"]), cacheRead: countOf(details["cached_tokens"]), writes: writesInside(details, undefined) },
    { output: countOf(usage["output_tokens"]), reasoning: optional(objectOf(usage["output_tokens_details"])["reasoning_tokens"]) },
    provider,
  );
}

/** OpenAI's shape is everybody's: inclusive, also for Claude behind OpenRouter or LiteLLM; what differs is where the cached part stands. */
function readChat(usage: Answer, { provider }: Answerer): BilledTokens {
  const details = objectOf(usage["prompt_tokens_details"] ?? usage["prompt_token_details"]);
  // DeepSeek, Moonshot, Mistral, OpenAI and the rest, LiteLLM.
  const cacheRead = countOf(
    usage["prompt_cache_hit_tokens"] ??
      usage["cached_tokens"] ??
      usage["num_cached_tokens"] ??
      details["cached_tokens"] ??
      usage["cache_read_input_tokens"],
  );
  const input = countOf(usage["prompt_tokens"] ?? countOf(usage["prompt_cache_miss_tokens"]) + cacheRead);
  const reasoning = objectOf(usage["completion_tokens_details"])["reasoning_tokens"] ?? usage["reasoning_tokens"];
  return inclusive(
    // LiteLLM repeats Anthropic's own fields beside OpenAI's.
    { input, cacheRead, writes: writesInside(details, usage["cache_creation_input_tokens"]) },
    { output: chatOutput(usage, provider), reasoning: optional(reasoning) },
    provider,
  );
}

interface CacheWrites {
  readonly all: number;
  /** Of them, those that live for an hour or longer. */
  readonly long: number;
}

/** @param atTop the count beside the details, which comes before the one of that name in them */
function writesInside(details: Answer, atTop: unknown): CacheWrites {
  return {
    all: Math.max(
      countOf(details["cache_write_tokens"]),
      countOf(atTop ?? details["cache_creation_input_tokens"]),
      countOf(details["cache_creation_tokens"]),
    ),
    long: countOf(
      objectOf(details["cache_write_tokens_details"])["ttl_12h_tokens"] ??
        objectOf(details["cache_creation_token_details"])["ephemeral_1h_input_tokens"],
    ),
  };
}

/** An answer whose input holds what was read from the cache and written to it. */
function inclusive(
  { input, cacheRead, writes }: { readonly input: number; readonly cacheRead: number; readonly writes: CacheWrites },
  { output, reasoning }: Pick<BilledTokens, "output" | "reasoning">,
  provider: string | undefined,
): BilledTokens {
  // xAI has reported more cached tokens than prompt tokens; the prompt then is what was not cached.
  const apart = provider === "x_ai" && cacheRead > input;
  return {
    uncachedInput: apart ? input : input - cacheRead - writes.all,
    cacheRead,
    cacheWrite5m: writes.all - writes.long,
    cacheWrite1h: writes.long,
    output,
    reasoning,
  };
}

/** Three vendors leave thinking out of `completion_tokens`. */
function chatOutput(usage: Answer, provider: string | undefined): number {
  const completion = countOf(usage["completion_tokens"]);
  const reasoning = countOf(objectOf(usage["completion_tokens_details"])["reasoning_tokens"]);
  const [prompt, total] = [countOf(usage["prompt_tokens"]), countOf(usage["total_tokens"])];
  if (provider === "x_ai") return completion + reasoning;
  if (provider === "perplexity") return completion + countOf(usage["reasoning_tokens"]) + countOf(usage["citation_tokens"]);
  if (provider?.startsWith("gcp.") === true) return Math.max(completion, total - prompt);
  return reasoning > 0 && total === prompt + completion + reasoning ? total - prompt : completion;
}

function readGemini(usage: Answer): BilledTokens {
  const cacheRead = countOf(usage["cachedContentTokenCount"]);
  const thoughts = usage["thoughtsTokenCount"];
  return {
    uncachedInput: countOf(usage["promptTokenCount"]) + countOf(usage["toolUsePromptTokenCount"]) - cacheRead,
    cacheRead,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: countOf(usage["candidatesTokenCount"]) + countOf(thoughts),
    reasoning: optional(thoughts),
  };
}

function readGeminiInteractions(usage: Answer): BilledTokens {
  const cacheRead = countOf(usage["total_cached_tokens"]);
  const thoughts = usage["total_thought_tokens"];
  return {
    uncachedInput: countOf(usage["total_input_tokens"]) + countOf(usage["total_tool_use_tokens"]) - cacheRead,
    cacheRead,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: countOf(usage["total_output_tokens"]) + countOf(thoughts),
    reasoning: optional(thoughts),
  };
}

/** `billed_units`, never `tokens`, which adds the preamble. */
function readCohere(usage: Answer): BilledTokens {
  const billed = objectOf(usage["billed_units"]);
  const cacheRead = countOf(usage["cached_tokens"]);
  return {
    uncachedInput: countOf(billed["input_tokens"]) - cacheRead,
    cacheRead,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: countOf(billed["output_tokens"]),
    reasoning: null,
  };
}

function optional(value: unknown): number | null {
  return value === undefined || value === null ? null : countOf(value);
}

/** An object to look into, whatever stands there. */
export function objectOf(value: unknown): Answer {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Answer) : NOTHING;
}

const NOTHING: Answer = Object.freeze({});
