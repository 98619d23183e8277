import type { ServerHttp2Stream } from "node:http2";
import type { BufferPool } from "../buffer-pool.ts";
import { beginBody, withRoom } from "./body-memory.ts";
import type { Lease } from "./byte-budget.ts";
import { Refusal, SenderGoneError, tooLarge } from "./refusal.ts";

export interface MessageLimits {
  readonly bytesMax: number;
  /** A client has so long to send its whole message. */
  readonly timeoutMs: number;
  /** Holds what the message takes; the caller releases it. */
  readonly lease: Lease;
  /** Where the message comes from: whoever is done with it gives it back. */
  readonly pool: BufferPool;
}

export interface GrpcMessage {
  readonly bytes: Buffer;
  readonly compressed: boolean;
}

/** Compressed-Flag and Message-Length (gRPC over HTTP2, "Length-Prefixed-Message"). */
export const PREFIX_BYTES = 5;

/**
 * The one message of a unary call, into memory of its own and taken from the lease as it arrives. Throws Refusal (too_large, overloaded,
 * malformed, timeout) or SenderGoneError.
 */
export function readMessage(stream: ServerHttp2Stream, limits: MessageLimits): Promise<GrpcMessage> {
  const assembly = new MessageAssembly(limits);
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      stream.off("data", take).off("end", end).off("close", gone);
    };
    const fail = (error: unknown): void => {
      settle();
      assembly.drop();
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      try {
        assembly.take(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const end = (): void => {
      const message = assembly.whole();
      if (message === null) return fail(new Refusal("malformed", "expected one whole message"));
      settle();
      resolve(message);
    };
    const gone = (): void => fail(new SenderGoneError("the stream ended in the middle of a message"));
    const late = (): void => fail(new Refusal("timeout", `the message was not there after ${limits.timeoutMs} ms`));
    const timer = setTimeout(late, limits.timeoutMs);
    stream.on("data", take).on("end", end).on("close", gone);
  });
}

class MessageAssembly {
  readonly #limits: MessageLimits;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixBytes = 0;
  #body: Buffer | null = null;
  #announcedBytes = 0;
  #filled = 0;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  take(chunk: Buffer): void {
    const ofPrefix = Math.min(PREFIX_BYTES - this.#prefixBytes, chunk.length);
    this.#prefixBytes += chunk.copy(this.#prefix, this.#prefixBytes, 0, ofPrefix);
    if (this.#prefixBytes < PREFIX_BYTES) return;
    this.#body ??= this.#begin(this.#prefix.readUInt32BE(1));
    const bytes = chunk.length - ofPrefix;
    if (this.#filled + bytes > this.#announcedBytes) throw new Refusal("malformed", "expected one message, got more");
    this.#limits.lease.take(bytes);
    for (let at = ofPrefix; at < chunk.length;) {
      this.#body = withRoom(this.#body, this.#filled, this.#announcedBytes, this.#limits.pool);
      const copied = chunk.copy(this.#body, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
  }

  whole(): GrpcMessage | null {
    if (this.#body === null || this.#filled < this.#announcedBytes) return null;
    return { bytes: this.#body, compressed: this.#prefix[0] === 1 };
  }

  /** Nobody gets the message. */
  drop(): void {
    if (this.#body !== null) this.#limits.pool.give(this.#body);
    this.#body = null;
  }

  #begin(announcedBytes: number): Buffer {
    if (announcedBytes > this.#limits.bytesMax) throw tooLarge(this.#limits.bytesMax);
    this.#announcedBytes = announcedBytes;
    return announcedBytes === 0 ? Buffer.alloc(0) : beginBody(announcedBytes, this.#limits.pool);
  }
}
