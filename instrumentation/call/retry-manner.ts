import type { HeaderReader } from "../exchange/exchange.ts";

/** How a client waits between its attempts: base * factor^n, drawn out by up to `spread`, never over the cap. */
interface RetryManner {
  readonly name: string;
  readonly isClient: (header: HeaderReader) => boolean;
  readonly baseMs: number;
  readonly capMs: number;
  readonly spread: number;
}

const agent =
  (pattern: RegExp) =>
  (header: HeaderReader): boolean =>
    pattern.test(header("user-agent") ?? "");

const isLangChain = agent(/^langchain/i);

/** Backoff as the sources of the clients have it; the first row that fits. */
const MANNERS: readonly RetryManner[] = [
  // LangChain: p-retry in AsyncCaller around an inner SDK that it tells not to retry.
  { name: "langchain", isClient: isLangChain, baseMs: 1000, capMs: 60_000, spread: 2 },
  // openai, @anthropic-ai/sdk, groq-sdk (client.mjs, calculateDefaultRetryTimeoutMillis).
  { name: "stainless", isClient: (header) => header("x-stainless-retry-count") !== undefined, baseMs: 500, capMs: 8_000, spread: 1 },
  // @google/genai (apiCall: p-retry with jitter).
  { name: "google-genai", isClient: (header) => header("x-goog-api-client") !== undefined, baseMs: 1000, capMs: 60_000, spread: 2 },
  // ai (retryWithExponentialBackoff: 2 s, factor 2).
  { name: "ai", isClient: agent(/\bai(?:-sdk)?\//), baseMs: 2000, capMs: 60_000, spread: 1 },
];

/** A client that nobody knows may wait this long before it tries again. */
const UNKNOWN_CLIENT_MS = 8_000;
const STATED_WAIT_MS_MAX = 10 * 60_000;
const TOLERANCE = 1.25;
/**
 * For the event loop, the sockets and whatever else stands between the timer and the next request: an overloaded machine was seen
 * to take two seconds. Nothing waits for the span of a call that has failed, and the end that it tells is the true one.
 */
const SLACK_MS = 5_000;

/**
 * How long after a failed attempt the next one of the same call may still come. `attempt` counts from 0. `statedWaitMs` is
 * what the answer asked for.
 */
export function retryDeadlineMs(header: HeaderReader, attempt: number, statedWaitMs: number | undefined): number {
  const manner = MANNERS.find((row) => row.isClient(header));
  const own = manner === undefined ? UNKNOWN_CLIENT_MS : Math.min(manner.baseMs * 2 ** Math.min(attempt, 16), manner.capMs) * manner.spread;
  const stated = statedWaitMs !== undefined && statedWaitMs <= STATED_WAIT_MS_MAX ? statedWaitMs : 0;
  return Math.max(own, stated) * TOLERANCE + SLACK_MS;
}

/** `retry-after-ms`, else `retry-after` in seconds or as a date (RFC 9110 section 10.2.3); `nowMs` is for the date. */
export function statedWaitMs(retryAfterMs: string | undefined, retryAfter: string | undefined, nowMs: number): number | undefined {
  const ms = Number(retryAfterMs ?? Number.NaN);
  if (ms >= 0) return ms;
  if (retryAfter === undefined) return undefined;
  const seconds = Number(retryAfter);
  if (seconds >= 0) return seconds * 1000;
  // Date.parse takes "-3" for a year.
  const date = /^[A-Za-z]/.test(retryAfter) ? Date.parse(retryAfter) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/** Whether a client might try again after this answer; no status means that the wire failed. */
export function mayBeRetried(status: number | undefined, header: HeaderReader): boolean {
  const told = header("x-should-retry");
  if (told === "false") return false;
  return status === undefined || told === "true" || RETRYABLE_STATUSES.has(status) || status >= 500;
}

/** What a request's headers say of its place among the attempts of its call. */
export interface AttemptHeaders {
  /** Attempts before this one, as the client counts them. */
  readonly retryCount: number | undefined;
  /** Equal for all attempts of one call. */
  readonly callId: string | undefined;
  readonly lastAttempt: boolean;
}

const AWS_ATTEMPT = /attempt=(\d+)(?:; max=(\d+))?/;

export function readAttemptHeaders(header: HeaderReader): AttemptHeaders {
  const amazon = header("amz-sdk-request");
  const aws = amazon === undefined ? null : AWS_ATTEMPT.exec(amazon);
  if (aws !== null) {
    return { retryCount: Number(aws[1]) - 1, callId: header("amz-sdk-invocation-id"), lastAttempt: aws[1] === aws[2] };
  }
  // LangChain retries outside an SDK that always says 0.
  const counted = header("x-stainless-retry-count");
  const retryCount = counted === undefined || isLangChain(header) ? undefined : Number(counted);
  return { retryCount: Number.isInteger(retryCount) ? retryCount : undefined, callId: undefined, lastAttempt: false };
}
