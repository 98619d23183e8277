import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DEFAULT_PRICE_BOOK } from "../processor/core/price-book.ts";
import { priceCall } from "../processor/core/price-call.ts";
import type { PricedCall } from "../processor/core/priced-call.ts";

const FILE = join(resolve(import.meta.dirname, ".."), "docs/costs.md");
const BEGIN = "<!-- The examples are written by `npm run docs`. -->";
const END = "<!-- End of the examples. -->";

interface Example {
  readonly title: string;
  readonly provider: string;
  readonly model: string;
  readonly at: string;
  /** The provider's answer. */
  readonly usage: Readonly<Record<string, unknown>>;
  readonly why: string;
}

const NOON = "2026-11-18T12:00:00Z";

const EXAMPLES: readonly Example[] = [
  {
    title: "OpenAI, Responses",
    provider: "openai",
    model: "gpt-6.1-sol",
    at: NOON,
    usage: {
      input_tokens: 25_216,
      input_tokens_details: { cached_tokens: 18_944, cache_write_tokens: 4_096 },
      output_tokens: 655,
      output_tokens_details: { reasoning_tokens: 512 },
      total_tokens: 25_871,
      service_tier: "default",
    },
    why: "`input_tokens` includes what was read and written; reasoning is inside `output_tokens`.",
  },
  {
    title: "OpenAI, a long context",
    provider: "openai",
    model: "gpt-6-sol",
    at: NOON,
    usage: { prompt_tokens: 272_001, completion_tokens: 1_000, prompt_tokens_details: { cached_tokens: 260_000 } },
    why: "More than 272 000 input tokens, cached ones included: every token is billed at the long-context price.",
  },
  {
    title: "OpenAI, batch",
    provider: "openai",
    model: "gpt-4o",
    at: NOON,
    usage: { prompt_tokens: 2_000, completion_tokens: 300, prompt_tokens_details: { cached_tokens: 1_024 }, service_tier: "batch" },
    why: "The batch price halves input and output; of GPT-4o's cached input OpenAI publishes none, so it keeps the standard one.",
  },
  {
    title: "Azure OpenAI",
    provider: "azure.ai.openai",
    model: "gpt-4.1-2025-04-14",
    at: NOON,
    usage: { prompt_tokens: 4_072, completion_tokens: 256, prompt_tokens_details: { cached_tokens: 3_072 } },
    why: "The deployment's name says nothing; the response's model decides.",
  },
  {
    title: "Anthropic, both lifetimes of a cache",
    provider: "anthropic",
    model: "claude-opus-5-5",
    at: NOON,
    usage: {
      input_tokens: 55,
      cache_creation_input_tokens: 6_144,
      cache_read_input_tokens: 70_123,
      cache_creation: { ephemeral_5m_input_tokens: 2_048, ephemeral_1h_input_tokens: 4_096 },
      output_tokens: 910,
      service_tier: "standard",
    },
    why: "`input_tokens` excludes the cache. A write costs 1.25 times the input price for 5 minutes, twice for an hour.",
  },
  {
    title: "Anthropic, a write that nobody has read yet",
    provider: "anthropic",
    model: "claude-haiku-4-5-20251001",
    at: NOON,
    usage: { input_tokens: 88, cache_creation_input_tokens: 32_110, cache_read_input_tokens: 0, output_tokens: 640 },
    why: "Without a split all writes count as 5 minutes. The savings are negative: the premium is paid, the reads are to come.",
  },
  {
    title: "Amazon Bedrock, Converse",
    provider: "aws.bedrock",
    model: "us.anthropic.claude-opus-5-5",
    at: NOON,
    usage: { inputTokens: 77, cacheReadInputTokens: 22_000, cacheWriteInputTokens: 1_500, outputTokens: 640, totalTokens: 24_217 },
    why: "`inputTokens` excludes the cache; `us.` and `eu.` profiles cost 1.1 times what `global.` costs.",
  },
  {
    title: "Gemini",
    provider: "gcp.gemini",
    model: "gemini-2.5-pro",
    at: NOON,
    usage: { promptTokenCount: 34_032, cachedContentTokenCount: 32_768, candidatesTokenCount: 300, thoughtsTokenCount: 150 },
    why: "The prompt includes what was cached; thoughts are billed as output and are not inside the candidates. Storage of a cache is billed by the hour and belongs to no call.",
  },
  {
    title: "Claude on Vertex AI",
    provider: "gcp.vertex_ai",
    model: "claude-sonnet-4-5@20250929",
    at: "2026-04-10T10:00:00Z",
    usage: { input_tokens: 1_001, cache_read_input_tokens: 150_000, cache_creation_input_tokens: 49_000, output_tokens: 600 },
    why: "Anthropic's counts at Vertex' prices; 200 001 tokens in all, so the long-context tier.",
  },
  {
    title: "xAI, Chat Completions",
    provider: "x_ai",
    model: "grok-4.5",
    at: NOON,
    usage: {
      prompt_tokens: 5_920,
      completion_tokens: 400,
      total_tokens: 7_320,
      prompt_tokens_details: { cached_tokens: 5_120 },
      completion_tokens_details: { reasoning_tokens: 1_000 },
    },
    why: "Here, and not in xAI's Responses API, reasoning is outside `completion_tokens`.",
  },
  {
    title: "DeepSeek at a peak hour",
    provider: "deepseek",
    model: "deepseek-v4-flash",
    at: "2026-11-18T02:30:00Z",
    usage: { prompt_tokens: 8_320, prompt_cache_hit_tokens: 7_680, prompt_cache_miss_tokens: 640, completion_tokens: 900 },
    why: "01:00 to 04:00 and 06:00 to 10:00 UTC, Monday to Friday, everything costs double.",
  },
  {
    title: "Moonshot",
    provider: "moonshot_ai",
    model: "kimi-k2.6",
    at: NOON,
    usage: { prompt_tokens: 9_500, cached_tokens: 9_000, completion_tokens: 1_200 },
    why: "`cached_tokens` stands at the top level of the usage, inside `prompt_tokens`.",
  },
  {
    title: "Mistral",
    provider: "mistral_ai",
    model: "mistral-medium-3-5",
    at: NOON,
    usage: { prompt_tokens: 4_330, num_cached_tokens: 4_096, completion_tokens: 321 },
    why: "`num_cached_tokens`, inside `prompt_tokens`.",
  },
  {
    title: "Groq",
    provider: "groq",
    model: "openai/gpt-oss-120b",
    at: NOON,
    usage: { prompt_tokens: 2_448, completion_tokens: 100, prompt_tokens_details: { cached_tokens: 2_048 } },
    why: "The vendor in front belongs to the model's name here and switches no provider.",
  },
  {
    title: "Claude through OpenRouter",
    provider: "openrouter",
    model: "anthropic/claude-opus-4.6",
    at: NOON,
    usage: { prompt_tokens: 7_900, completion_tokens: 400, prompt_tokens_details: { cached_tokens: 5_000, cache_write_tokens: 2_000 } },
    why: "OpenAI's shape for every vendor: the cache is inside, also for Claude.",
  },
  {
    title: "Cohere",
    provider: "cohere",
    model: "command-a-03-2025",
    at: NOON,
    usage: { billed_units: { input_tokens: 812, output_tokens: 240 }, tokens: { input_tokens: 1_324, output_tokens: 240 } },
    why: "`billed_units`, never `tokens`, which adds a preamble that is not billed.",
  },
  {
    title: "Alibaba Cloud",
    provider: "alibaba_cloud",
    model: "qwen3.7-max",
    at: NOON,
    usage: { prompt_tokens: 8_300, completion_tokens: 300, prompt_tokens_details: { cached_tokens: 8_000 } },
    why: "An implicit cache hit costs 20 % of the input price, one of an explicit cache (`cache_type` in the usage, or tokens written) 10 %.",
  },
];

