import { createServer, request as httpRequest } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { context, metrics, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import fc from "fast-check";
import { fetch as npmFetch, request as npmRequest } from "undici";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startProviderStandIn } from "../processor/demo/provider-stand-in.ts";
import type { ProviderStandIn } from "../processor/demo/provider-stand-in.ts";
import { GenAiInstrumentation } from "./genai-instrumentation.ts";

const exporter = new InMemorySpanExporter();
const metricExporter = new InMemoryMetricExporter(1);
const meterProvider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: metricExporter })] });
const genAi = new GenAiInstrumentation({
  enabled: false,
  endpoints: [{ path: /\/own\/answer$/, operation: "chat", provider: "house", wire: "anthropic-messages" }],
});
const provider = new BasicTracerProvider({ spanProcessors: [genAi.spanProcessor, new SimpleSpanProcessor(exporter)] });

let standIn: ProviderStandIn;
let url: string;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  metrics.setGlobalMeterProvider(meterProvider);
  standIn = await startProviderStandIn();
  url = `${standIn.url}/v1/chat/completions`;
});
afterAll(async () => {
  genAi.disable();
  await standIn.close();
});
afterEach(() => {
  genAi.disable();
  exporter.reset();
});

const calls = () => exporter.getFinishedSpans().filter(({ attributes }) => attributes["gen_ai.operation.name"] !== undefined);
const body = (content = "hello") => JSON.stringify({ model: "gpt-5.2", messages: [{ role: "user", content }] });
const post = (content?: string): RequestInit => ({ method: "POST", body: body(content), headers: { "content-type": "application/json" } });

describe("what the application holds stays native", () => {
  it("fetch has its name and length, answers the native Response, and is itself again after disable()", async () => {
    const native = globalThis.fetch;
    genAi.enable();
    expect([fetch.name, fetch.length]).toEqual([native.name, native.length]);
    const response = await fetch(url, post());
    expect(Object.getPrototypeOf(response)).toBe(Response.prototype);
    expect(Object.getOwnPropertyNames(response)).toEqual([]);
    expect([response.url, response.redirected, response.type]).toEqual([url, false, "basic"]);
    const copy = response.clone();
    expect(await copy.text()).toBe(await response.text());
    genAi.disable();
    expect(globalThis.fetch).toBe(native);
    expect(calls()).toHaveLength(1);
  });

  it("a rejection that nobody handles is reported once, as without us", async () => {
    const seen: unknown[] = [];
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (reason) => seen.push(reason));
    genAi.enable();
    void fetch(url, { ...post("[[u1~reset]]") });
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
    expect(seen).toHaveLength(1);
  });

  it("an 'error' of node:http that nobody listens for is still thrown", async () => {
    genAi.enable();
    const thrown = new Promise<Error>((resolve) => {
      const listeners = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.once("uncaughtException", (error) => {
        for (const listener of listeners) process.on("uncaughtException", listener);
        resolve(error);
      });
    });
    httpRequest(url, { method: "POST" }).end(body("[[u2~reset]]"));
    expect((await thrown).message).toMatch(/hang up|ECONNRESET/);
  });

  it("a stream that is left is cancelled on the wire", async () => {
    genAi.enable();
    const response = await fetch(url, {
      ...post(),
      body: JSON.stringify({ model: "gpt-5.2", stream: true, messages: [{ content: "[[left~ok;gap=20;chunks=200]]" }] }),
    });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(standIn.requests.at(-1)).toMatchObject({ scriptId: "left", complete: false });
    expect(calls()[0]?.status.code).toBe(0);
  });
});

