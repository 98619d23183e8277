import type { BufferPool } from "../buffer-pool.ts";

/** A thousand who only announce a body must not cost more than this for each: all of it may be there, see withRoom. */
const FIRST_BYTES_MAX = 64 * 1024;
/** Nearly every request is smaller. */
const SECOND_BYTES_MIN = 256 * 1024;

/** Memory for a body of which nothing has come yet: what was announced need not come. */
export function beginBody(announcedBytes: number, pool: BufferPool): Buffer {
  return pool.take(Math.min(announcedBytes, FIRST_BYTES_MAX));
}

/**
 * The memory in which the rest of a body goes on: twice as much where all of it is filled. Memory that is only announced is
 * not free: once the C library has got such blocks back, it clears them when it gives them out again.
 */
export function withRoom(body: Buffer, filledBytes: number, announcedBytes: number, pool: BufferPool): Buffer {
  if (filledBytes < body.length || filledBytes >= announcedBytes) return body;
  const larger = pool.take(Math.min(announcedBytes, Math.max(SECOND_BYTES_MIN, 2 * body.length)));
  larger.set(body);
  pool.give(body);
  return larger;
}