/** docs/costs.md with its worked examples as the code computes them now. */
export function renderCostsDoc(): string {
  const text = readFileSync(FILE, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${FILE}: expected "${BEGIN}" and, after it, "${END}"`);
  return `${text.slice(0, begin)}${BEGIN}\n\n${EXAMPLES.map(render).join("\n\n")}\n\n${text.slice(end)}`;
}

function render(example: Example): string {
  const { provider, model, at, usage } = example;
  const call = priceCall(
    { provider, model, atMs: Date.parse(at), attributes: { "gen_ai.usage.raw": JSON.stringify(usage) } },
    DEFAULT_PRICE_BOOK,
  );
  if (call.usage === null || call.costUsd === null) throw new Error(`${example.title}: ${call.costStatus}`);
  return [
    `### ${example.title}`,
    "",
    `\`${model}\` at ${at}: ${example.why}`,
    "",
    "```json",
    JSON.stringify(usage),
    "```",
    "",
    "| | tokens | USD per million | USD |",
    "| --- | ---: | ---: | ---: |",
    ...partsOf(call).map(([label, tokens, usd]) => `| ${label} | ${tokens} | ${rateOf(tokens, usd)} | ${money(usd)} |`),
    `| **cost** | | | **${money(call.costUsd)}** |`,
    `| without caching | | | ${money(call.costWithoutCacheUsd ?? 0)} |`,
    `| saved by caching | | | ${money(call.cacheSavingsUsd ?? 0)} |`,
  ].join("\n");
}

/** Only parts that the call has. The two lifetimes of writes are one part of the cost: their rate is a mean. */
function partsOf({ usage, ...cost }: PricedCall): (readonly [string, number, number])[] {
  if (usage === null) return [];
  const written = usage.cacheWrite5m + usage.cacheWrite1h;
  const mixed =
    usage.cacheWrite5m > 0 && usage.cacheWrite1h > 0
      ? `cache write (${usage.cacheWrite5m} for 5 min, ${usage.cacheWrite1h} for 1 h)`
      : "cache write";
  const parts: (readonly [string, number, number | null])[] = [
    ["uncached input", usage.uncachedInput, cost.costInputUsd],
    ["cache read", usage.cacheRead, cost.costCacheReadUsd],
    [mixed, written, cost.costCacheWriteUsd],
    ["output", usage.output, cost.costOutputUsd],
  ];
  return parts.filter(([, tokens]) => tokens > 0).map(([label, tokens, usd]) => [label, tokens, usd ?? 0] as const);
}

function rateOf(tokens: number, usd: number): string {
  return String(Number(((usd / tokens) * 1_000_000).toPrecision(6)));
}

function money(usd: number): string {
  return usd.toFixed(8);
}
