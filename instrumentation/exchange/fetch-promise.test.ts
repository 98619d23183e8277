import { getEventListeners } from "node:events";
import { createServer } from "node:http";
import { createServer as createSocketServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import type { ProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import { GenAiInstrumentation } from "../genai-instrumentation.ts";

// The application keeps the promise that Node's fetch made: no other one stands between, and nothing of ours counts as handling it.

const exporter = new InMemorySpanExporter();
const genAi = new GenAiInstrumentation({ enabled: false });
const native = globalThis.fetch;
const settled = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const calls = () => exporter.getFinishedSpans().filter(({ attributes }) => attributes["gen_ai.operation.name"] !== undefined);
const ask = (content: string): RequestInit => ({
  method: "POST",
  body: JSON.stringify({ model: "gpt-5.2", messages: [{ role: "user", content }] }),
});

let standIn: ProviderStandIn;
let url: string;
/** What Node's own fetch returned last. */
let made: Promise<Response> | undefined;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [genAi.spanProcessor, new SimpleSpanProcessor(exporter)] }));
  standIn = await startProviderStandIn();
  url = `${standIn.url}/v1/chat/completions`;
});
afterAll(() => standIn.close());
beforeEach(() => {
  globalThis.fetch = (...args) => (made = native(...args));
  genAi.enable();
});
afterEach(() => {
  genAi.disable();
  globalThis.fetch = native;
  exporter.reset();
});

/** Rejections that Node reports while `work` runs and shortly after. */
async function reported(
  work: (unhandled: readonly unknown[]) => unknown,
): Promise<{ unhandled: [unknown, unknown][]; handledLater: unknown[] }> {
  const events = ["unhandledRejection", "rejectionHandled"] as const;
  const before = events.map((event) => process.listeners(event as "unhandledRejection"));
  for (const event of events) process.removeAllListeners(event);
  const [unhandled, handledLater]: [[unknown, unknown][], unknown[]] = [[], []];
  process.on("unhandledRejection", (reason, promise) => unhandled.push([reason, promise]));
  process.on("rejectionHandled", (promise) => handledLater.push(promise));
  await work(unhandled);
  await settled(200);
  for (const [index, event] of events.entries()) {
    process.removeAllListeners(event);
    for (const listener of before[index] ?? []) process.on(event as "unhandledRejection", listener);
  }
  return { unhandled, handledLater };
}

describe("the promise of fetch", () => {
  it.each([
    ["a text", () => fetch(url, ask("hello"))],
    ["a Request", () => fetch(new Request(url, ask("hello")))],
    ["a signal", () => fetch(url, { ...ask("hello"), signal: new AbortController().signal })],
  ])("is Node's own: %s", async (_name, send) => {
    const promise = send();
    expect(promise).toBe(made);
    expect(await (await promise).text()).toContain("the model answers");
    await vi.waitFor(() => expect(calls()).toHaveLength(1), 5_000);
  });

  it("is reported as Node reports it when nobody handles its rejection: once, that very promise", async () => {
    const { unhandled, handledLater } = await reported(async (seen) => {
      void fetch(url, ask("[[p1~reset]]"));
      await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
    });
    expect(unhandled).toHaveLength(1);
    expect(unhandled[0]?.[1]).toBe(made);
    expect(unhandled[0]?.[0]).toMatchObject({ name: "TypeError", message: "fetch failed" });
    expect(handledLater).toEqual([]);
    genAi.endAll();
    expect(calls()[0]?.attributes["error.type"]).toMatch(/SOCKET|RESET/);
  });

  it("is reported as handled late when it is handled late", async () => {
    const { unhandled, handledLater } = await reported(async (seen) => {
      const promise = fetch(url, ask("[[p2~reset]]"));
      await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
      await promise.catch(() => {});
    });
    expect(unhandled).toHaveLength(1);
    expect(handledLater).toEqual([made]);
  });

  it("is not reported when it is handled", async () => {
    const { unhandled } = await reported(() => fetch(url, ask("[[p3~reset]]")).catch(() => {}));
    expect(unhandled).toEqual([]);
    genAi.endAll();
    expect(calls()).toHaveLength(1);
  });

  it("of a fetch that somebody replaced and that sends nothing: its rejection is reported once, its outcome is seen", async () => {
    genAi.disable();
    const reason = new Error("mocked away");
    globalThis.fetch = () => Promise.reject(reason);
    genAi.enable();
    const { unhandled } = await reported(() => void fetch(url, ask("hello")));
    expect(unhandled.map(([why]) => why)).toEqual([reason]);
    genAi.endAll();
    expect(calls()[0]?.status).toMatchObject({ message: "mocked away" });
  });

  it("of a fetch that a wrapper calls later: the call is seen with its tokens all the same", async () => {
    genAi.disable();
    globalThis.fetch = async (...args) => {
      await settled(5);
      return native(...args);
    };
    genAi.enable();
    await (await fetch(url, ask("[[p4~ok;output=31]]"))).text();
    await vi.waitFor(() => expect(calls()).toHaveLength(1), 5_000);
    expect(calls().map(({ attributes }) => attributes["gen_ai.usage.output_tokens"])).toEqual([31]);
  });
});

