import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { rpcStatus } from "../otlp/rpc-status.ts";
import { inflateBody } from "./inflate-body.ts";
import type { Lease } from "./byte-budget.ts";
import type { GrpcDoorOptions } from "./grpc.ts";
import { PREFIX_BYTES, readMessage } from "./grpc-message.ts";
import { Refusal, REFUSALS } from "./refusal.ts";

const ENCODINGS = "identity,deflate,gzip";
const ANSWER_HEADERS = { ":status": 200, "content-type": "application/grpc", "grpc-accept-encoding": ENCODINGS };
/** A refused message may still be on its way; a client that is cut off while it writes may take the refusal for a passing fault. */
const LINGER_BYTES_MAX = 64 * 1024 * 1024;
const LINGER_MS_MAX = 10_000;

/** The message of this call, inflated. */
export async function readCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { lease, pool, bodyBytesMax, requestTimeoutMs }: GrpcDoorOptions & { readonly lease: Lease },
): Promise<Buffer> {
  const encoding = String(headers["grpc-encoding"] ?? "identity");
  if (!ENCODINGS.split(",").includes(encoding)) {
    throw new Refusal("method_not_allowed", `grpc-encoding: expected ${ENCODINGS}, got ${encoding.slice(0, 40)}`);
  }
  const limits = { bytesMax: bodyBytesMax, timeoutMs: requestTimeoutMs, lease, pool };
  const { bytes, compressed } = await readMessage(stream, limits);
  if (!compressed) return bytes;
  if (encoding === "identity") throw new Refusal("internal", "the message is compressed, and grpc-encoding does not say how");
  const inflated = await inflateBody(bytes, { encoding, bytesMax: bodyBytesMax, lease });
  pool.give(bytes);
  return inflated;
}

export function sendMessage(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (stream.destroyed || stream.closed) return;
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed.writeUInt8(0, 0);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": 0 }));
  stream.respond(ANSWER_HEADERS, { waitForTrailers: true });
  stream.end(framed);
}

/** RetryInfo travels as the details of a google.rpc.Status in a trailer (OTLP specification, OTLP/gRPC Throttling). */
export function sendRefusal(stream: ServerHttp2Stream, { reason, message, retryAfterMs }: Refusal): void {
  const { grpc: code } = REFUSALS[reason];
  const details = retryAfterMs === null ? null : Buffer.from(rpcStatus({ code, message, retryAfterMs }, "protobuf")).toString("base64");
  sendStatus(stream, { ...statusHeaders(code, message), ...(details === null ? {} : { "grpc-status-details-bin": details }) });
}

/** Percent-encoded, because HTTP's headers take less than a message may hold (gRPC over HTTP2, "Status-Message"). */
export const statusHeaders = (code: number, message: string): OutgoingHttpHeaders => ({
  "grpc-status": code,
  "grpc-message": encodeURI(message),
});

/** An answer without a message: status and all in the headers ("Trailers-Only"). */
export function sendStatus(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ...ANSWER_HEADERS, ...headers }, { endStream: true });
  dropRest(stream);
}

export function dropRest(stream: ServerHttp2Stream): void {
  let dropped = 0;
  const cut = (): void => stream.close(constants.NGHTTP2_NO_ERROR);
  const timer = setTimeout(cut, LINGER_MS_MAX).unref();
  stream.once("close", () => clearTimeout(timer));
  stream.on("data", (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > LINGER_BYTES_MAX) cut();
  });
  stream.resume();
}
