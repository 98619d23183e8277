import type { ErrorCategory } from "./categorization.ts";
import { ranDuring, type Attempts } from "./retry-attempts.ts";
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
  const earlier = mayRepeat(call, trace) ? earlierFailureOf(call, trace, attempts) : null;
  if (earlier === null && attempts.length === 0 && own.resendCount === undefined) return nothingSeen(call, own);
  const before = earlier === null || isToldOf(attempts, earlier) ? NOTHING_BEFORE : soFar(earlier, attempts[0] ?? call);
  const seen = failuresBeforeOutcome(call, attempts);
  const count = countOf(before.failedAttempts, seen.count, { stated: statedCount(own, attempts), first: attempts[0] });
  const reason = before.firstFailure ?? seen.first;
  const waitMs = before.waitMs + waitsBetween(attempts);
  noteOutcome(call, { failedAttempts: count + 1, firstFailure: count === 0 ? call.category : reason, waitMs }, earlier);
  const of = earlier?.spanId;
  const lastAttempt = attempts.at(-1);
  // Something would have shown retries, had there been any: 0 is measured.
  if (count === 0) return { count, reason: undefined, waitMs: undefined, of, lastAttempt };
  const isTimed = earlier !== null || attempts.length > 1;
  return { count, reason: reason ?? undefined, waitMs: isTimed ? waitMs : undefined, of, lastAttempt };
}

function mayRepeat(call: TraceNode, trace: Trace): boolean {
  return trace.failures > 0 || call.note.requestsOutside;
}

/** The earlier span told of one of this call's own requests, which is counted among them. */
function isToldOf(attempts: Attempts, { note: earlier }: TraceNode): boolean {
  return attempts.some(({ note }) => note.startMs < earlier.endMs && ranDuring(earlier, note));
}

/** The common case: one span, no trace of attempts. */
function nothingSeen(call: TraceNode, own: OwnEvidence): Retries {
  noteOutcome(call, { failedAttempts: 1, firstFailure: call.category, waitMs: 0 }, null);
  return own.countsResends ? NO_RETRIES : NO_EVIDENCE;
}

const NO_EVIDENCE: Retries = { count: undefined, reason: undefined, waitMs: undefined, of: undefined, lastAttempt: undefined };
const NO_RETRIES: Retries = { ...NO_EVIDENCE, count: 0 };

/**
 * The SDK's header counts from the operation's first attempt. Where this call's own first request is not that one, the header
 * has counted the failures of the calls before it already.
 */
function countOf(before: number, seen: number, { stated, first }: { stated: number; first: TraceNode | undefined }): number {
  const isContinued = first !== undefined && first.note.resendCount > 0;
  return isContinued ? Math.max(before + seen, stated) : before + Math.max(seen, stated);
}

/** By the emitter's count or the SDK's header, which know of attempts that were not traced. */
function statedCount(own: OwnEvidence, attempts: Attempts): number {
  let count = own.resendCount ?? 0;
  for (const { note } of attempts) if (note.resendCount > count) count = note.resendCount;
  return count;
}

/** For the call that may repeat this one. */
function noteOutcome(call: TraceNode, outcome: Before, earlier: TraceNode | null): void {
  call.failedAttempts = outcome.failedAttempts;
  call.firstFailure = outcome.firstFailure;
  call.waitMs = outcome.waitMs;
  if (earlier === null) return;
  earlier.repeatedBy = call;
  call.repeats = earlier;
}

interface Before {
  readonly failedAttempts: number;
  readonly firstFailure: ErrorCategory | null;
  readonly waitMs: number;
}

const NOTHING_BEFORE: Before = { failedAttempts: 0, firstFailure: null, waitMs: 0 };

/** What the operation had behind it when this call began. */
function soFar(earlier: TraceNode, next: TraceNode): Before {
  const waitMs = earlier.waitMs + gapMs(earlier, next);
  if (earlier.counted) return { failedAttempts: earlier.failedAttempts, firstFailure: earlier.firstFailure, waitMs };
  // A request whose own span has not come: every failed one beside it was an attempt.
  const failed = (earlier.parent?.children ?? []).filter(({ note }) => note.role === "http" && note.failed);
  return { failedAttempts: failed.length, firstFailure: firstCategory(failed), waitMs: waitMs + waitsBetween(failed) };
}

function firstCategory(failures: readonly TraceNode[]): ErrorCategory | null {
  return failures[0]?.category ?? null;
}

interface FailedAttempts {
  readonly count: number;
  readonly first: ErrorCategory | null;
}

/** Failed requests, without the one that is the call's own outcome. Two answers in a row are no retry: batches of embeddings. */
function failuresBeforeOutcome(call: TraceNode, attempts: Attempts): FailedAttempts {
  const end = call.note.failed || isBrokenAnswer(attempts.at(-1)) ? attempts.length - 1 : attempts.length;
  let count = 0;
  let first: ErrorCategory | null = null;
  for (let index = 0; index < end; index += 1) {
    const attempt = attempts[index];
    if (attempt === undefined || !attempt.note.failed) continue;
    if (count === 0) first = attempt.category;
    count += 1;
  }
  return { count, first };
}

/** A stream that broke after its head: whatever the call's span says, this was the call's answer and no earlier attempt. */
function isBrokenAnswer(last: TraceNode | undefined): boolean {
  return last !== undefined && last.note.failed && last.note.httpStatus >= 200 && last.note.httpStatus < 400;
}

function waitsBetween(attempts: Attempts): number {
  let sumMs = 0;
  let previous: TraceNode | null = null;
  for (const attempt of attempts) {
    if (previous !== null && previous.note.failed) sumMs += gapMs(previous, attempt);
    previous = attempt;
  }
  return sumMs;
}

function gapMs(before: TraceNode, after: TraceNode): number {
  const ms = after.note.startMs - before.note.endMs;
  return ms > 0 && Number.isFinite(ms) ? ms : 0;
}
