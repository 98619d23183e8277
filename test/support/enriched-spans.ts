import { seededRandom } from "../../processor/demo/history-random.ts";
import type { Enrichment } from "../../processor/core/enrichment.ts";
import { SPAN_KIND, STATUS, type Span } from "../../processor/core/span.ts";
import type { EnrichedBatch, EnrichedSpan } from "../../processor/sinks/sink.ts";

export interface SpanTrafficOptions {
  readonly count: number;
  /** The same seed makes the same spans. */
  readonly seed?: number;
  readonly startMs?: number;
  /** Spans start evenly over this time. */
  readonly spreadMs?: number;
  /** Share of spans of GenAI; the rest are HTTP spans of the same traces. */
  readonly genaiShare?: number;
  /** Share of model calls that name one of `users` end users. */
  readonly userShare?: number;
  readonly users?: number;
}

/** Providers, their models, and USD per million tokens in and out: only the proportions matter here. */
const MODELS = [
  ["openai", "gpt-5.2", 1.75, 14],
  ["openai", "gpt-5-mini", 0.25, 2],
  ["openai", "text-embedding-3-large", 0.13, 0],
  ["anthropic", "claude-opus-4-5", 5, 25],
  ["anthropic", "claude-haiku-4-5", 1, 5],
  ["gcp.gemini", "gemini-3-pro", 2, 12],
  ["gcp.gemini", "gemini-2.5-flash", 0.3, 2.5],
  ["mistral_ai", "mistral-large", 0.5, 1.5],
] as const;
const FAILURES = ["rate_limit", "rate_limit", "timeout", "model_overloaded", "api_error", "validation"] as const;
const SERVICES = ["checkout", "support-bot", "search"] as const;

/** Enriched spans as a busy gateway sees them: chat calls of eight models, 5 % failures, some retries, prompt caching. */
export function spanTraffic(options: SpanTrafficOptions): EnrichedSpan[] {
  const random = seededRandom(options.seed ?? 1).next;
  const { count, startMs = Date.now() - 60_000, spreadMs = 30_000, genaiShare = 1 } = options;
  return Array.from({ length: count }, (_, i) => {
    const spanStartMs = startMs + Math.floor((i / count) * spreadMs * 1000) / 1000;
    return random() < genaiShare ? modelCall(random, spanStartMs, options) : httpSpan(random, spanStartMs);
  });
}

/** The bytes are for sinks that forward; storage does not look at them. */
export const batchOf = (spans: readonly EnrichedSpan[]): EnrichedBatch => ({
  spanCount: spans.length,
  sizeBytes: 0,
  spans,
  otlp: new Uint8Array(),
});

type Random = () => number;

function modelCall(random: Random, startMs: number, { userShare = 0.2, users = 500 }: SpanTrafficOptions): EnrichedSpan {
  const [provider, model, inputPrice, outputPrice] = pick(random, MODELS);
  const failed = random() < 0.05;
  const durationMs = 200 * Math.exp(3 * random() * random());
  const attributes = {
    "gen_ai.operation.name": model.startsWith("text-embedding") ? "embeddings" : "chat",
    "gen_ai.provider.name": provider,
    "gen_ai.request.model": model,
    "gen_ai.request.temperature": 0.7,
    "gen_ai.request.max_tokens": 1024,
    "gen_ai.response.id": `resp_${hex(random, 24)}`,
    "server.address": `api.${provider}.example`,
    "server.port": 443,
    ...(random() < userShare ? { "user.id": `user-${Math.floor(users * random() * random())}` } : {}),
  };
  const enrichment: Record<string, string | number | boolean> = {
    llm_call: true,
    "gen_ai.provider.name": provider,
    "gen_ai.operation.name": attributes["gen_ai.operation.name"],
    "gen_ai.request.model": model,
    ...(failed ? failure(random) : success(random, { durationMs, inputPrice, outputPrice, model })),
  };
  if (random() < 0.03)
    Object.assign(enrichment, {
      retry_count: 1 + Math.floor(4 * random()),
      retry_reason: pick(random, FAILURES),
      retry_wait_ms: 500 * random(),
    });
  if (random() < 0.02) enrichment["retry_of"] = hex(random, 16);
  const span = spanOf(random, { name: `chat ${model}`, startMs, durationMs, kind: SPAN_KIND.client, failed, attributes });
  return enriched(span, enrichment);
}

