import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { connect } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Server } from "node:tls";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { GenAiInstrumentation } from "../../instrumentation/genai-instrumentation.ts";
import { startProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import type { ProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import { joined, listening, startForwardProxy } from "../support/forward-proxy.ts";
import type { ForwardProxy } from "../support/forward-proxy.ts";

// Clients of node:http that go through a proxy: by an agent, by an option of theirs, by the environment, by a patch of the whole process.

interface HttpClient {
  post(url: string, body: object, options?: object): Promise<unknown>;
}
type Send = (url: string, options?: object) => Promise<{ text(): Promise<string> }>;
type ProxyAgent = new (proxy: string) => https.Agent;

const [axios, send, got, HttpsProxyAgent, HttpProxyAgent, createGlobalProxyAgent] = await Promise.all([
  client<HttpClient>("axios", "default"),
  client<Send>("node-fetch", "default"),
  client<{ post(url: string, options: object): Promise<unknown> }>("got", "default"),
  client<ProxyAgent>("https-proxy-agent-7", "HttpsProxyAgent"),
  client<ProxyAgent>("http-proxy-agent-7", "HttpProxyAgent"),
  client<(options: object) => Record<string, unknown>>("global-agent", "createGlobalProxyAgent"),
]);

/** From this folder's own node_modules, whose types the project does not see. */
async function client<Export>(name: string, exported: string): Promise<Export> {
  return ((await import(/* @vite-ignore */ name)) as Record<string, Export>)[exported] as Export;
}

const TLS = new URL("../fixtures/tls/", import.meta.url);
const exporter = new InMemorySpanExporter();
const genAi = new GenAiInstrumentation({ enabled: false });
let standIn: ProviderStandIn;
/** The stand-in behind TLS. */
let tls: Server;
let proxy: ForwardProxy;
let plainUrl: string;
let secureUrl: string;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [genAi.spanProcessor, new SimpleSpanProcessor(exporter)] }));
  standIn = await startProviderStandIn();
  proxy = await startForwardProxy();
  const [cert, key] = ["server.pem", "server.key"].map((name) => readFileSync(new URL(name, TLS)));
  tls = createTlsServer({ cert, key }, (socket) => joined(socket, connect(Number(new URL(standIn.url).port), "127.0.0.1")));
  secureUrl = `https://localhost:${await listening(tls)}/v1/chat/completions`;
  plainUrl = `${standIn.url}/v1/chat/completions`;
  // Not every client lets its options through to the connection behind the tunnel.
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  vi.stubEnv("NO_PROXY", "");
  genAi.enable();
});
afterEach(() => {
  exporter.reset();
  proxy.lines.length = 0;
});
afterAll(async () => {
  genAi.disable();
  vi.unstubAllEnvs();
  tls.close();
  proxy.close();
  await standIn.close();
});

const body = () => ({ model: "gpt-5.2", messages: [{ role: "user", content: "[[proxied~ok;output=37]]" }] });
const viaProxy = () => ({ proxy: { protocol: "http", host: "127.0.0.1", port: proxy.port } });

function request(from: typeof http | typeof https, url: string, agent?: https.Agent): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = from.request(url, { method: "POST", agent }, (answer) => void answer.resume().on("end", resolve));
    sent.on("error", reject).end(JSON.stringify(body()));
  });
}

async function withEnvironment(work: () => Promise<unknown>): Promise<unknown> {
  const names = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"];
  for (const name of names) vi.stubEnv(name, proxy.url);
  try {
    return await work();
  } finally {
    for (const name of names) vi.stubEnv(name, undefined);
  }
}

const TUNNELLED = "CONNECT ";
const FORWARDED = "POST /v1/chat/completions";

// The last one patches the process.
it.each([
  ["https-proxy-agent", true, TUNNELLED, () => request(https, secureUrl, new HttpsProxyAgent(proxy.url))],
  ["https-proxy-agent, to a server without TLS", false, TUNNELLED, () => request(http, plainUrl, new HttpsProxyAgent(proxy.url))],
  ["http-proxy-agent", false, FORWARDED, () => request(http, plainUrl, new HttpProxyAgent(proxy.url))],
  ["axios, proxy option", true, TUNNELLED, () => axios.post(secureUrl, body(), viaProxy())],
  ["axios, proxy option, to a server without TLS", false, FORWARDED, () => axios.post(plainUrl, body(), viaProxy())],
  ["axios, agent", true, TUNNELLED, () => axios.post(secureUrl, body(), { proxy: false, httpsAgent: new HttpsProxyAgent(proxy.url) })],
  ["axios, environment", true, TUNNELLED, () => withEnvironment(() => axios.post(secureUrl, body()))],
  [
    "node-fetch, agent",
    true,
    TUNNELLED,
    async () => (await send(secureUrl, { method: "POST", body: JSON.stringify(body()), agent: new HttpsProxyAgent(proxy.url) })).text(),
  ],
  [
    "got, agent",
    true,
    TUNNELLED,
    () => got.post(secureUrl, { json: body(), agent: { https: new HttpsProxyAgent(proxy.url) }, https: { rejectUnauthorized: false } }),
  ],
  [
    "global-agent",
    true,
    TUNNELLED,
    () => {
      Object.assign(createGlobalProxyAgent({ environmentVariableNamespace: "" }), { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url });
      return request(https, secureUrl);
    },
  ],
  ["global-agent, to a server without TLS", false, FORWARDED, () => request(http, plainUrl)],
] as const)("%s: one call of the provider's, none of the proxy's", async (_name, secure, asked, ask) => {
  await ask();
  const calls = () => exporter.getFinishedSpans().filter(({ attributes }) => attributes["gen_ai.operation.name"] !== undefined);
  await vi.waitFor(() => expect(calls()).toHaveLength(1), 5_000);
  const url = secure ? secureUrl : plainUrl;
  expect(proxy.lines).toEqual([asked]);
  expect(calls()[0]?.attributes).toMatchObject({
    "gen_ai.usage.output_tokens": 37,
    "server.address": new URL(url).hostname,
    "server.port": Number(new URL(url).port),
  });
  expect(
    exporter
      .getFinishedSpans()
      .filter(({ name }) => name === "POST")
      .map(({ attributes }) => attributes["url.full"]),
  ).toEqual([url]);
});
