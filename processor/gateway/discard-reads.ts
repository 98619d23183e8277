import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { discardBuffer } from "../discard-buffer.ts";

/** What each connection was read into last. */
const lastReads = new WeakMap<ServerHttp2Session, ArrayBufferLike>();

/**
 * Frees what a connection was read into as soon as the next read has come: see discardBuffer. A read is 64 KB with frames of
 * whichever streams, and each chunk of a stream is a view of it, so that it may go only when all of them were taken; which
 * they are before the next read comes, as long as no stream of the connection is paused, and all copy what they keep.
 */
export function discardReads(stream: ServerHttp2Stream): void {
  const { session } = stream;
  if (session === undefined) return;
  stream.on("data", ({ buffer }: Buffer) => {
    const before = lastReads.get(session as ServerHttp2Session);
    if (before === buffer) return;
    lastReads.set(session as ServerHttp2Session, buffer);
    if (before !== undefined) discardBuffer(new Uint8Array(before));
  });
}
