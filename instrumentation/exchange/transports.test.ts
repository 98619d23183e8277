import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request as httpRequest } from "node:http";
import { connect as connectHttp2, createSecureServer } from "node:http2";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { gzipSync } from "node:zlib";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { Agent, EnvHttpProxyAgent, fetch as npmFetch, ProxyAgent, request as npmRequest, RetryAgent, Socks5ProxyAgent } from "undici";
import type { Dispatcher } from "undici";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import type { ProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import { joined, listening, startForwardProxy } from "../../test/support/forward-proxy.ts";
import type { ForwardProxy } from "../../test/support/forward-proxy.ts";
import { startSocksProxy } from "../../test/support/socks-proxy.ts";
import { GenAiInstrumentation } from "../genai-instrumentation.ts";

// What lies between an application and its provider: TLS, HTTP/2, proxies, pipelining, a dispatcher that tries again.

const TLS = new URL("../../test/fixtures/tls/", import.meta.url);
const [ca, cert, key] = ["ca.pem", "server.pem", "server.key"].map((name) => readFileSync(new URL(name, TLS)));
const exporter = new InMemorySpanExporter();
const genAi = new GenAiInstrumentation({ enabled: false });

let standIn: ProviderStandIn;
/** The stand-in behind TLS. */
let tls: Server;
let proxy: ForwardProxy;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [genAi.spanProcessor, new SimpleSpanProcessor(exporter)] }));
  standIn = await startProviderStandIn();
  const port = Number(new URL(standIn.url).port);
  tls = createTlsServer({ cert, key }, (socket) => joined(socket, connect(port, "127.0.0.1")));
  proxy = await startForwardProxy();
  await listening(tls);
});
afterAll(async () => {
  tls.close();
  proxy.close();
  await standIn.close();
});
beforeEach(() => genAi.enable());
afterEach(() => {
  genAi.disable();
  exporter.reset();
  proxy.lines.length = 0;
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const httpsUrl = (): string => `https://localhost:${portOf(tls)}/v1/chat/completions`;
const httpUrl = (): string => `${standIn.url}/v1/chat/completions`;
const body = (output: number, stream = false, script = "ok"): string =>
  JSON.stringify({
    model: "gpt-5.2",
    stream,
    stream_options: { include_usage: true },
    messages: [{ role: "user", content: `[[t${output}~${script};output=${output}]]` }],
  });
const calls = () => exporter.getFinishedSpans().filter(({ attributes }) => attributes["gen_ai.operation.name"] !== undefined);

/** Of all calls, once as many have ended. */
async function outputs(expected: number): Promise<unknown[]> {
  await vi.waitFor(() => expect(calls().length).toBeGreaterThanOrEqual(expected), 5_000);
  return calls()
    .map(({ attributes }) => attributes["gen_ai.usage.output_tokens"])
    .toSorted((a, b) => Number(a) - Number(b));
}

async function sendBoth(url: string, dispatcher: Dispatcher, from: number): Promise<void> {
  for (const stream of [false, true]) {
    const answer = await npmFetch(url, { method: "POST", body: body(from + Number(stream), stream), dispatcher });
    expect(await answer.text()).toContain("the");
  }
  await dispatcher.close();
}

describe("TLS", () => {
  it("undici", async () => {
    await sendBoth(httpsUrl(), new Agent({ connect: { ca } }), 11);
    expect(await outputs(2)).toEqual([11, 12]);
    expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({ "server.address": "localhost", "server.port": portOf(tls) });
  });

  it("node:https, with an agent that keeps connections", async () => {
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, ca });
    for (const output of [13, 14]) {
      await new Promise<void>((resolve, reject) => {
        const request = httpsRequest(httpsUrl(), { method: "POST", agent }, (answer) => void answer.resume().on("end", resolve));
        request.on("error", reject).end(body(output));
      });
    }
    agent.destroy();
    expect(await outputs(2)).toEqual([13, 14]);
    expect(exporter.getFinishedSpans().map(({ attributes }) => attributes["url.full"])).toContain(httpsUrl());
  });

  it("a certificate that is not trusted fails the call, and says so", async () => {
    await expect(npmFetch(httpsUrl(), { method: "POST", body: body(15) })).rejects.toThrow("fetch failed");
    genAi.endAll();
    await outputs(1);
    expect(exporter.getFinishedSpans().at(-1)?.attributes["error.type"]).toMatch(/CERT|SIGNATURE/);
  });
});

