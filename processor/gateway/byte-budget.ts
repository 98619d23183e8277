import { Refusal } from "./refusal.ts";

/** What to tell a sender that found no room: the requests before it take about this long. */
const RETRY_AFTER_MS = 1000;

/** Bytes that one request holds of the budget, from its first byte to its answer. */
export interface Lease {
  /** Throws the Refusal "overloaded" when there is no room. */
  take(bytes: number): void;
  release(): void;
}

export interface ByteBudget {
  lease(): Lease;
  readonly usedBytes: number;
}

/** Bounds the memory of all requests together: what arrives is counted as it arrives, not as it was announced. */
export function createByteBudget(bytesMax: number): ByteBudget {
  let usedBytes = 0;
  return {
    get usedBytes() {
      return usedBytes;
    },
    lease() {
      let held = 0;
      return {
        take(bytes) {
          if (usedBytes + bytes > bytesMax) throw new Refusal("overloaded", "too many requests at a time, come again", RETRY_AFTER_MS);
          usedBytes += bytes;
          held += bytes;
        },
        release() {
          usedBytes -= held;
          held = 0;
        },
      };
    },
  };
}
