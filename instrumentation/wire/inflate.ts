import { brotliDecompressSync, constants, gunzipSync, inflateSync } from "node:zlib";
import type { BodyReader } from "./body-reader.ts";

/** What is kept of a compressed body, and what it may grow to: beyond either, nothing is read from it. */
const COMPRESSED_BYTES_MAX = 2 * 1024 * 1024;
const INFLATED_BYTES_MAX = 16 * 1024 * 1024;

type Inflate = (bytes: Buffer) => Buffer;

/** Content codings of RFC 9110 section 8.4.1; a body that was cut gives what it holds. */
const INFLATERS: Readonly<Record<string, Inflate>> = {
  gzip: (bytes) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: INFLATED_BYTES_MAX }),
  "x-gzip": (bytes) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: INFLATED_BYTES_MAX }),
  deflate: (bytes) => inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: INFLATED_BYTES_MAX }),
  br: (bytes) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: INFLATED_BYTES_MAX }),
};

/**
 * Puts the content coding's decoder before a reader. Compressed bytes are kept and inflated at the end in one go: an answer
 * of a model takes some 30 us that way, where a stream of zlib would cost a thread hop per chunk and end after the call.
 */
export function inflated(encoding: string, reader: BodyReader): BodyReader {
  const name = encoding.trim().toLowerCase();
  if (name === "" || name === "identity") return reader;
  const inflate = INFLATERS[name];
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    push(chunk) {
      bytes += chunk.byteLength;
      if (bytes <= COMPRESSED_BYTES_MAX) chunks.push(Buffer.from(chunk));
    },
    end() {
      if (inflate !== undefined && bytes > 0 && bytes <= COMPRESSED_BYTES_MAX) {
        const plain = tryInflate(inflate, Buffer.concat(chunks));
        if (plain !== undefined) reader.push(plain);
      }
      chunks.length = 0;
      reader.end();
    },
  };
}

function tryInflate(inflate: Inflate, bytes: Buffer): Buffer | undefined {
  try {
    return inflate(bytes);
  } catch {
    return undefined;
  }
}