describe("whatever a server does, fetch gives the same with us and without", () => {
  let server: Server;
  let answers: { status: number; type: string; chunks: Uint8Array[]; cut: boolean };
  beforeAll(async () => {
    server = createServer((_request, response) => {
      response.writeHead(answers.status, { "content-type": answers.type });
      for (const chunk of answers.chunks) response.write(chunk);
      if (answers.cut) setTimeout(() => response.destroy(), 5);
      else response.end();
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => new Promise<void>((resolve) => (server.closeAllConnections(), server.close(() => resolve()))));

  async function outcome(): Promise<unknown> {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`;
    try {
      const response = await fetch(address, post());
      const bytes = Buffer.from(await response.arrayBuffer());
      return { status: response.status, headers: [...response.headers.keys()], bytes: bytes.toString("hex") };
    } catch (error) {
      return { name: (error as Error).name, message: (error as Error).message };
    }
  }

  it("property", async () => {
    const types = ["application/json", "text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream"];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(200, 200, 400, 429, 500, 529),
        fc.constantFrom(...types),
        fc.array(
          fc.oneof(
            fc.uint8Array({ minLength: 1, maxLength: 80 }),
            fc.constantFrom("data: {}\n", 'data: {"error":"x"}\n\n', "{").map((text) => Buffer.from(text)),
          ),
          { maxLength: 6 },
        ),
        fc.boolean(),
        async (status, type, chunks, cut) => {
          answers = { status, type, chunks, cut };
          const alone = await outcome();
          genAi.enable();
          const watched = await outcome();
          genAi.disable();
          expect(watched).toEqual(alone);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("other ways to the wire", () => {
  it.each([
    ["undici's fetch", () => npmFetch(url, { method: "POST", body: body() }).then((response) => response.text())],
    ["undici's request", () => npmRequest(url, { method: "POST", body: body() }).then((answer) => answer.body.text())],
    ["a Request object, whose body is read while it is sent", () => fetch(new Request(url, post())).then((response) => response.text())],
    ["bytes as body", () => fetch(url, { ...post(), body: new TextEncoder().encode(body()) }).then((response) => response.text())],
    [
      "node:http",
      () =>
        new Promise((resolve) => {
          const request = httpRequest(url, { method: "POST" }, (answer) => void answer.resume().on("end", resolve));
          request.write(body().slice(0, 20));
          request.end(body().slice(20));
        }),
    ],
    [
      "node:http that never ends the request, whose body has its length",
      () =>
        new Promise((resolve) => {
          const headers = { "content-length": Buffer.byteLength(body()) };
          const request = httpRequest(url, { method: "POST", headers }, (answer) => {
            answer.resume().on("end", () => resolve(request.destroy()));
          });
          request.write(body());
        }),
    ],
  ])("%s: one call with model and tokens", async (_way, send) => {
    genAi.enable();
    await send();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(calls().map(({ name, attributes }) => [name, attributes["gen_ai.usage.output_tokens"]])).toEqual([
      ["chat gpt-5.2", standIn.requests.at(-1)?.usage?.output],
    ]);
  });

  it("leaves alone what only looks like a model's address", async () => {
    genAi.enable();
    await fetch(url, { method: "POST", body: JSON.stringify({ messages: [] }) });
    await fetch(url);
    await fetch(`${standIn.url}/v1/messages`, { method: "POST", body: "text=hello" });
    expect(exporter.getFinishedSpans()).toHaveLength(0);
  });

  it("knows the user's own endpoints", async () => {
    genAi.enable();
    await fetch(`${standIn.url}/own/answer`, { method: "POST", body: JSON.stringify({ model: "house-1" }) });
    expect(calls()[0]).toMatchObject({
      name: "chat house-1",
      attributes: { "gen_ai.provider.name": "house", "http.response.status_code": 404 },
    });
  });
});

it("emits the convention's metrics when there is a meter provider", async () => {
  genAi.enable();
  await (await fetch(url, post("[[~ok;input=10;read=30;output=20]]"))).text();
  await meterProvider.forceFlush();
  const found = metricExporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics.map(({ descriptor }) => descriptor.name)));
  expect(found).toEqual(
    expect.arrayContaining([
      "gen_ai.client.inference.duration",
      "gen_ai.client.operation.duration",
      "gen_ai.client.token.usage",
      "gen_ai.client.inference.usage.cache_read.input_tokens",
    ]),
  );
});

it("a call that is asked anew from outside a client that counts its attempts has failed, and its span is ended then", async () => {
  genAi.enable();
  const ask = async (attempt: string): Promise<void> => {
    const headers = { "x-stainless-retry-count": attempt };
    await (await fetch(url, { ...post("[[outside~server_error;after-ms=20,unavailable;after-ms=20,ok]]"), headers })).text();
  };
  await ask("0");
  expect(calls()).toHaveLength(0);
  await ask("0");
  expect(calls().map(({ attributes }) => attributes["http.response.status_code"])).toEqual([500]);
  await ask("1");
  await vi.waitFor(() => expect(calls()).toHaveLength(2));
  expect(calls()[1]?.attributes).toMatchObject({ "http.response.status_code": 200, "http.request.resend_count": 1 });
});

it("a second instance in the process adds no second span", async () => {
  genAi.enable();
  const second = new GenAiInstrumentation();
  await (await fetch(url, post())).text();
  second.disable();
  expect(calls()).toHaveLength(1);
});

describe("message content", () => {
  it("is not kept unless configured", async () => {
    genAi.enable();
    await (await fetch(url, post("a secret"))).text();
    expect(JSON.stringify(exporter.getFinishedSpans().map(({ attributes, events, status }) => [attributes, events, status]))).not.toContain(
      "a secret",
    );
  });

  it("is kept when configured, cut to the limit, whole and streamed", async () => {
    const config = genAi.getConfig();
    genAi.setConfig({ ...config, captureMessageContent: true });
    genAi.enable();
    const messages = [
      { role: "system", content: "be kind" },
      { role: "user", content: [{ type: "text", text: "x".repeat(40_000) }] },
    ];
    for (const stream of [false, true])
      await (await fetch(url, { ...post(), body: JSON.stringify({ model: "gpt-5.2", messages, stream }) })).text();
    genAi.setConfig(config);
    for (const { attributes } of calls()) {
      const input = JSON.parse(String(attributes["gen_ai.input.messages"])) as { role: string; parts: { content: string }[] }[];
      expect(input.map(({ role, parts }) => [role, parts[0]!.content.length])).toEqual([
        ["system", 7],
        ["user", 16 * 1024 - 7],
      ]);
      expect(String(attributes["gen_ai.output.messages"])).toMatch(
        /^\[\{"role":"assistant","parts":\[\{"type":"text","content":"the model answers/,
      );
    }
    expect(calls()).toHaveLength(2);
  });
});
