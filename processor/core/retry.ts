import type { ErrorCategory } from "./categorization.ts";
import type { Attempts } from "./retry-attempts.ts";
import { earlierFailureOf } from "./retry-chain.ts";
import type { Trace, TraceNode } from "./trace-memory.ts";

/** What is known of the attempts before a call's outcome. */
export interface Retries {
  /** undefined: nothing shows whether there were any. */
  readonly count: number | undefined;
  readonly reason: ErrorCategory | undefined;
  readonly waitMs: number | undefined;
  /** The failed call that this one repeats. */
  readonly of: string | undefined;
  /** The last request, whose answer is the call's. */
  readonly lastAttempt: TraceNode | undefined;
}

/** What the span itself says of its attempts. */
export interface OwnEvidence {
  /** Attempts before the last one, by the emitter's own count. */
  readonly resendCount: number | undefined;
  /** The emitter leaves the count out only when it is 0. */
  readonly countsResends: boolean;
}

/**
 * Counts the failed attempts of the operation before this call's outcome: requests under or beside the span, the emitter's
 * own count, and earlier calls that it repeats. Remembers the sum for the call that may repeat this one.
 */
export function retriesOf(call: TraceNode, trace: Trace, own: OwnEvidence, attempts: Attempts): Retries {
  const earlier = earlierFailureOf(call, trace, attempts);
  const failures = failuresBeforeOutcome(call, attempts);
  const stated = Math.max(own.resendCount ?? 0, ...attempts.map((attempt) => attempt.note?.resendCount ?? -1));
  const ownCount = Math.max(failures.length, stated);
  const known = attempts.length > 0 || own.resendCount !== undefined || own.countsResends || earlier !== null;
  const count = (earlier?.failedAttempts ?? 0) + ownCount;
  const reason = earlier?.firstFailure ?? failures[0]?.category ?? undefined;
  const waitMs = (earlier === null ? 0 : earlier.waitMs + gapMs(earlier, attempts[0] ?? call)) + waitsBetween(attempts);
  call.failedAttempts = count + 1;
  call.firstFailure = count > 0 ? (reason ?? null) : call.category;
  call.waitMs = waitMs;
  if (earlier !== null) {
    earlier.repeatedBy = call;
    call.repeats = earlier;
  }
  const timed = earlier !== null || attempts.length > 1;
  return {
    count: known ? count : undefined,
    reason: count > 0 ? reason : undefined,
    waitMs: count > 0 && timed ? waitMs : undefined,
    of: earlier?.spanId,
    lastAttempt: attempts.at(-1),
  };
}

/** Failed requests, without the one that is the call's own outcome. Two answers in a row are no retry: batches of embeddings. */
function failuresBeforeOutcome(call: TraceNode, attempts: Attempts): TraceNode[] {
  const before = call.note?.failed === true ? attempts.slice(0, -1) : attempts;
  return before.filter((attempt) => attempt.note?.failed === true);
}

function waitsBetween(attempts: Attempts): number {
  let sumMs = 0;
  for (const [index, attempt] of attempts.entries()) {
    const previous = attempts[index - 1];
    if (previous?.note?.failed === true) sumMs += gapMs(previous, attempt);
  }
  return sumMs;
}

function gapMs(before: TraceNode, after: TraceNode): number {
  const ms = (after.note?.startMs ?? 0) - (before.note?.endMs ?? 0);
  return ms > 0 ? ms : 0;
}
