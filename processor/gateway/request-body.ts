import type { IncomingMessage } from "node:http";
import type { BufferPool } from "../buffer-pool.ts";
import { beginBody, withRoom } from "./body-memory.ts";
import type { Lease } from "./byte-budget.ts";
import { discardBuffer } from "../discard-buffer.ts";
import { inflateBody, isInflatable } from "./inflate-body.ts";
import { Refusal, SenderGoneError, tooLarge } from "./refusal.ts";

export interface BodyLimits {
  readonly bytesMax: number;
  /** Holds what the body takes; the caller releases it. */
  readonly lease: Lease;
  /** Where the body comes from: whoever is done with it gives it back. */
  readonly pool: BufferPool;
}

/**
 * The whole body of a request, inflated. Throws Refusal (too_large, unsupported_media_type, malformed, overloaded) or
 * SenderGoneError.
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const { bytesMax, lease, pool } = limits;
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && !isInflatable(encoding)) {
    throw new Refusal("unsupported_media_type", `Content-Encoding: expected gzip, deflate or identity, got ${encoding.slice(0, 40)}`);
  }
  const declaredBytes = contentLength(request);
  if (declaredBytes !== null && declaredBytes > bytesMax) throw tooLarge(bytesMax);
  const body = await (declaredBytes === null ? collectChunks(request, limits) : fillBuffer(request, declaredBytes, limits));
  if (encoding === "identity") return body;
  const inflated = await inflateBody(body, { encoding, bytesMax, lease });
  pool.give(body);
  return inflated;
}

/** Node's parser has checked that it is a number; null where the body is chunked. */
function contentLength(request: IncomingMessage): number | null {
  const value = request.headers["content-length"];
  return value === undefined ? null : Number(value);
}

/** One buffer, which is as long as announced when all has come. */
function fillBuffer(request: IncomingMessage, declaredBytes: number, { lease, pool }: BodyLimits): Promise<Buffer> {
  let body: Buffer | null = null;
  let filled = 0;
  const drop = (error: unknown): never => {
    if (body !== null) pool.give(body);
    throw error;
  };
  const whole = consume(
    request,
    (chunk) => {
      lease.take(chunk.length);
      body ??= beginBody(declaredBytes, pool);
      for (let at = 0; at < chunk.length;) {
        body = withRoom(body, filled, declaredBytes, pool);
        const copied = chunk.copy(body, filled, at);
        filled += copied;
        at += copied;
      }
      discardBuffer(chunk);
    },
    () => body ?? Buffer.alloc(0),
  );
  return whole.catch(drop);
}

function collectChunks(request: IncomingMessage, { bytesMax, lease }: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return consume(
    request,
    (chunk) => {
      bytes += chunk.length;
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      lease.take(chunk.length);
      chunks.push(chunk);
    },
    () => Buffer.concat(chunks, bytes),
  );
}

function consume(request: IncomingMessage, onChunk: (chunk: Buffer) => void, finish: () => Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      request.off("data", take).off("end", end).off("error", cut).off("close", cut);
      outcome();
    };
    const take = (chunk: Buffer): void => {
      try {
        onChunk(chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const end = (): void => settle(() => resolve(finish()));
    const cut = (): void => settle(() => reject(new SenderGoneError("the connection ended in the middle of a request")));
    request.on("data", take).on("end", end).on("error", cut).on("close", cut);
  });
}
