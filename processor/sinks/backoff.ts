import { SinkAwayError } from "./sink-error.ts";

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * The wait before the next try: doubled after each failure, with full jitter so that many gateways do not return at once,
 * and never before the far side wants to see us again (up to `maxMs`: a wrong Retry-After must not stop the drain for a day).
 */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff, error?: unknown): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30));
  const stated = error instanceof SinkAwayError ? Math.min(error.retryAfterMs, maxMs) : 0;
  return Math.max(stated, ceiling / 2 + (Math.random() * ceiling) / 2);
}