describe("HTTP/2 through undici", () => {
  it("whole and streamed", async () => {
    const { front, url, close } = await startHttp2Front();
    await sendBoth(url, new Agent({ allowH2: true, connect: { ca } }), 21);
    expect(front.versions).toEqual(["2.0", "2.0"]);
    expect(await outputs(2)).toEqual([21, 22]);
    await close();
  });
});

describe("HTTP/2 through node:http2, with TLS", () => {
  it("two requests on one connection", async () => {
    const { front, url, close } = await startHttp2Front();
    const { origin, pathname } = new URL(url);
    const session = connectHttp2(origin, { ca });
    for (const stream of [false, true]) {
      const sent = session.request({ ":method": "POST", ":path": pathname, "content-type": "application/json" });
      sent.end(body(21, stream));
      let text = "";
      for await (const chunk of sent.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
      expect(text).toContain("the end");
    }
    session.close();
    await close();
    expect(front.versions).toEqual(["2.0", "2.0"]);
    expect(await outputs(2)).toEqual([21, 22]);
    expect(calls().map(({ attributes }) => attributes["server.port"])).toEqual([Number(new URL(url).port), Number(new URL(url).port)]);
  });
});

/** Answers over HTTP/2 itself: the stand-in's port for it has no TLS, which undici wants. */
async function startHttp2Front() {
  const front = { versions: [] as string[] };
  const server = createSecureServer({ cert: cert ?? "", key: key ?? "" }, (request, response) => {
    front.versions.push(request.httpVersion);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as { stream: boolean };
      const usage = { prompt_tokens: 3, completion_tokens: 21 + Number(asked.stream), total_tokens: 24 };
      const choices = [{ index: 0, message: { content: "the end" }, finish_reason: "stop" }];
      const answer = JSON.stringify({ id: "1", model: "gpt-5.2", choices, usage });
      response.writeHead(200, { "content-type": asked.stream ? "text/event-stream" : "application/json" });
      response.end(asked.stream ? `data: ${answer}\n\ndata: [DONE]\n\n` : answer);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `https://localhost:${portOf(server as unknown as Server)}/v1/chat/completions`;
  return { front, url, close: () => new Promise<void>((resolve) => void server.close(() => resolve())) };
}

describe("proxies", () => {
  it("ProxyAgent, plain and through a tunnel: one call each, none for the CONNECT", async () => {
    await sendBoth(httpUrl(), new ProxyAgent({ uri: proxy.url }), 31);
    await sendBoth(httpsUrl(), new ProxyAgent({ uri: proxy.url, requestTls: { ca } }), 33);
    expect(proxy.lines.some((line) => line.startsWith("CONNECT"))).toBe(true);
    expect(await outputs(4)).toEqual([31, 32, 33, 34]);
    const addresses = exporter.getFinishedSpans().map(({ attributes }) => attributes["url.full"]);
    expect(new Set(addresses)).toEqual(new Set([undefined, httpUrl(), httpsUrl()]));
  });

  it("EnvHttpProxyAgent, as the environment says", async () => {
    vi.stubEnv("HTTPS_PROXY", proxy.url);
    vi.stubEnv("HTTP_PROXY", proxy.url);
    vi.stubEnv("NO_PROXY", "");
    await sendBoth(httpsUrl(), new EnvHttpProxyAgent({ requestTls: { ca } }), 35);
    vi.unstubAllEnvs();
    expect(proxy.lines.length).toBeGreaterThan(0);
    expect(await outputs(2)).toEqual([35, 36]);
  });
});

describe("proxies that are spoken to otherwise", () => {
  it("by HTTPS: the CONNECT and what goes through it are two TLS connections, and one call", async () => {
    const secureProxy = await startForwardProxy({ cert, key });
    await sendBoth(httpUrl(), new ProxyAgent({ uri: secureProxy.url, proxyTls: { ca } }), 61);
    await sendBoth(httpsUrl(), new ProxyAgent({ uri: secureProxy.url, proxyTls: { ca }, requestTls: { ca } }), 63);
    secureProxy.close();
    expect(secureProxy.lines).toContain("CONNECT ");
    expect(await outputs(4)).toEqual([61, 62, 63, 64]);
    const addresses = exporter.getFinishedSpans().map(({ attributes }) => attributes["url.full"]);
    expect(new Set(addresses)).toEqual(new Set([undefined, httpUrl(), httpsUrl()]));
  });

  it("by SOCKS5", async () => {
    const socks = await startSocksProxy();
    await sendBoth(httpUrl(), new Socks5ProxyAgent(`socks5://127.0.0.1:${socks.port}`), 65);
    await sendBoth(httpsUrl(), new Socks5ProxyAgent(`socks5://127.0.0.1:${socks.port}`, { requestTls: { ca } } as never), 67);
    socks.close();
    expect(socks.targets.map((target) => Number(target.split(":").at(-1)))).toEqual(
      expect.arrayContaining([Number(new URL(standIn.url).port), portOf(tls)]),
    );
    expect(await outputs(4)).toEqual([65, 66, 67, 68]);
    expect(exporter.getFinishedSpans().filter(({ name }) => name === "POST")).toHaveLength(4);
  });

  it("by HTTPS, and the provider cannot be reached through it: one failed call, no span of the proxy", async () => {
    const secureProxy = await startForwardProxy({ cert, key });
    const dispatcher = new ProxyAgent({ uri: secureProxy.url, proxyTls: { ca } });
    // The provider's certificate is not trusted behind the tunnel, so the body that names the model is never sent.
    await expect(npmFetch(httpsUrl(), { method: "POST", body: body(69), dispatcher })).rejects.toThrow("fetch failed");
    await dispatcher.close();
    secureProxy.close();
    genAi.endAll();
    await outputs(1);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["POST", "chat"]);
    expect(calls()[0]?.attributes["error.type"]).toMatch(/CERT|SIGNATURE/);
  });
});

describe("dispatchers", () => {
  it("pipelining: requests that share a connection, each with its own tokens", async () => {
    const dispatcher = new Agent({ connections: 1, pipelining: 4 });
    const numbers = [41, 42, 43, 44, 45, 46];
    await Promise.all(
      numbers.map(async (output) =>
        (await npmRequest(httpUrl(), { method: "POST", body: body(output), dispatcher, idempotent: true } as never)).body.text(),
      ),
    );
    await dispatcher.close();
    expect(await outputs(numbers.length)).toEqual(numbers);
  });

  it("RetryAgent: what it tries again below one request is one call with two attempts", async () => {
    const dispatcher = new RetryAgent(new Agent(), { methods: ["POST"], minTimeout: 10, statusCodes: [503] });
    const answer = await npmRequest(httpUrl(), { method: "POST", body: body(51, false, "unavailable,ok"), dispatcher });
    expect(answer.statusCode).toBe(200);
    await answer.body.text();
    await dispatcher.close();
    expect(await outputs(1)).toEqual([51]);
    const attempts = exporter.getFinishedSpans().filter(({ name }) => name === "POST");
    expect(attempts.map(({ attributes }) => attributes["http.response.status_code"])).toEqual([503, 200]);
  });
});

describe("headers of an answer", () => {
  it("may be changed by the application, which deletes what it has dealt with (axios)", async () => {
    const answer = { id: "a", model: "gpt-5.2", choices: [], usage: { prompt_tokens: 5, completion_tokens: 71, total_tokens: 76 } };
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(gzipSync(JSON.stringify(answer)));
    });
    await listening(server);
    await new Promise<void>((resolve) => {
      const sent = httpRequest(
        `http://127.0.0.1:${portOf(server)}/v1/chat/completions`,
        { method: "POST" },
        (response: IncomingMessage) => {
          delete response.headers["content-encoding"];
          response.resume().on("end", resolve);
        },
      );
      sent.end(body(71));
    });
    server.close();
    expect(await outputs(1)).toEqual([71]);
  });
});
