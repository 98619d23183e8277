import { context, SpanKind, SpanStatusCode, trace, type Span, type Tracer } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { GenAiSpanProcessor, type GenAiSpanProcessorOptions } from "./genai-otel.ts";

interface App {
  readonly processor: GenAiSpanProcessor;
  readonly provider: BasicTracerProvider;
  readonly exporter: InMemorySpanExporter;
  readonly tracer: (scope?: string) => Tracer;
  readonly span: (spanId: string) => ReadableSpan | undefined;
}

function app(options: GenAiSpanProcessorOptions = {}, order: "first" | "last" = "first"): App {
  const exporter = new InMemorySpanExporter();
  const processor = new GenAiSpanProcessor(options);
  const exporting = new SimpleSpanProcessor(exporter);
  const spanProcessors: SpanProcessor[] = order === "first" ? [processor, exporting] : [exporting, processor];
  const provider = new BasicTracerProvider({ spanProcessors });
  return {
    processor,
    provider,
    exporter,
    tracer: (scope = "@opentelemetry/instrumentation-openai") => provider.getTracer(scope),
    span: (spanId) => exporter.getFinishedSpans().find((span) => span.spanContext().spanId === spanId),
  };
}

function under(parent: Span) {
  return trace.setSpan(context.active(), parent);
}

const REQUEST = { "http.request.method": "POST", "url.full": "https://api.openai.com/v1/chat/completions" };
const CALL = { "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-5.2" };
const ANSWER = { "gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": 1_200, "gen_ai.usage.output_tokens": 80 };

/** The SDK's clock: times are given, so that no test waits. */
const T0 = Date.UTC(2026, 10, 24, 8);

function startCall(tracer: Tracer, parent?: Span, at = 0): Span {
  return tracer.startSpan(
    "chat gpt-5.2",
    { kind: SpanKind.CLIENT, attributes: CALL, startTime: T0 + at },
    parent === undefined ? undefined : under(parent),
  );
}

