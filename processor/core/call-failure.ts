import type { Call } from "./call.ts";
import type { HttpCall } from "./call-http.ts";
import { categorizeError } from "./categorize-error.ts";
import type { Categorization } from "./categorization.ts";
import { errorEvidenceOf } from "./span-error-evidence.ts";
import { SPAN_KIND, STATUS, type Span } from "./span.ts";
import type { TraceNode } from "./trace-memory.ts";

export interface Failure extends Categorization {
  /** `error.type` of the convention: the emitter's own, else what the evidence names. */
  readonly errorType: string | undefined;
}

/** The convention's word for a failure that nothing names. */
const OTHER = "_OTHER";

/** What kind of failure a span shows; null when it did not fail. `lastAttempt` is the request whose answer was the call's. */
export function failureOf(span: Span, call: Call, lastAttempt: TraceNode | undefined): Failure | null {
  if (!isFailure(call, lastAttempt)) return null;
  const evidence = errorEvidenceOf(span, lastAttempt === undefined ? undefined : requestSpan(span, lastAttempt));
  const own = categorizeError(evidence);
  const found =
    own.category === "unknown" && lastAttempt?.category != null && !isNamed(own)
      ? { ...own, category: lastAttempt.category, retryable: lastAttempt.retryable }
      : own;
  const status = evidence.status === undefined ? undefined : String(evidence.status);
  return { ...found, errorType: call.errorType ?? evidence.errorType ?? status ?? OTHER };
}

/** A call that shows no answer and whose request broke has failed, whatever its status says: instrumentations miss broken streams. */
function isFailure(call: Call, lastAttempt: TraceNode | undefined): boolean {
  return call.failed || (call.asksModel && !call.answered && lastAttempt?.note?.failed === true);
}

function isNamed({ rule }: Categorization): boolean {
  return !rule.startsWith("unknown");
}

/** The failure of a request that stands for itself. */
export function requestFailureOf(span: Span, http: HttpCall): Failure | null {
  if (!http.failed) return null;
  const errorType = http.errorType === "" ? String(http.status || OTHER) : http.errorType;
  if (isGivenUp(span, http)) return { category: "timeout", retryable: true, retryDelayMs: null, rule: GIVEN_UP_RULE, errorType };
  return { ...categorizeError(errorEvidenceOf(span, span)), errorType };
}

const GIVEN_UP_RULE = "timeout: request given up without answer or error";

/** No answer, no error, no status: its own client let it go, as SDKs do when their time runs out (undici leaves the span unset). */
function isGivenUp(span: Span, http: HttpCall): boolean {
  return http.status === 0 && http.errorType === "" && span.statusCode === STATUS.unset && span.events.length === 0;
}

/** The request as a span again, from the little that the memory keeps of it. */
function requestSpan(span: Span, { note }: TraceNode): Span | undefined {
  if (note === null) return undefined;
  return {
    ...span,
    spanId: note.spanId,
    parentSpanId: note.parentSpanId,
    name: "POST",
    kind: SPAN_KIND.client,
    startMs: note.startMs,
    endMs: note.endMs,
    statusCode: note.failed ? STATUS.error : STATUS.unset,
    statusMessage: "",
    events: [],
    attributes: {
      ...(note.httpStatus === 0 ? {} : { "http.response.status_code": note.httpStatus }),
      ...(note.errorType === "" ? {} : { "error.type": note.errorType }),
    },
  };
}
