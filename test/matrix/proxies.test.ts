import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { connect } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Server } from "node:tls";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { GenAiInstrumentation } from "../../instrumentation/genai-instrumentation.ts";
import { startProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import type { ProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import { joined, listening, startForwardProxy } from "../support/forward-proxy.ts";
import type { ForwardProxy } from "../support/forward-proxy.ts";
import { startSocksProxy } from "../support/socks-proxy.ts";
import type { SocksProxy } from "../support/socks-proxy.ts";
import { startReceiver } from "./harness.ts";

// Clients of node:http that go through a proxy: by an agent, by an option of theirs, by the environment, by a patch of the whole process.

interface HttpClient {
  post(url: string, body: object, options?: object): Promise<unknown>;
}
type Send = (url: string, options?: object) => Promise<{ text(): Promise<string> }>;
type ProxyAgent = new (proxy: string) => https.Agent;

const [axios, send, got, HttpsProxyAgent, HttpProxyAgent, SocksProxyAgent, createGlobalProxyAgent] = await Promise.all([
  client<HttpClient>("axios", "default"),
  client<Send>("node-fetch", "default"),
  client<{ post(url: string, options: object): Promise<unknown> }>("got", "default"),
  client<ProxyAgent>("https-proxy-agent-7", "HttpsProxyAgent"),
  client<ProxyAgent>("http-proxy-agent-7", "HttpProxyAgent"),
  client<ProxyAgent>("socks-proxy-agent-8", "SocksProxyAgent"),
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
/** The same, spoken to by HTTPS. */
let secureProxy: ForwardProxy;
let socks: SocksProxy;
let plainUrl: string;
let secureUrl: string;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [genAi.spanProcessor, new SimpleSpanProcessor(exporter)] }));
  standIn = await startProviderStandIn();
  proxy = await startForwardProxy();
  const [cert, key] = ["server.pem", "server.key"].map((name) => readFileSync(new URL(name, TLS)));
  secureProxy = await startForwardProxy({ cert, key });
  socks = await startSocksProxy();
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
  secureProxy.lines.length = 0;
  socks.targets.length = 0;
});
afterAll(async () => {
  genAi.disable();
  vi.unstubAllEnvs();
  tls.close();
  proxy.close();
  secureProxy.close();
  socks.close();
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
const INSECURE = { rejectUnauthorized: false };

describe("a proxy that is spoken to by HTTPS", () => {
  it.each([
    ["https-proxy-agent", true, TUNNELLED, () => request(https, secureUrl, new HttpsProxyAgent(secureProxy.url))],
    ["http-proxy-agent", false, FORWARDED, () => request(http, plainUrl, new HttpProxyAgent(secureProxy.url))],
    [
      "axios, agent",
      true,
      TUNNELLED,
      () => axios.post(secureUrl, body(), { proxy: false, httpsAgent: new HttpsProxyAgent(secureProxy.url) }),
    ],
    [
      "got, agent",
      true,
      TUNNELLED,
      () => got.post(secureUrl, { json: body(), agent: { https: new HttpsProxyAgent(secureProxy.url) }, https: INSECURE }),
    ],
  ] as const)("%s", async (_name, secure, asked, ask) => {
    await ask();
    await expectOneCall(secure ? secureUrl : plainUrl);
    expect(secureProxy.lines).toEqual([asked]);
  });
});

describe("no proxy, TLS", () => {
  it.each([
    ["fetch", async () => (await fetch(secureUrl, { method: "POST", body: JSON.stringify(body()) })).text()],
    ["node:https", () => request(https, secureUrl)],
    ["axios", () => axios.post(secureUrl, body(), { proxy: false })],
  ] as const)("%s", async (_name, ask) => {
    await ask();
    await expectOneCall(secureUrl);
  });
});

describe("a SOCKS5 proxy", () => {
  const agent = () => new SocksProxyAgent(`socks5h://127.0.0.1:${socks.port}`);
  it.each([
    ["node:https", true, () => request(https, secureUrl, agent())],
    ["node:http", false, () => request(http, plainUrl, agent())],
    ["axios", true, () => axios.post(secureUrl, body(), { proxy: false, httpsAgent: agent() })],
    ["got", true, () => got.post(secureUrl, { json: body(), agent: { https: agent() }, https: INSECURE })],
    ["node-fetch", true, async () => (await send(secureUrl, { method: "POST", body: JSON.stringify(body()), agent: agent() })).text()],
  ] as const)("%s", async (_name, secure, ask) => {
    await ask();
    const url = secure ? secureUrl : plainUrl;
    await expectOneCall(url);
    expect(socks.targets).toEqual([new URL(url).host]);
  });
});

describe("a proxy that Node itself takes from the environment (NODE_USE_ENV_PROXY)", () => {
  const node = fileURLToPath(new URL("node_modules/node-24/bin/node", import.meta.url));
  const FETCH = `const { text } = await fetch(url, { method: "POST", body }).then(async (answer) => ({ text: await answer.text() }));`;
  const REQUEST = `const text = await new Promise((resolve, reject) => https.request(url, { method: "POST" }, (answer) => {
    let all = ""; answer.on("data", (chunk) => (all += chunk)).on("end", () => resolve(all)); }).on("error", reject).end(body));`;

  it.each([
    ["fetch", FETCH],
    ["node:https", REQUEST],
  ])("%s: one call, the answer is the application's, none of the proxy's", async (_name, ask) => {
    const receiver = await startReceiver();
    const app = `import https from "node:https"; const [url, body] = JSON.parse(process.env.ASK); ${ask} process.stdout.write(text);`;
    const child = spawn(node, ["--import", "./instrumentation/register.ts", "--input-type=module", "--eval", app], {
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      env: {
        ASK: JSON.stringify([secureUrl, JSON.stringify(body())]),
        NODE_USE_ENV_PROXY: "1",
        HTTPS_PROXY: proxy.url,
        NO_PROXY: "127.0.0.1",
        NODE_EXTRA_CA_CERTS: fileURLToPath(new URL("ca.pem", TLS)),
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      },
    });
    let [said, complained] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (complained += chunk.toString()));
    const code = await new Promise((resolve) => void child.on("close", resolve));
    await receiver.close();
    expect({ code, complained }).toEqual({ code: 0, complained: "" });
    expect(said).toContain("the model answers");
    expect(proxy.lines).toEqual([TUNNELLED]);
    expect(receiver.spans.map(({ name, attributes }) => [name, attributes["server.port"]])).toEqual([
      ["POST", Number(new URL(secureUrl).port)],
      ["chat gpt-5.2", Number(new URL(secureUrl).port)],
    ]);
  });
});

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
    () => got.post(secureUrl, { json: body(), agent: { https: new HttpsProxyAgent(proxy.url) }, https: INSECURE }),
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
  await expectOneCall(secure ? secureUrl : plainUrl);
  expect(proxy.lines).toEqual([asked]);
});

/** The provider's, under its own address, with one attempt. */
async function expectOneCall(url: string): Promise<void> {
  const calls = () => exporter.getFinishedSpans().filter(({ attributes }) => attributes["gen_ai.operation.name"] !== undefined);
  await vi.waitFor(() => expect(calls()).toHaveLength(1), 5_000);
  expect(calls()[0]?.attributes).toMatchObject({
    "gen_ai.usage.output_tokens": 37,
    "server.address": new URL(url).hostname,
    "server.port": Number(new URL(url).port),
  });
  const attempts = exporter.getFinishedSpans().filter(({ name }) => name === "POST");
  expect(attempts.map(({ attributes }) => attributes["url.full"])).toEqual([url]);
}
