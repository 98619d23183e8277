import { promisify } from "node:util";
import { gunzip, inflate, type ZlibOptions } from "node:zlib";
import type { Lease } from "./byte-budget.ts";
import { Refusal, tooLarge } from "./refusal.ts";

/** HTTP's "deflate" is the zlib format (RFC 9110 section 8.4.1.2). */
const INFLATERS: Readonly<Record<string, (bytes: Uint8Array, options: ZlibOptions) => Promise<Buffer>>> = {
  gzip: promisify<Uint8Array, ZlibOptions, Buffer>(gunzip),
  "x-gzip": promisify<Uint8Array, ZlibOptions, Buffer>(gunzip),
  deflate: promisify<Uint8Array, ZlibOptions, Buffer>(inflate),
};

/** zlib hands the output over in pieces of this size; one piece is one trip to a thread. */
const CHUNK_BYTES_MIN = 16 * 1024;
const CHUNK_BYTES_MAX = 4 * 1024 * 1024;
/** Deflate cannot do better than about 1032 to 1 (zlib's Technical Details). */
const RATIO_MAX = 1032;
const GZIP_TRAILER_BYTES = 8;

export function isInflatable(encoding: string): boolean {
  return Object.hasOwn(INFLATERS, encoding);
}

export interface InflateLimits {
  readonly encoding: string;
  readonly bytesMax: number;
  readonly lease: Lease;
}

/**
 * Inflates within a bound. A gzip body says how long it was (RFC 1952, ISIZE): that much is taken from the lease before any
 * work, a bomb that admits its size is refused without inflating a byte, and one that lies is stopped at the lie.
 */
export async function inflateBody(body: Buffer, { encoding, bytesMax, lease }: InflateLimits): Promise<Buffer> {
  const claimed = encoding === "deflate" ? Math.min(body.length * RATIO_MAX, CHUNK_BYTES_MAX, bytesMax) : gzipClaim(body);
  if (claimed > bytesMax) throw tooLarge(bytesMax);
  lease.take(claimed);
  try {
    return await inflateWithin(body, encoding, claimed);
  } catch (error) {
    if (!isOverrun(error)) throw notInflatable(encoding, error);
  }
  // Several gzip members one after another are legal, and the trailer speaks of the last one only.
  lease.take(bytesMax - claimed);
  try {
    return await inflateWithin(body, encoding, bytesMax);
  } catch (error) {
    throw isOverrun(error) ? tooLarge(bytesMax) : notInflatable(encoding, error);
  }
}

/** 0 where the claim cannot be true: the body was cut off, or is no gzip. */
function gzipClaim(body: Buffer): number {
  const claimed = body.length < GZIP_TRAILER_BYTES ? 0 : body.readUInt32LE(body.length - 4);
  return claimed > body.length * RATIO_MAX ? 0 : claimed;
}

async function inflateWithin(body: Buffer, encoding: string, bytesMax: number): Promise<Buffer> {
  const run = INFLATERS[encoding];
  if (run === undefined) throw new Refusal("unsupported_media_type", `Content-Encoding: ${encoding} is not supported`);
  // A byte more than is expected, so that a body of exactly that size ends in its first piece.
  const chunkSize = Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, bytesMax + 1));
  return run(body, { maxOutputLength: Math.max(bytesMax, 1), chunkSize });
}

function isOverrun(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
}

function notInflatable(encoding: string, error: unknown): Refusal {
  return new Refusal("malformed", `the body is no valid ${encoding}: ${error instanceof Error ? error.message : String(error)}`);
}
