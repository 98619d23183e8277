import { createTraceMemory } from "../../processor/core/trace-memory.ts";
import { DEFAULT_PRICE_BOOK } from "../../processor/core/price-book.ts";
import { requestOf, resourceKey, type ExportTraceServiceRequest, type PlainSpan } from "../../processor/demo/history-spans.ts";
import { seededRandom, type Random } from "../../processor/demo/history-random.ts";
import { scanJsonTraces } from "../../processor/otlp/scan-json-traces.ts";
import { postgresSink } from "../../processor/sinks/postgres.ts";

/** So many equal calls, spread evenly over a time. */
export interface CallBatch {
  readonly count: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly environment?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly durationMs?: number;
  readonly ttftSeconds?: number;
  readonly inputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly outputTokens?: number;
  /** HTTP status and message of a call that failed. */
  readonly failure?: { readonly status: number; readonly message: string };
  /** The call succeeded after one attempt that was refused with this status. */
  readonly retriedAfter?: number;
}

const KIND_CLIENT = 3;

/** Calls as an application would export them: an OTLP/JSON request, not enriched. */
export function callsRequest(batches: readonly CallBatch[]): ExportTraceServiceRequest {
  const random = seededRandom(batches.reduce((sum, { fromMs, count }) => sum + fromMs + count, 0));
  const resources = new Map<string, PlainSpan[]>();
  for (const batch of batches) {
    const key = resourceKey("alert-test", batch.environment ?? "production");
    const spans = Array.from({ length: batch.count }, (_, index) => spansOf(batch, index, random)).flat();
    resources.set(key, [...(resources.get(key) ?? []), ...spans]);
  }
  return requestOf(resources);
}

/** Writes calls through the gateway's decoder, enrichment and sink. */
export async function storeCalls(databaseUrl: string, batches: readonly CallBatch[]): Promise<void> {
  const request = callsRequest(batches);
  const context = {
    prices: DEFAULT_PRICE_BOOK,
    memory: createTraceMemory({ tracesMax: 20_000, spansPerTraceMax: 100, ageMsMax: 3_600_000 }),
    settled: true,
  };
  const sink = postgresSink({ url: databaseUrl });
  try {
    await sink.write(scanJsonTraces(Buffer.from(JSON.stringify(request)), { context }).batch);
  } finally {
    await sink.close();
  }
}

function spansOf(batch: CallBatch, index: number, random: Random): PlainSpan[] {
  const { provider = "openai", model = "gpt-5-mini", durationMs = 900, failure, retriedAfter } = batch;
  const startMs = batch.fromMs + ((index + 0.5) * (batch.toMs - batch.fromMs)) / batch.count;
  const traceId = random.hex(16);
  const spanId = random.hex(8);
  const scope = "opentelemetry.util.genai";
  const call: PlainSpan = {
    traceId,
    spanId,
    parentSpanId: "",
    name: `chat ${model}`,
    kind: KIND_CLIENT,
    scope,
    startMs,
    endMs: startMs + durationMs,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": provider,
      "gen_ai.request.model": model,
      ...(failure === undefined ? answered(batch) : {}),
    },
    ...(failure === undefined ? {} : { failure: { type: String(failure.status), message: failure.message } }),
  };
  const http = (status: number, fromMs: number, toMs: number): PlainSpan => ({
    traceId,
    spanId: random.hex(8),
    parentSpanId: spanId,
    name: "POST",
    kind: KIND_CLIENT,
    scope: "http",
    startMs: fromMs,
    endMs: toMs,
    attributes: {
      "http.request.method": "POST",
      "url.full": "https://api.openai.com/v1/chat/completions",
      "http.response.status_code": status,
    },
    ...(status < 400 ? {} : { failure: { type: String(status), message: "" } }),
  });
  if (retriedAfter === undefined) return [call];
  return [call, http(retriedAfter, startMs + 1, startMs + durationMs / 3), http(200, startMs + durationMs / 2, startMs + durationMs - 1)];
}

function answered({
  inputTokens = 1000,
  cacheReadTokens,
  outputTokens = 100,
  model = "gpt-5-mini",
  ttftSeconds,
}: CallBatch): PlainSpan["attributes"] {
  return {
    "gen_ai.response.model": model,
    "gen_ai.usage.input_tokens": inputTokens,
    "gen_ai.usage.cache_read.input_tokens": cacheReadTokens,
    "gen_ai.usage.output_tokens": outputTokens,
    "gen_ai.response.time_to_first_chunk": ttftSeconds,
  };
}
