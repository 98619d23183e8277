import type { AnswerError } from "../wire/answer.ts";

/** Why an attempt or a call failed, in the words of whoever said so. */
export interface Failure {
  /** The provider's code, the status, an errno or an exception's name: low cardinality. */
  readonly type: string;
  readonly message: string;
  /** The caller gave up by its own will: nothing went wrong at the provider or on the way. */
  readonly cancelled?: true;
}

const MESSAGE_CHARS_MAX = 2048;
const CAUSES_MAX = 5;
const MEANINGLESS_NAMES: ReadonlySet<string> = new Set(["Error", "TypeError", "FetchError"]);

/** A failure that the provider answered: an HTTP status with what its body says. */
export function answeredFailure(status: number, error: AnswerError | undefined): Failure {
  return { type: error?.code ?? String(status), message: cut(error?.message ?? `HTTP ${status}`) };
}

/** A failure inside a stream that began well. */
export function streamedFailure(error: AnswerError): Failure {
  return { type: error.code ?? "stream_error", message: cut(error.message ?? error.code ?? "error in the stream") };
}

/**
 * A failure of the wire or of the clock. A reason of its own (AbortSignal.timeout) speaks for itself; an anonymous abort was
 * the client's timeout if a timer called it, and the caller's will if it came down from another signal or from code.
 */
export function wireFailure(error: unknown, { signal, abortStack, elapsedMs }: Interruption): Failure {
  const reason: unknown = signal?.aborted === true ? signal.reason : error;
  const { name, code, message } = describe(reason);
  if (name === "TimeoutError" || isTimeoutCode(code)) return { type: code ?? name, message: cut(message) };
  const isAbort = signal?.aborted === true || name === "AbortError" || code === "ABORT_ERR";
  if (!isAbort) return { type: code ?? name, message: cut(message) };
  if (abortedByTimer(abortStack)) {
    return { type: "TimeoutError", message: `the client's timeout aborted the request after ${Math.round(elapsedMs)} ms` };
  }
  return { type: "AbortError", message: cut(message), cancelled: true };
}

export interface Interruption {
  readonly signal: AbortSignal | undefined;
  /** The stack on which abort() or destroy() was called; "" where nobody saw it. */
  readonly abortStack: string;
  readonly elapsedMs: number;
}

/**
 * Whether a timer called abort() and nothing else stands between: an SDK that times out does that, whereas a caller's abort
 * comes to the SDK's own signal through an event of another one, which shows as a second abort() in the stack.
 */
export function abortedByTimer(stack: string): boolean {
  return TIMER_FRAMES.test(stack) && (stack.match(ABORT_FRAME)?.length ?? 0) <= 1;
}

const TIMER_FRAMES = /node:internal\/timers|listOnTimeout|processTimers/;
const ABORT_FRAME = /AbortController\.abort\b/g;

function isTimeoutCode(code: string | undefined): boolean {
  return code !== undefined && /TIMEOUT|ETIMEDOUT|ESOCKETTIMEDOUT/.test(code);
}

interface Described {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
}

/** The deepest cause with a code says most: "fetch failed" hides ECONNREFUSED. */
function describe(error: unknown): Described {
  let found: Described = { name: "Error", code: undefined, message: String(error) };
  let at: unknown = error;
  for (let depth = 0; depth < CAUSES_MAX && at instanceof Error; depth++) {
    const code = (at as { code?: unknown }).code;
    const name = MEANINGLESS_NAMES.has(at.name) ? found.name : at.name;
    found = {
      name: depth === 0 ? at.name : name,
      code: typeof code === "string" && code !== "" ? code : found.code,
      message: at.message === "" ? found.message : at.message,
    };
    at = at.cause;
  }
  return found;
}

function cut(message: string): string {
  return message.length > MESSAGE_CHARS_MAX ? message.slice(0, MESSAGE_CHARS_MAX) : message;
}
