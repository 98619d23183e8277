import { context, SpanKind, trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { bench, do_not_optimize, group, summary } from "mitata";
import { enrichBatch, type EnrichContext } from "../processor/core/enrich.ts";
import { DEFAULT_PRICE_BOOK } from "../processor/core/price-book.ts";
import { SPAN_KIND, STATUS, type Attributes, type Span } from "../processor/core/span.ts";
import { createTraceMemory } from "../processor/core/trace-memory.ts";
import { scanRequest } from "../processor/otlp/scan-request.ts";
import { SCAN_KEYS, SPAN_SHAPES } from "../processor/otlp/scan-keys.ts";
import { GenAiSpanProcessor } from "../processor/span-processor.ts";
import { referenceCodec } from "../test/support/otlp-reference-codec.ts";

const BATCH_SPANS = 100;

function span(trace: number, index: number, over: Partial<Span>): Span {
  return {
    traceId: trace.toString(16).padStart(32, "0"),
    spanId: index.toString(16).padStart(16, "0"),
    parentSpanId: "",
    name: "chat",
    kind: SPAN_KIND.client,
    startMs: 1_790_000_000_000 + index,
    endMs: 1_790_000_000_900 + index,
    statusCode: STATUS.unset,
    statusMessage: "",
    scopeName: "@opentelemetry/instrumentation-openai",
    scopeVersion: "0.22.0",
    attributes: {},
    events: [],
    resource: {},
    ...over,
  };
}

function attributes(values: Record<string, string | number>): Attributes {
  return Object.assign(Object.create(null) as Record<string, string | number>, values);
}

/** What a decoder hands over: the keys that the core reads. */
const CHAT = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-5.2",
  "gen_ai.response.model": "gpt-5.2-2025-12-11",
  "gen_ai.response.id": "chatcmpl-1",
  "gen_ai.response.finish_reasons": "stop",
  "gen_ai.usage.input_tokens": 1_200,
  "gen_ai.usage.output_tokens": 80,
  "gen_ai.usage.cache_read.input_tokens": 1_024,
  "server.address": "api.openai.com",
};

const QUERY = { "server.address": "db.internal", "error.type": "" };

function batches(make: (trace: number, index: number) => Span, traces: number): Span[][] {
  return Array.from({ length: 64 }, (_, batch) =>
    Array.from({ length: BATCH_SPANS }, (_unused, index) => make(batch * traces + (index % traces) + 1, batch * BATCH_SPANS + index + 1)),
  );
}

const codec = referenceCodec("ExportTraceServiceRequest");

/** The same spans as the gateway sees them: views of a request, of shapes that came before. */
function scanned(spans: readonly Span[]): readonly Span[] {
  const body = codec.encode(codec.fromObject({ resourceSpans: [{ scopeSpans: spans.map(scopeSpansOf) }] })).finish();
  scanRequest(body, SCAN_KEYS, { shapes: SPAN_SHAPES });
  return scanRequest(body, SCAN_KEYS, { shapes: SPAN_SHAPES }).spans;
}

function scopeSpansOf({ scopeName, scopeVersion, statusCode, statusMessage, startMs, endMs, ...span }: Span): object {
  return {
    scope: { name: scopeName, version: scopeVersion },
    spans: [
      {
        traceId: Buffer.from(span.traceId, "hex"),
        spanId: Buffer.from(span.spanId, "hex"),
        name: span.name,
        kind: span.kind,
        startTimeUnixNano: `${startMs}000000`,
        endTimeUnixNano: `${endMs}000000`,
        status: { code: statusCode, message: statusMessage },
        attributes: Object.entries(span.attributes).map(([key, value]) => ({
          key,
          value: typeof value === "number" ? { intValue: value } : { stringValue: value },
        })),
      },
    ],
  };
}

function enrichContext(): EnrichContext {
  return { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 2_000, spansPerTraceMax: 1_000, ageMsMax: 60_000 }) };
}

/** A request of the application with one model call in it, as three spans of an SDK. */
function traceOnce(provider: BasicTracerProvider): void {
  const app = provider.getTracer("app");
  const root = app.startSpan("handle");
  const inRoot = trace.setSpan(context.active(), root);
  const call = provider
    .getTracer("@opentelemetry/instrumentation-openai")
    .startSpan("chat", { kind: SpanKind.CLIENT, attributes: START }, inRoot);
  const request = app.startSpan("POST", { kind: SpanKind.CLIENT, attributes: REQUEST }, trace.setSpan(inRoot, call));
  request.setAttribute("http.response.status_code", 200);
  request.end();
  call.setAttributes(CHAT);
  call.end();
  root.end();
}

const START = { "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-5.2" };
const REQUEST = { "http.request.method": "POST", "url.full": "https://api.openai.com/v1/chat/completions" };

/** Batches of 100 spans; the figure of one span is a hundredth. */
export function register(): void {
  summary(() => {
    group("GenAiSpanProcessor, three spans of an SDK", () => {
      const bare = new BasicTracerProvider();
      const enriching = new BasicTracerProvider({ spanProcessors: [new GenAiSpanProcessor()] });
      bench("without", () => traceOnce(bare));
      bench("with", () => traceOnce(enriching));
    });
  });
  group(`enrich, a batch of ${BATCH_SPANS} spans`, () => {
    const calls = batches((trace, index) => span(trace, index, { attributes: attributes(CHAT) }), 50);
    const others = batches((trace, index) => span(trace, index, { scopeName: "pg", name: "SELECT", attributes: attributes(QUERY) }), 50);
    const failed = batches(
      (trace, index) =>
        span(trace, index, {
          statusCode: STATUS.error,
          statusMessage: "429 Rate limit reached for gpt-5.2, please try again in 1.5s",
          attributes: attributes({ ...CHAT, "error.type": "RateLimitError" }),
        }),
      50,
    );
    const works = {
      "model calls": calls,
      "failed calls": failed,
      "spans of others": others,
      "model calls, scanned": calls.map(scanned),
      "failed calls, scanned": failed.map(scanned),
      "spans of others, scanned": others.map(scanned),
    };
    for (const [name, work] of Object.entries(works)) {
      const shared = enrichContext();
      let turn = 0;
      bench(name, () => {
        const batch = work[turn++ % work.length];
        if (batch !== undefined) do_not_optimize(enrichBatch(batch, shared));
      });
    }
  });
}
