import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer, Server as TlsServer, type ServerOptions as TlsServerOptions } from "node:https";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Metrics } from "../metrics.ts";
import { wrongSignalOf, wrongSignalText } from "../otlp/wrong-signal.ts";
import type { TokenGate } from "./bearer-tokens.ts";
import { applyCors } from "./cors.ts";
import { Refusal, SenderGoneError } from "./refusal.ts";
import { asRefusal, sendRefusal } from "./send-refusal.ts";
import { HEAD_BYTES_MAX } from "./trace-head.ts";

/** A request's line and headers together; more gets 431. Node's own default. */
const HEADER_BYTES_MAX = HEAD_BYTES_MAX;
const HEADERS_MAX = 100;
/** A client that has not sent its headers by then gets 408. */
export const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than the idle time of common load balancers (60 s), so that it is they who close a connection. */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** A client that does not read its answer. */
const IDLE_TIMEOUT_MS = 120_000;
export const TIMEOUT_CHECK_MS = 1000;
export const CLOSE_POLL_MS = 20;

export type Access = "open" | "ingest" | "read";

export interface Route {
  readonly methods: readonly string[];
  readonly access: Access;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;
}

export interface HttpDoorOptions {
  /** By path. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly gates: Readonly<Record<Access, TokenGate>>;
  readonly corsOrigins: readonly string[];
  readonly requestTimeoutMs: number;
  readonly tls: TlsServerOptions | null;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface HttpDoor {
  /** Serves a connection that somebody else accepted. */
  accept(socket: Socket): void;
  /** Greets new connections with this; those that are open are closed after their next answer. */
  renew(tls: TlsServerOptions): void;
  /** Answers what was begun, then ends every connection. */
  close(deadlineMs: number): Promise<void>;
}

/** The HTTP server: limits, routing by a table, tokens, and one place where every error becomes an answer. */
export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  const open = new Set<ServerResponse>();
  const generations = new WeakMap<Socket, number>();
  let generation = 0;
  let closing = false;
  const listener: RequestListener = (request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    if (closing || (generations.get(request.socket) ?? generation) < generation) response.setHeader("connection", "close");
    void answer(options, request, response);
  };
  const server = createServerOf(options, listener);
  server.on("secureConnection", (socket: Socket) => generations.set(socket, generation));
  return {
    accept(socket) {
      server.emit("connection", socket);
      socket.resume();
    },
    renew(tls) {
      if (!(server instanceof TlsServer)) return;
      server.setSecureContext(tls);
      generation += 1;
      server.closeIdleConnections();
    },
    async close(deadlineMs) {
      closing = true;
      // It never listened and says so; its clock and its idle connections it stops all the same.
      server.close(() => undefined);
      for (const until = Date.now() + deadlineMs; open.size > 0 && Date.now() < until;) await sleep(CLOSE_POLL_MS);
      server.closeAllConnections();
    },
  };
}

function createServerOf(options: HttpDoorOptions, listener: RequestListener): Server {
  const limits: ServerOptions = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, options.requestTimeoutMs),
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    noDelay: true,
  };
  const server = options.tls === null ? createServer(limits, listener) : createTlsServer({ ...limits, ...options.tls }, listener);
  server.maxHeadersCount = HEADERS_MAX;
  server.setTimeout(IDLE_TIMEOUT_MS);
  // A sender that asks before it sends (RFC 9110 section 10.1.1, 100-continue) passes the same checks first.
  server.on("checkContinue", listener);
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuseConnection(options, error, socket));
  // Connections are accepted elsewhere, so this server never listens; its clock for slow requests starts at this event.
  server.emit("listening");
  return server;
}

async function answer(options: HttpDoorOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startMs = performance.now();
  const path = pathOf(request);
  const route = options.routes.get(path);
  response.once("close", () => {
    const status = response.writableFinished ? String(response.statusCode) : "aborted";
    options.metrics.httpDuration.observe(
      { http_route: route === undefined ? "other" : path, http_response_status_code: status },
      (performance.now() - startMs) / 1000,
    );
  });
  try {
    if (applyCors(options.corsOrigins, request, response)) return;
    await admit(options, path, request).handle(request, response);
  } catch (error) {
    if (error instanceof SenderGoneError) return;
    const refusal = asRefusal(error, options.log, path);
    options.metrics.refusedRequests.inc({ transport: "http", reason: refusal.reason });
    sendRefusal(request, response, refusal);
  }
}

function admit(options: HttpDoorOptions, path: string, request: IncomingMessage): Route {
  const route = options.routes.get(path);
  const gates = route === undefined ? [options.gates.ingest, options.gates.read] : [options.gates[route.access]];
  if (!gates.some((gate) => gate.admits(request.headers.authorization))) {
    throw new Refusal("unauthenticated", "expected a header Authorization: Bearer <token> with a token that is valid here");
  }
  if (route === undefined) throw new Refusal("not_found", unknownPathMessage(path));
  if (!route.methods.includes(request.method ?? "")) {
    throw new Refusal("method_not_allowed", `expected ${route.methods.join(" or ")}`);
  }
  return route;
}

function unknownPathMessage(path: string): string {
  const signal = wrongSignalOf(path);
  if (signal !== null) return wrongSignalText(signal);
  return "nothing here: traces go to POST /v1/traces, see also /healthz, /readyz, /metrics and /api/analytics";
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "/";
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

/** What Node's parser and its clock refuse before there is a request. */
const CONNECTION_FAULTS: Readonly<Record<string, { readonly line: string; readonly reason: string }>> = {
  HPE_HEADER_OVERFLOW: { line: "431 Request Header Fields Too Large", reason: "headers_too_large" },
  ERR_HTTP_REQUEST_TIMEOUT: { line: "408 Request Timeout", reason: "timeout" },
};
const BAD_REQUEST = { line: "400 Bad Request", reason: "bad_http" };

function refuseConnection({ metrics }: HttpDoorOptions, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { line, reason } = CONNECTION_FAULTS[error.code ?? ""] ?? BAD_REQUEST;
  metrics.refusedRequests.inc({ transport: "http", reason });
  socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}
