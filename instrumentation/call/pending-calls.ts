import type { ModelCall } from "./model-call.ts";
import type { AttemptHeaders } from "./retry-manner.ts";

/** Calls that wait for a further attempt; when there are more, the oldest ends as if none followed. */
const PENDING_CALLS_MAX = 1_000;
/** Longer bodies are compared by their ends and their length. */
const BODY_CHARS_COMPARED_MAX = 64 * 1024;

export interface Attempted {
  readonly key: string;
  readonly body: string | undefined;
  readonly parentSpanId: string | undefined;
  readonly headers: AttemptHeaders;
  /** The call whose last attempt was made in the frame that makes this one. */
  readonly framed: ModelCall | undefined;
}

export interface PendingCalls {
  /** Waits `deadlineMs` for a further attempt, then calls back. */
  add(call: ModelCall, deadlineMs: number, onDeadline: () => void): void;
  remove(call: ModelCall): void;
  /** The call that an attempt repeats, or undefined for a new call. */
  find(attempted: Attempted): ModelCall | undefined;
  /**
   * The call that failed for good, because the same is asked anew by a client that counts its attempts and is at its first: whoever
   * repeats it (LangChain, the application) stands outside the client and has been told of the failure.
   */
  repeatedFromOutside(attempted: Attempted): ModelCall | undefined;
  all(): ModelCall[];
}

/**
 * Which request is a retry of which: by the client's own id; by the frame of its retry loop; by its count of retries; by
 * address, body and parent. A call that did not fail retryably is never found, so an application that asks the same thing
 * again makes a new call.
 */
export function pendingCalls(): PendingCalls {
  const calls = new Map<ModelCall, () => void>();
  const remove = (call: ModelCall): void => {
    clearTimeout(call.pendingTimer);
    call.pendingTimer = undefined;
    calls.delete(call);
  };
  return {
    add(call, deadlineMs, onDeadline) {
      call.state = "pending";
      calls.set(call, onDeadline);
      call.pendingTimer = setTimeout(onDeadline, deadlineMs).unref();
      const oldest = calls.size > PENDING_CALLS_MAX ? calls.values().next().value : undefined;
      oldest?.();
    },
    remove,
    find: (attempted) => {
      if (calls.size === 0) return undefined;
      const { headers, framed } = attempted;
      if (headers.callId !== undefined) return first(calls, (call) => call.callId === headers.callId);
      if (headers.retryCount === 0) return undefined;
      if (framed?.state === "pending" && isSameRequest(framed, attempted)) return framed;
      return first(calls, (call) => isNextAttempt(call, attempted) && isSameRequest(call, attempted));
    },
    repeatedFromOutside(attempted) {
      if (calls.size === 0 || attempted.headers.retryCount !== 0) return undefined;
      return first(calls, (call) => call.parentSpanId === attempted.parentSpanId && isSameRequest(call, attempted));
    },
    all: () => [...calls.keys()],
  };
}

function first(calls: Map<ModelCall, unknown>, test: (call: ModelCall) => boolean): ModelCall | undefined {
  for (const call of calls.keys()) if (test(call)) return call;
  return undefined;
}

function isNextAttempt(call: ModelCall, { parentSpanId, headers }: Attempted): boolean {
  const expected = Math.max(call.attempts, call.countedRetries + 1);
  return call.parentSpanId === parentSpanId && (headers.retryCount === undefined || headers.retryCount === expected);
}

/** A body that cannot be read counts as equal. */
function isSameRequest(call: ModelCall, { key, body }: Attempted): boolean {
  if (call.target.key !== key) return false;
  return call.body === undefined || body === undefined || compared(call.body) === compared(body);
}

function compared(body: string): string {
  if (body.length <= BODY_CHARS_COMPARED_MAX) return body;
  const half = BODY_CHARS_COMPARED_MAX / 2;
  return `${body.length}:${body.slice(0, half)}${body.slice(-half)}`;
}