function request(tracer: Tracer, parent: Span, at: { from: number; to: number; status?: number }): Span {
  const span = tracer.startSpan("POST", { kind: SpanKind.CLIENT, attributes: REQUEST, startTime: T0 + at.from }, under(parent));
  if (at.status !== undefined) span.setAttribute("http.response.status_code", at.status);
  if ((at.status ?? 0) >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(T0 + at.to);
  return span;
}

afterEach(() => vi.useRealTimers());

describe.each(["first", "last"] as const)("GenAiSpanProcessor, %s among the processors", (order) => {
  test("adds its attributes before the span is exported", () => {
    const { tracer, span } = app({}, order);
    const call = startCall(tracer());
    request(tracer("undici"), call, { from: 1, to: 10, status: 429 });
    request(tracer("undici"), call, { from: 40, to: 90, status: 200 });
    call.setAttributes(ANSWER);
    call.end(T0 + 100);
    expect(span(call.spanContext().spanId)?.attributes).toMatchObject({
      llm_call: true,
      "gen_ai.provider.name": "openai",
      cost_status: "priced",
      retry_count: 1,
      retry_reason: "rate_limit",
      retry_wait_ms: 30,
    });
  });

  test("leaves other spans as they are", () => {
    const { tracer, span } = app({}, order);
    const query = tracer("pg").startSpan("SELECT", { attributes: { "db.system": "postgresql" } });
    query.end();
    expect(span(query.spanContext().spanId)?.attributes).toEqual({ "db.system": "postgresql" });
  });
});

describe("GenAiSpanProcessor", () => {
  test("counts an attempt whose span ends after the call's", () => {
    const { tracer, span } = app();
    const call = startCall(tracer());
    request(tracer("undici"), call, { from: 1, to: 10, status: 500 });
    const stream = tracer("undici").startSpan("POST", { kind: SpanKind.CLIENT, attributes: REQUEST, startTime: T0 + 40 }, under(call));
    call.setAttributes(ANSWER);
    call.end(T0 + 100);
    stream.end(T0 + 150);
    expect(span(call.spanContext().spanId)?.attributes).toMatchObject({ retry_count: 1, retry_reason: "api_error" });
  });

  test("an application's loop around a framework that still runs", () => {
    const { tracer, span } = app();
    const root = tracer("app").startSpan("handle", { startTime: T0 });
    const failedAgent = tracer("ai").startSpan(
      "ai.generateText",
      { attributes: { "ai.operationId": "ai.generateText" }, startTime: T0 },
      under(root),
    );
    const failed = startCall(tracer(), failedAgent, 1);
    failed.setAttribute("error.type", "RateLimitError");
    failed.setStatus({ code: SpanStatusCode.ERROR });
    failed.end(T0 + 10);
    failedAgent.setStatus({ code: SpanStatusCode.ERROR });
    failedAgent.end(T0 + 11);
    const agent = tracer("ai").startSpan(
      "ai.generateText",
      { attributes: { "ai.operationId": "ai.generateText" }, startTime: T0 + 30 },
      under(root),
    );
    const again = startCall(tracer(), agent, 31);
    again.setAttributes(ANSWER);
    again.end(T0 + 60);
    expect(span(again.spanContext().spanId)?.attributes).toMatchObject({ retry_of: failed.spanContext().spanId, retry_count: 1 });
  });

  test("of a call that is traced twice, the inner span counts", () => {
    const { tracer, span } = app();
    const outer = startCall(tracer("@traceloop/instrumentation-anthropic"));
    const inner = startCall(tracer("com.anthropic.sdk.typescript"), outer, 1);
    inner.end(T0 + 90);
    outer.end(T0 + 91);
    expect([span(outer.spanContext().spanId)?.attributes["llm_call"], span(inner.spanContext().spanId)?.attributes["llm_call"]]).toEqual([
      false,
      true,
    ]);
  });
});

describe("a call whose span its instrumentation never ends", () => {
  function lost(options: GenAiSpanProcessorOptions = {}, status: number | undefined = 429) {
    const running = app(options);
    const call = startCall(running.tracer());
    request(running.tracer("undici"), call, { from: 1, to: 10, status });
    return { ...running, call, id: call.spanContext().spanId };
  }

  test("is ended as failed after a bounded wait, at the time of its last request", () => {
    vi.useFakeTimers({ now: T0 });
    const { span, id } = lost({ unendedWaitMs: 5_000 });
    vi.advanceTimersByTime(4_999);
    expect(span(id)).toBeUndefined();
    vi.advanceTimersByTime(2);
    const ended = span(id);
    expect(ended?.status.code).toBe(SpanStatusCode.ERROR);
    expect(ended?.attributes).toMatchObject({ llm_call: true, error_category: "rate_limit", "error.type": "429", retry_count: 0 });
    expect(ended?.endTime).toEqual([(T0 + 10 - ((T0 + 10) % 1_000)) / 1_000, ((T0 + 10) % 1_000) * 1e6]);
  });

  test("soon, when no further attempt can help", () => {
    vi.useFakeTimers({ now: T0 });
    const { span, id } = lost({}, 401);
    vi.advanceTimersByTime(1_001);
    expect(span(id)?.attributes).toMatchObject({ error_category: "auth" });
  });

  test.each(["forceFlush", "shutdown"] as const)("on %s", async (how) => {
    const { provider, processor, exporter, id } = lost();
    await processor[how]();
    const ended = exporter.getFinishedSpans().find((span) => span.spanContext().spanId === id);
    expect(ended?.attributes).toMatchObject({ error_category: "rate_limit" });
    await provider.shutdown();
  });

  test("waits while the SDK tries again", () => {
    vi.useFakeTimers({ now: T0 });
    const { span, id, call, tracer } = lost({ unendedWaitMs: 5_000 });
    vi.advanceTimersByTime(4_000);
    request(tracer("undici"), call, { from: 4_000, to: 4_100, status: 200 });
    vi.advanceTimersByTime(60_000);
    expect(span(id)).toBeUndefined();
    call.setAttributes(ANSWER);
    call.end(T0 + 4_200);
    expect(span(id)?.attributes).toMatchObject({ retry_count: 1, llm_call: true });
    expect(span(id)?.attributes).not.toHaveProperty("error_category");
  });

  test("ends by itself in time, and nothing is done", () => {
    vi.useFakeTimers({ now: T0 });
    const { exporter, call } = lost({ unendedWaitMs: 5_000 });
    call.end(T0 + 20);
    vi.advanceTimersByTime(60_000);
    expect(exporter.getFinishedSpans()).toHaveLength(2);
  });

  test("unless the instrumentation is this package's own, which waits for the next attempt itself", async () => {
    const { tracer, exporter, processor } = app();
    request(tracer("genai-otel"), startCall(tracer("genai-otel")), { from: 1, to: 10, status: 429 });
    await processor.forceFlush();
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });

  test("a request of nobody's call is nobody's", () => {
    vi.useFakeTimers({ now: T0 });
    const { tracer, exporter } = app({ unendedWaitMs: 100 });
    const root = tracer("app").startSpan("handle");
    request(tracer("undici"), root, { from: 1, to: 10, status: 429 });
    vi.advanceTimersByTime(60_000);
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });
});

describe("what it must never do", () => {
  test("throw into the application", () => {
    const { processor } = app({
      prices: {
        date: "",
        find() {
          throw new Error("no prices today");
        },
        providers: () => [],
        models: () => [],
      },
    });
    const broken = {
      get attributes() {
        throw new Error("no attributes");
      },
      spanContext: () => ({ traceId: "t", spanId: "s" }),
    };
    expect(() => processor.onStart(broken as never)).not.toThrow();
    expect(() => processor.onEnding(broken as never)).not.toThrow();
    expect(() => processor.onEnd(broken as never)).not.toThrow();
    expect(processor.failures).toBe(3);
  });

  test("remember a trace when its root has ended and nothing of it is under way", () => {
    const { processor, tracer } = app();
    const { memory } = Reflect.get(processor, "context") as { memory: { size: number; requests: readonly unknown[] } };
    const root = tracer("app").startSpan("handler");
    const slow = startCall(tracer(), root);
    for (let n = 0; n < 10; n += 1) {
      const call = startCall(tracer());
      request(tracer("http"), call, { from: 0, to: 10, status: 200 }).end(T0 + 10);
      call.setAttributes(ANSWER).end(T0 + 20);
    }
    expect([memory.size, memory.requests]).toEqual([0, []]);
    root.end();
    slow.setAttributes(ANSWER).end(T0 + 30);
    expect(memory.size).toBe(1);
  });

  test("keep spans that are never ended beyond its bound", () => {
    const { processor, tracer } = app();
    for (let n = 0; n < 12_000; n += 1) tracer("app").startSpan("forgotten");
    expect(Reflect.get(processor, "live").size).toBe(10_000);
  });

  test("do anything twice at shutdown", async () => {
    const { processor } = app();
    await expect(processor.shutdown()).resolves.toBeUndefined();
    await expect(processor.shutdown()).resolves.toBeUndefined();
  });

  test("hold the process while it waits for a call to end", async () => {
    const started = Date.now();
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", WAITING_APP], { cwd: ROOT, stdio: "inherit" });
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    expect(Date.now() - started).toBeLessThan(20_000);
  });

  test("load a database driver, gRPC or a server", async () => {
    expect([...(await bareImports("./genai-otel.ts"))].toSorted()).toEqual(["@opentelemetry/api"]);
  });
});

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const WAITING_APP = `
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { context, trace } from "@opentelemetry/api";
import { GenAiSpanProcessor } from "./processor/genai-otel.ts";
const tracer = new BasicTracerProvider({ spanProcessors: [new GenAiSpanProcessor()] }).getTracer("@opentelemetry/instrumentation-openai");
const call = tracer.startSpan("chat", { attributes: ${JSON.stringify(CALL)} });
const request = tracer.startSpan("POST", { attributes: ${JSON.stringify(REQUEST)} }, trace.setSpan(context.active(), call));
request.setAttribute("http.response.status_code", 429);
request.end();
`;

/** Packages that a file imports, with all that it imports; type imports are gone at run time. */
async function bareImports(path: string, from = new URL(import.meta.url), seen = new Set<string>()): Promise<Set<string>> {
  const url = new URL(path, from);
  if (seen.has(url.href)) return new Set();
  seen.add(url.href);
  const source = await readFile(url, "utf8");
  const bare = new Set<string>();
  for (const [, specifier = ""] of source.matchAll(/^(?:import|export) (?!type)[^;]*?from "([^"]+)";/gm)) {
    if (!specifier.startsWith(".")) bare.add(specifier);
    else for (const name of await bareImports(specifier, url, seen)) bare.add(name);
  }
  return bare;
}
