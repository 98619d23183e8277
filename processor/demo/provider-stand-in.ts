import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { hash, planAnswer } from "./provider-stand-in/plan-answer.ts";
import { NOTHING_CACHED, promptCache } from "./provider-stand-in/prompt-cache.ts";
import type { CachedPrefix } from "./provider-stand-in/prompt-cache.ts";
import { routeOf } from "./provider-stand-in/routes.ts";
import type { Route } from "./provider-stand-in/routes.ts";
import { scriptOf } from "./provider-stand-in/script.ts";
import type { Outcome, Step } from "./provider-stand-in/script.ts";
import { sendStep } from "./provider-stand-in/send-step.ts";
import type { Answer } from "./provider-stand-in/send-step.ts";
import type { ServedUsage } from "./provider-stand-in/served-call.ts";

const REQUEST_BODY_BYTES_MAX = 32 * 1024 * 1024;
const REQUESTS_REMEMBERED_MAX = 200_000;

export interface ProviderStandInOptions {
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  /** Time to the first byte of every answer that sets none itself; varies by up to a third with the prompt. */
  readonly firstByteMs?: number;
  /** Time between the chunks of a stream that sets none itself. */
  readonly chunkGapMs?: number;
}

/** One request as the provider saw it, and what it got: the truth that spans are compared with. */
export interface ServedRequest {
  readonly atMs: number;
  readonly path: string;
  readonly wire: string;
  readonly operation: string;
  readonly model: string;
  readonly streaming: boolean;
  readonly scriptId: string;
  /** 0 for the first request of a script id. */
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly headers: IncomingHttpHeaders;
  /** null where no answer was begun. */
  status: number | null;
  /** Tokens that the answer stated (or, in a stream that was cut, would have stated); null for failures. */
  usage: ServedUsage | null;
  /** The client took the answer to its end. */
  complete: boolean;
}

export interface ProviderStandIn {
  /** HTTP/1.1, no slash at the end. */
  readonly url: string;
  /** HTTP/2 without TLS, as the AWS SDK can speak it. */
  readonly http2Url: string;
  readonly requests: readonly ServedRequest[];
  close(): Promise<void>;
}

/**
 * A local server that speaks the wire formats of the model providers: OpenAI (and what is compatible), Anthropic, Gemini,
 * Bedrock, Cohere, Mistral, Ollama. Each request can be scripted (see `scriptOf`); without a script it succeeds.
 */
export async function startProviderStandIn(options: ProviderStandInOptions = {}): Promise<ProviderStandIn> {
  const state: ServingState = { options, requests: [], attempts: new Map(), cachedPrefixOf: promptCache() };
  const sockets = new Set<Socket>();
  const handle = (request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void => {
    serve(state, request, response as Answer).catch((error: unknown) => answerPlainly(response as Answer, 500, String(error)));
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, handle);
  const http2Server = createHttp2Server(handle);
  for (const listening of [server, http2Server]) {
    listening.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    });
  }
  http2Server.on("sessionError", () => {});
  await listen(server, options.port ?? 0);
  await listen(http2Server, 0);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    http2Url: `http://127.0.0.1:${(http2Server.address() as AddressInfo).port}`,
    requests: state.requests,
    close: async () => {
      const closed = [server, http2Server].map((each) => new Promise<void>((resolve) => void each.close(() => resolve())));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

interface ServingState {
  readonly options: ProviderStandInOptions;
  readonly requests: ServedRequest[];
  /** Attempts so far, by script id. */
  readonly attempts: Map<string, number>;
  readonly cachedPrefixOf: (wire: string, body: string) => CachedPrefix;
}

async function serve(state: ServingState, request: IncomingMessage | Http2ServerRequest, response: Answer): Promise<void> {
  const body = await readBody(request);
  const { script, path } = scriptOf(request.url ?? "/", request.headers, body);
  const routed = routeOf(path, request.headers["user-agent"] ?? "");
  if (routed === undefined || request.method !== "POST") {
    return answerPlainly(response, 404, `no provider answers ${request.method} ${path}`);
  }
  const attempt = nextAttempt(state.attempts, script.id);
  const step = script.steps[Math.min(attempt, script.steps.length - 1)] ?? { outcome: "ok", settings: {} };
  const { wire, operation } = routed.route;
  const parsed = parseObject(body);
  const call = planAnswer({
    sequence: state.requests.length + 1,
    wire,
    model: routed.model ?? textOr(parsed["model"], "unknown-model"),
    operation,
    streaming: isStreaming(routed.route, parsed),
    body,
    parsed,
    step,
    cached: step.outcome === "ok" ? state.cachedPrefixOf(wire.name, body) : NOTHING_CACHED,
    createdAt: Math.floor(Date.now() / 1000),
  });
  const { model, streaming } = call;
  const seen = {
    atMs: Date.now(),
    path,
    wire: wire.name,
    operation,
    model,
    streaming,
    scriptId: script.id,
    attempt,
    outcome: step.outcome,
  };
  const served: ServedRequest = { ...seen, headers: request.headers, status: null, usage: null, complete: false };
  if (state.requests.length < REQUESTS_REMEMBERED_MAX) state.requests.push(served);
  response.on("close", () => (served.complete = response.writableFinished));
  await sendStep({ wire, call, step, response, served, pace: paceOf(state.options, step, body) });
}

interface Listening {
  once(event: "error", listener: (error: Error) => void): unknown;
  listen(port: number, host: string, listening: () => void): unknown;
}

async function listen(server: Listening, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

async function readBody(request: IncomingMessage | Http2ServerRequest): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > REQUEST_BODY_BYTES_MAX) throw new Error("provider stand-in: request body over the limit");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function nextAttempt(attempts: Map<string, number>, scriptId: string): number {
  if (scriptId === "") return 0;
  const attempt = attempts.get(scriptId) ?? 0;
  attempts.set(scriptId, attempt + 1);
  return attempt;
}

function isStreaming(route: Route, body: Readonly<Record<string, unknown>>): boolean {
  // Ollama streams unless told not to.
  return route.streaming ?? (route.wire.name === "ollama-chat" ? body["stream"] !== false : body["stream"] === true);
}

function paceOf(options: ProviderStandInOptions, step: Step, body: string): { firstByteMs: number; chunkGapMs: number } {
  const vary = (ms: number): number => Math.round(ms * (2 / 3 + (hash(body) % 1000) / 1500));
  return {
    firstByteMs: step.settings["ttft"] ?? vary(options.firstByteMs ?? 0),
    chunkGapMs: step.settings["gap"] ?? vary(options.chunkGapMs ?? 0),
  };
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function answerPlainly(response: Answer, status: number, message: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { message, type: "stand_in", code: null } }));
}
