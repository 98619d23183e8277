import { discardBuffer } from "./discard-buffer.ts";

/** Buffers are kept in sizes that double from this one, so that what held one request holds the next. */
const SIZE_BYTES_MIN = 64 * 1024;
/** What is larger comes rarely: it is freed when it is given back. */
const SIZE_BYTES_MAX = 8 * 1024 * 1024;

class PooledMemory extends ArrayBuffer {
  /** Whose it is while somebody has it; null while it lies in its pool, or was freed. */
  takenFrom: BufferPool | null = null;
}

/**
 * Memory of requests, used again. Memory outside of V8's heap is given back by its garbage collector alone, and allocating
 * it makes that run: with a new buffer per body and per batch it took half of the gateway's CPU time.
 */
export class BufferPool {
  readonly #bytesMax: number;
  readonly #free = new Map<number, PooledMemory[]>();
  #freeBytes = 0;

  /** `bytesMax`: what may lie here unused; 0 makes every buffer a new one. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** As long as asked for, with whatever was in it before. Who never gives it back leaves it to the garbage collector. */
  take(bytes: number): Buffer {
    const size = sizeOf(bytes);
    if (this.#bytesMax === 0) return Buffer.allocUnsafeSlow(bytes);
    const unused = this.#free.get(size)?.pop();
    if (unused !== undefined) this.#freeBytes -= size;
    const memory = unused ?? new PooledMemory(size > SIZE_BYTES_MAX ? bytes : size);
    memory.takenFrom = this;
    return Buffer.from(memory, 0, bytes);
  }

  /**
   * Nobody may look at it from here on. Buffers that are not of this pool, or that came back already, are left alone; what
   * there is no room for is freed at once: a burst of requests would leave its memory until V8 thinks of it.
   */
  give({ buffer }: Uint8Array): void {
    if (!(buffer instanceof PooledMemory) || buffer.takenFrom !== this) return;
    buffer.takenFrom = null;
    const size = buffer.byteLength;
    if (size > SIZE_BYTES_MAX || this.#freeBytes + size > this.#bytesMax) {
      discardBuffer(new Uint8Array(buffer));
      return;
    }
    this.#freeBytes += size;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
  }
}

function sizeOf(bytes: number): number {
  let size = SIZE_BYTES_MIN;
  while (size < bytes) size *= 2;
  return size;
}