describe("a signal", () => {
  let unaccepted: Server;
  let address: string;
  beforeAll(async () => {
    // A TLS handshake that nobody answers: the connection is never ready, so undici has nothing to say of the request.
    unaccepted = createSocketServer(() => {});
    await new Promise<void>((resolve) => void unaccepted.listen(0, "127.0.0.1", resolve));
    address = `https://127.0.0.1:${(unaccepted.address() as AddressInfo).port}/v1/chat/completions`;
  });
  afterAll(() => void unaccepted.close());

  it("that fires before there is a connection ends the call then, and the next attempt is one of the same call", async () => {
    const start = Date.now();
    for (const attempt of ["0", "1"]) {
      // As the clients of OpenAI and Anthropic do it.
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), 80);
      const init = { ...ask("hello"), headers: { "x-stainless-retry-count": attempt }, signal: controller.signal };
      await expect(fetch(address, init)).rejects.toMatchObject({ name: "AbortError" });
      clearTimeout(timer);
    }
    const ended = Date.now();
    genAi.endAll();
    const [call, ...others] = calls();
    expect(others).toEqual([]);
    expect(call?.attributes).toMatchObject({ "error.type": "TimeoutError", "http.request.resend_count": 1 });
    const endMs = (call?.endTime[0] ?? 0) * 1000 + (call?.endTime[1] ?? 0) / 1e6;
    expect(endMs).toBeGreaterThanOrEqual(start + 100);
    expect(endMs).toBeLessThanOrEqual(ended + 5);
  });

  it("keeps no listener of ours once the request is sent", async () => {
    const { signal } = new AbortController();
    const listeners = (): number => getEventListeners(signal, "abort").length;
    const watched = fetch(url, { ...ask("hello"), signal });
    const during = listeners();
    const response = await watched;
    const ours = during - listeners();
    await response.text();
    expect(ours).toBe(1);
  });
});

describe("a redirect", () => {
  let redirecting: ReturnType<typeof createServer>;
  let address: string;
  beforeAll(async () => {
    redirecting = createServer((request, response) => {
      const status = Number(request.url?.slice(1, 4));
      response.writeHead(status, status === 304 ? {} : { location: url }).end();
    });
    await new Promise<void>((resolve) => void redirecting.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`;
  });
  afterAll(() => void redirecting.close());
  const through = (status: number, init: RequestInit = {}): Promise<Response> =>
    fetch(`${address}/${status}/v1/chat/completions`, { ...ask("[[~ok;output=17]]"), ...init });

  it.each([307, 308])("that repeats the request (%i) is followed: one call, with the answer's tokens", async (status) => {
    await (await through(status)).text();
    await vi.waitFor(() => expect(calls()).toHaveLength(1), 5_000);
    expect(calls().map(({ attributes }) => [attributes["http.response.status_code"], attributes["gen_ai.usage.output_tokens"]])).toEqual([
      [200, 17],
    ]);
  });

  it("is followed in an application without a context manager, and a wrapper may call later there too", async () => {
    context.disable();
    await (await through(308)).text();
    await vi.waitFor(() => expect(calls()).toHaveLength(1), 5_000);
    genAi.disable();
    globalThis.fetch = async (...args) => {
      await settled(5);
      return native(...args);
    };
    genAi.enable();
    await (await through(307)).text();
    await vi.waitFor(() => expect(calls()).toHaveLength(2), 5_000);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    await settled(200);
    expect(calls().map(({ attributes }) => attributes["gen_ai.usage.output_tokens"])).toEqual([17, 17]);
  });

  it("after which a POST is a GET is the answer", async () => {
    await (await through(302)).text();
    await vi.waitFor(() => expect(calls()).toHaveLength(1), 5_000);
    expect(calls().map(({ attributes }) => attributes["http.response.status_code"])).toEqual([302]);
  });

  it("that the caller looks at itself is the answer; one that it refuses is a failure", async () => {
    expect((await through(307, { redirect: "manual" })).status).toBe(307);
    await expect(through(308, { redirect: "error" })).rejects.toThrow("fetch failed");
    await settled();
    genAi.endAll();
    expect(calls().map(({ attributes, status }) => [attributes["http.response.status_code"], status.code])).toEqual([
      [307, 0],
      [308, 2],
    ]);
  });
});
