import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { BodyEncoding } from "../otlp/partial-success.ts";
import { rpcStatus } from "../otlp/rpc-status.ts";
import { bodyEncodingOf, CONTENT_TYPES } from "./body-encoding.ts";
import { Refusal, REFUSALS } from "./refusal.ts";

/**
 * A refused request may still be on its way. Its rest is read and dropped up to this bound, because a sender that is cut
 * off while it writes never reads the answer and takes the refusal for a passing fault.
 */
const LINGER_BYTES_MAX = 64 * 1024 * 1024;

/** Answers with the refusal's status, a google.rpc.Status in the request's own format, and Retry-After where another try helps. */
export function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (!request.complete) dropRest(request);
  const { status, headers, body } = refusalAnswer(refusal, bodyEncodingOf(request.headers["content-type"]) ?? "json");
  response.writeHead(status, { ...headers, "content-length": body.length });
  response.end(body);
}

export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
}

export function refusalAnswer(refusal: Refusal, encoding: BodyEncoding): RefusalAnswer {
  const { http: status, grpc: code } = REFUSALS[refusal.reason];
  const body = rpcStatus({ code, message: refusal.message, retryAfterMs: refusal.retryAfterMs }, encoding);
  return { status, headers: { "content-type": CONTENT_TYPES[encoding], ...extraHeaders(refusal) }, body };
}

/** What is not expected is a fault of ours: the sender gets no detail of it, the log does. */
export function asRefusal(error: unknown, log: Logger, path: string): Refusal {
  if (error instanceof Refusal) return error;
  log.error({ err: error, path }, "a request failed unexpectedly");
  return new Refusal("internal", "the gateway failed on this request; its log says why");
}

function extraHeaders({ reason, retryAfterMs }: Refusal): Record<string, string | number> {
  return {
    // RFC 9110 section 10.2.3: whole seconds.
    ...(retryAfterMs === null ? {} : { "retry-after": Math.max(1, Math.ceil(retryAfterMs / 1000)) }),
    ...(reason === "unauthenticated" ? { "www-authenticate": "Bearer" } : {}),
    ...(reason === "unsupported_media_type" ? { "accept-encoding": "gzip, deflate" } : {}),
  };
}

function dropRest(request: IncomingMessage): void {
  let dropped = 0;
  request.on("data", (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > LINGER_BYTES_MAX) request.destroy();
  });
  request.resume();
}
