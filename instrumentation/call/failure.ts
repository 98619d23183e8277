import type { AnswerError } from "../wire/answer.ts";

/** Why an attempt or a call failed, in the words of whoever said so. */
export interface Failure {
  /** The provider's code, the status, an errno or an exception's name: low cardinality. */
  readonly type: string;
  readonly message: string;
  /** The caller ended the call, by abort or by a time limit of its own: no client tries again. */
  readonly byCaller?: true;
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
 * A failure of the wire or of the clock. A reason of its own (AbortSignal.timeout) speaks for itself; who made an anonymous
 * abort is told by the stack on which it was made.
 */
export function wireFailure(error: unknown, { signal, abortStack, elapsedMs }: Interruption): Failure {
  const aborted = signal?.aborted === true;
  const { name, code, message } = describe(aborted ? signal.reason : error);
  if (name === "TimeoutError" || isTimeoutCode(code))
    return { type: code ?? name, message: cut(message), ...(aborted ? { byCaller: true } : {}) };
  if (!aborted && !ABORT_WORDS.has(name) && !ABORT_WORDS.has(code ?? "")) return { type: code ?? name, message: cut(message) };
  const aborter = aborterOf(abortStack);
  if (aborter === "caller") return { type: "AbortError", message: cut(message), byCaller: true };
  const timeout = {
    type: "TimeoutError",
    message: `the time limit of ${aborter === "client" ? "the client" : "the caller"} ended the request after ${Math.round(elapsedMs)} ms`,
  };
  return aborter === "client" ? timeout : { ...timeout, byCaller: true };
}

/** Names and codes of Node, axios and got. */
const ABORT_WORDS: ReadonlySet<string> = new Set(["AbortError", "ABORT_ERR", "CanceledError", "ERR_CANCELED", "ERR_ABORTED"]);

export interface Interruption {
  readonly signal: AbortSignal | undefined;
  /** The stack on which abort() or destroy() was called; "" where nobody saw it. */
  readonly abortStack: string;
  readonly elapsedMs: number;
}

/**
 * Who called the abort() nearest to the request. One that a timer calls is a time limit: the client's own, or the caller's when
 * it came through the event of another signal. Anything else is the caller's will.
 */
export function aborterOf(stack: string): "client" | "callers_timer" | "caller" {
  if (!TIMER_FRAME.test(stack) || PROMISE_FRAME.test(stack)) return "caller";
  const nearest = stack.search(ABORT_FRAME);
  return EVENT_FRAME.test(nearest < 0 ? stack : stack.slice(nearest)) ? "callers_timer" : "client";
}

const ABORT_FRAME = /AbortController\.abort\b/;
const EVENT_FRAME = /kHybridDispatch|dispatchEvent/;
const TIMER_FRAME = /listOnTimeout/;
/** Not the timer itself but what waited for one. */
const PROMISE_FRAME = /runNextTicks|runMicrotasks|processTicksAndRejections/;

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
  let found: Described = { name: "Error", code: undefined, message: typeof error === "string" ? error : "no reason given" };
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
