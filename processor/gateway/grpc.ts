import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { SecureContextOptions, Server as TlsServer, TlsOptions } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { BufferPool } from "../buffer-pool.ts";
import type { Metrics } from "../metrics.ts";
import { type OtherSignal, wrongSignalText } from "../otlp/wrong-signal.ts";
import type { TokenGate } from "./bearer-tokens.ts";
import { PARSED_WEIGHT } from "./body-encoding.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { discardReads } from "./discard-reads.ts";
import { dropRest, readCall, sendMessage, sendRefusal, sendStatus, statusHeaders } from "./grpc-call.ts";
import { CLOSE_POLL_MS } from "./http.ts";
import type { Receiver } from "./receiver.ts";
import { Refusal, REFUSALS, SenderGoneError } from "./refusal.ts";
import { asRefusal } from "./send-refusal.ts";

/** Calls at a time on one connection; the sender's library queues the others. */
const STREAMS_MAX = 64;
/** Memory that one connection's streams may take, in MB: the unit of HTTP/2 sessions in Node. */
const SESSION_MEGABYTES_MAX = 64;
const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 100;
/** What may be on its way: of one call, and of all calls of a connection. HTTP/2 begins with 64 KB, a round trip for each. */
const WINDOW_BYTES = 1024 * 1024;
/** A connection without calls is closed: load balancers and senders make new ones. */
const IDLE_MS_MAX = 300_000;
/** For calls under way when the certificate is renewed. */
const RENEWAL_GRACE_MS = 60_000;

const CODES = { ok: 0, cancelled: 1, unimplemented: 12 } as const;
const servicePath = (signal: string, service: string): string => `/opentelemetry.proto.collector.${signal}.v1.${service}Service/Export`;
const TRACES = servicePath("trace", "Trace");
const OTHER_SIGNALS: ReadonlyMap<string, OtherSignal> = new Map([
  [servicePath("metrics", "Metrics"), "metrics"],
  [servicePath("logs", "Logs"), "logs"],
]);

export interface GrpcDoorOptions {
  readonly receiver: Receiver;
  readonly budget: ByteBudget;
  readonly pool: BufferPool;
  readonly bodyBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly gate: TokenGate;
  readonly tls: TlsOptions | null;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface GrpcDoor {
  /** Serves a connection that somebody else accepted. */
  accept(socket: Socket): void;
  /** Greets new connections with these certificates; those that are open finish their calls and are asked to come again. */
  renew(tls: SecureContextOptions): void;
  close(deadlineMs: number): Promise<void>;
}

/**
 * OTLP/gRPC: one unary method whose message is taken and given as bytes. On node:http2, because a gRPC server that reads and inflates a
 * message before anybody can object holds as much memory as its clients like: here a call is admitted before its message is read, and what
 * arrives is taken from the budget of all requests, as over HTTP/1.1.
 */
export function createGrpcDoor(options: GrpcDoorOptions): GrpcDoor {
  const server = createServerOf(options.tls);
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.setLocalWindowSize(WINDOW_BYTES);
    session.setTimeout(IDLE_MS_MAX, () => session.close());
    session.on("error", () => session.destroy());
  });
  server.on("stream", (stream, headers) => void answer(options, stream, headers));
  return {
    accept(socket) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      server.emit("connection", socket);
      socket.resume();
    },
    renew(tls) {
      (server as unknown as TlsServer).setSecureContext(tls);
      const before = [...sessions];
      for (const session of before) session.close();
      setTimeout(() => before.forEach((session) => session.destroy()), RENEWAL_GRACE_MS).unref();
    },
    async close(deadlineMs) {
      for (const session of sessions) session.close();
      for (const until = Date.now() + deadlineMs; sessions.size > 0 && Date.now() < until;) await sleep(CLOSE_POLL_MS);
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function createServerOf(tls: TlsOptions | null): Http2Server {
  const limits = {
    maxSessionMemory: SESSION_MEGABYTES_MAX,
    maxHeaderListPairs: HEADERS_MAX,
    settings: { maxConcurrentStreams: STREAMS_MAX, maxHeaderListSize: HEADER_BYTES_MAX, initialWindowSize: WINDOW_BYTES },
  };
  return tls === null ? createServer(limits) : createSecureServer({ ...limits, ...tls });
}

async function answer(options: GrpcDoorOptions, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  const endTimer = options.metrics.rpcDuration.startTimer();
  // A stream that the client resets says so; whoever reads it hears that it is closed.
  stream.on("error", () => undefined);
  discardReads(stream);
  if (headers[":method"] !== "POST" || headers["content-type"]?.startsWith("application/grpc") !== true) {
    stream.respond({ ":status": 415 }, { endStream: true });
    dropRest(stream);
    return;
  }
  const path = String(headers[":path"]);
  if (path !== TRACES) {
    sendStatus(stream, statusHeaders(CODES.unimplemented, unknownMethod(path)));
    endTimer({ rpc_grpc_status_code: CODES.unimplemented });
    return;
  }
  endTimer({ rpc_grpc_status_code: await exportTraces(options, stream, headers) });
}

function unknownMethod(path: string): string {
  const signal = OTHER_SIGNALS.get(path);
  return signal === undefined ? `nothing here: traces go to ${TRACES}` : wrongSignalText(signal);
}

/** Answers the code that the client got. */
async function exportTraces(options: GrpcDoorOptions, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<number> {
  const lease = options.budget.lease();
  try {
    if (!options.gate.admits(headers.authorization)) {
      throw new Refusal("unauthenticated", "expected metadata authorization: Bearer <token> with a token that is valid here");
    }
    options.receiver.assertReady();
    const body = await readCall(stream, headers, { ...options, lease });
    lease.take(body.length * PARSED_WEIGHT.protobuf);
    sendMessage(stream, await options.receiver.receive(body, "protobuf", "grpc"));
    return CODES.ok;
  } catch (error) {
    if (error instanceof SenderGoneError) return CODES.cancelled;
    const refusal = asRefusal(error, options.log, TRACES);
    options.metrics.refusedRequests.inc({ transport: "grpc", reason: refusal.reason });
    sendRefusal(stream, refusal);
    return REFUSALS[refusal.reason].grpc;
  } finally {
    lease.release();
  }
}
