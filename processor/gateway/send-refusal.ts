import type { IncomingMessage, ServerResponse } from "node:http";
import { rpcStatus } from "../otlp/rpc-status.ts";
import { bodyEncodingOf, CONTENT_TYPES } from "./body-encoding.ts";
import { type Refusal, REFUSALS } from "./refusal.ts";

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
  const { http, grpc } = REFUSALS[refusal.reason];
  const encoding = bodyEncodingOf(request.headers["content-type"]) ?? "json";
  const body = rpcStatus({ code: grpc, message: refusal.message, retryAfterMs: refusal.retryAfterMs }, encoding);
  response.writeHead(http, { "content-type": CONTENT_TYPES[encoding], "content-length": body.length, ...extraHeaders(refusal) });
  response.end(body);
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