function failure(random: Random): Record<string, string | number | boolean> {
  return {
    error_category: pick(random, FAILURES),
    error_retryable: random() < 0.7,
    error_retry_after_ms: Math.floor(1000 * random()),
    "error.type": "429",
    cost_status: "no_usage",
  };
}

function success(
  random: Random,
  call: { durationMs: number; inputPrice: number; outputPrice: number; model: string },
): Record<string, string | number> {
  const input = Math.floor(200 + 4000 * random());
  const cached = random() < 0.4 ? Math.floor(input * random()) : 0;
  const output = Math.floor(20 + 600 * random());
  const tokens = {
    "gen_ai.response.model": `${call.model}-2026-01-01`,
    "gen_ai.usage.input_tokens": input,
    "gen_ai.usage.output_tokens": output,
    "gen_ai.usage.cache_read.input_tokens": cached,
    "gen_ai.response.time_to_first_chunk": call.durationMs / 4000,
    output_tokens_per_second: output / (call.durationMs / 1000),
    cache_hit_ratio: cached / input,
  };
  if (random() < 0.05) return { ...tokens, cost_status: "unknown_model" };
  const inputUsd = ((input - cached) * call.inputPrice) / 1e6;
  const cacheUsd = (cached * call.inputPrice) / 1e7;
  const outputUsd = (output * call.outputPrice) / 1e6;
  const savings = (cached * call.inputPrice * 0.9) / 1e6;
  return {
    ...tokens,
    cost_status: "priced",
    price_date: "2026-11-01",
    cost_usd: inputUsd + cacheUsd + outputUsd,
    cost_input_usd: inputUsd,
    cost_cache_read_usd: cacheUsd,
    cost_cache_write_usd: 0,
    cost_output_usd: outputUsd,
    cost_without_cache_usd: inputUsd + cacheUsd + outputUsd + savings,
    cache_savings_usd: savings,
  };
}

function httpSpan(random: Random, startMs: number): EnrichedSpan {
  const attributes = {
    "http.request.method": "POST",
    "http.response.status_code": 200,
    "url.full": `https://api.example/v1/${hex(random, 8)}`,
  };
  return enriched(
    spanOf(random, { name: "POST", startMs, durationMs: 300 * random(), kind: SPAN_KIND.client, failed: false, attributes }),
    null,
  );
}

interface SpanParts {
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly kind: number;
  readonly failed: boolean;
  readonly attributes: Span["attributes"];
}

function spanOf(random: Random, parts: SpanParts): Span {
  return {
    traceId: hex(random, 32),
    spanId: hex(random, 16),
    parentSpanId: random() < 0.7 ? hex(random, 16) : "",
    name: parts.name,
    kind: parts.kind,
    startMs: parts.startMs,
    endMs: parts.startMs + parts.durationMs,
    statusCode: parts.failed ? STATUS.error : STATUS.unset,
    statusMessage: parts.failed ? "Rate limit reached for requests" : "",
    scopeName: "genai-otel",
    scopeVersion: "1.0.0",
    attributes: parts.attributes,
    events: [],
    resource: { "service.name": pick(random, SERVICES), "deployment.environment.name": "production" },
  };
}

function enriched(span: Span, enrichment: Enrichment | null): EnrichedSpan {
  return { span, enrichment, attributesJson: Buffer.from(JSON.stringify(span.attributes)) };
}

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

function hex(random: Random, digits: number): string {
  let text = "";
  while (text.length < digits)
    text += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return text.slice(0, digits);
}
