import type { Failure } from "./call-failure.ts";
import { sameModel } from "./call-once.ts";
import type { ErrorCategory } from "./categorization.ts";
import { CLOCK_SLACK_MS, RETRY_GAP_MS_MAX } from "./retry-chain.ts";

/** One of a trace's calls, which all stand beside one another; each began and ended after the one before. */
export interface Try {
  readonly span: number;
  readonly model: string;
  readonly startMs: number;
  readonly endMs: number;
  /** When its request began; when it did itself where none is known. */
  readonly requestMs: number;
  /** null: it did not fail. */
  readonly failure: Failure | null;
}

/** What a call that repeats another has behind it. */
export interface Repeat {
  /** The failed one: the last before it. */
  readonly of: Try;
  /** Failed attempts before it, over the whole operation. */
  readonly count: number;
  readonly reason: ErrorCategory;
  readonly waitMs: number;
}

/** Failed calls that no other has repeated, each with what it has behind it itself. */
interface OpenFailure {
  readonly one: Try;
  readonly failure: Failure;
  readonly repeat: Repeat | null;
}

/**
 * Which of them repeat one that failed, as `enrichBatch` finds it, by their spans. Judged before (quiet-judge.ts): nothing else in the trace has a say in
 * it, a call has one request at most, and none counts attempts of its own. null where these do not tell it.
 */
export function findRepeats(tries: readonly Try[]): ReadonlyMap<number, Repeat> | null {
  const repeats = new Map<number, Repeat>();
  const open: OpenFailure[] = [];
  for (const one of tries) {
    const place = open.findLastIndex((before) => isRepeatedBy(before, one));
    const before = open[place];
    const repeat = before === undefined ? null : repeatOf(before, one);
    if (repeat !== null) {
      // The failed span may tell of this call's request (retry.ts, isToldOf).
      if (one.requestMs < repeat.of.endMs) return null;
      repeats.set(one.span, repeat);
      // A failure is repeated once (retry-chain.ts, isOpenFailure).
      open.splice(place, 1);
    }
    if (one.failure !== null) open.push({ one, failure: one.failure, repeat });
  }
  return repeats;
}

/** Of two calls beside each other (retry-chain.ts, latestFailure and isSameOperation). */
function isRepeatedBy({ one: { model, endMs }, failure }: OpenFailure, next: Try): boolean {
  if (!failure.retryable || !(endMs <= next.startMs + CLOCK_SLACK_MS)) return false;
  return next.requestMs - endMs <= RETRY_GAP_MS_MAX && sameModel(model, next.model);
}

/** As retry.ts sums it up (soFar, noteOutcome). */
function repeatOf({ one, failure, repeat: before }: OpenFailure, next: Try): Repeat {
  const waitMs = Math.max(0, next.requestMs - one.endMs);
  if (before === null) return { of: one, count: 1, reason: failure.category, waitMs };
  return { of: one, count: before.count + 1, reason: before.reason, waitMs: before.waitMs + waitMs };
}
