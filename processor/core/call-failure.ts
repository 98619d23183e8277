import type { Call } from "./call.ts";
import type { HttpCall } from "./call-http.ts";
import { NOTHING_MATCHED } from "./categorize-error.ts";
import type { Categorize } from "./categorize-memo.ts";
import type { Categorization, ErrorEvidence } from "./categorization.ts";
import { errorEvidenceOf, type RequestBelow } from "./span-error-evidence.ts";
import { STATUS, type Attributes, type AttributeValue, type Span } from "./span.ts";
import type { SpanNote, TraceNode } from "./trace-memory.ts";

export interface Failure extends Categorization {
  /** `error.type` of the convention: the emitter's own, else what the evidence names. */
  readonly errorType: string | undefined;
}

/** A request, as far as its call's failure depends on it. */
export type Attempt = Pick<TraceNode, "note" | "category" | "retryable">;

/** What other spans know of a call's outcome. */
export interface Witnesses {
  /** The request whose answer was the call's. */
  readonly lastAttempt: Attempt | undefined;
  /** A failed span that tells of the same call: another instrumentation's, or the wrapper that ended with it. */
  readonly outer: Span | undefined;
}

/** The convention's word for a failure that nothing names. */
const OTHER = "_OTHER";

/** What kind of failure a span shows; null when it did not fail. */
export function failureOf(span: Span, call: Call, { lastAttempt, outer }: Witnesses, categorize: Categorize): Failure | null {
  const requestFailed = lastAttempt?.note.failed === true;
  // Instrumentations miss streams that break: no answer, and a request that broke or a wrapper that failed with it.
  if (!call.failed && (!call.asksModel || call.answered || (!requestFailed && outer === undefined))) return null;
  return evidentFailure(evidenceOf(span, { lastAttempt, outer }), call.errorType, lastAttempt, categorize);
}

/** What kind of failure that evidence shows. `ownType` is what the call itself names it; its request may say what no rule knows. */
export function evidentFailure(
  evidence: ErrorEvidence,
  ownType: string | undefined,
  lastAttempt: Attempt | undefined,
  categorize: Categorize,
): Failure {
  const status = evidence.status === undefined ? undefined : String(evidence.status);
  const errorType = ownType ?? evidence.errorType ?? nameOf(evidence.cause) ?? status ?? OTHER;
  return named(ofRequest(categorize(evidence), lastAttempt), errorType);
}

/** What no rule knows ("Error reading from the stream") is what its last request was found to be, if that failed. */
function ofRequest(found: Categorization, request: Attempt | undefined): Categorization {
  if (found.rule !== NOTHING_MATCHED.name || request === undefined || !request.note.failed || request.category === null) return found;
  return { ...found, category: request.category, retryable: request.retryable, rule: REQUEST_RULE };
}

const REQUEST_RULE = "request: as the last request of the call failed";

/** The failure of a request that stands for itself. */
export function requestFailureOf(span: Span, http: HttpCall, categorize: Categorize): Failure | null {
  if (!http.failed) return null;
  const errorType = http.errorType === "" ? String(http.status || OTHER) : http.errorType;
  if (isGivenUp(span, http)) return { category: "timeout", retryable: true, retryDelayMs: null, rule: GIVEN_UP_RULE, errorType };
  return named(categorize(errorEvidenceOf(span, span)), errorType);
}

/** Written out: a spread copies key by key through a runtime call. */
function named({ category, retryable, retryDelayMs, rule }: Categorization, errorType: string): Failure {
  return { category, retryable, retryDelayMs, rule, errorType };
}

const GIVEN_UP_RULE = "timeout: request given up without answer or error";

/** No answer, and its own client let it go, as SDKs do when their time runs out: undici leaves such a span without any word. */
function isGivenUp(span: Span, http: HttpCall): boolean {
  if (http.status !== 0) return false;
  const isSilent = http.errorType === "" && span.statusCode === STATUS.unset && span.events.length === 0;
  return isSilent || span.events.some(({ attributes }) => isDestroyedByClient(attributes["exception.stacktrace"]));
}

/**
 * Node's http says "socket hang up" and ECONNRESET also when the client itself destroys the request; then the error comes from
 * socketCloseListener, and from socketOnEnd when the server hung up (lib/_http_client.js; seen in Node 20 and 24).
 */
function isDestroyedByClient(stacktrace: AttributeValue | undefined): boolean {
  return typeof stacktrace === "string" && /^Error: socket hang up\n\s+at Socket\.socketCloseListener /.test(stacktrace);
}

/** The span's own words first; a span near the wire often has only a code, and the one around it the provider's message. */
function evidenceOf(span: Span, { lastAttempt, outer }: Witnesses): ErrorEvidence {
  const own = errorEvidenceOf(span, lastAttempt === undefined ? undefined : requestBelow(lastAttempt));
  if (outer === undefined || own.message !== undefined || own.cause !== undefined) return own;
  const around = errorEvidenceOf(outer, span);
  return { ...around, ...defined(own), message: around.message, cause: around.cause };
}

function defined(evidence: ErrorEvidence): Partial<ErrorEvidence> {
  return Object.fromEntries(Object.entries(evidence).filter(([, value]) => value !== undefined));
}

function nameOf(cause: unknown): string | undefined {
  const name = typeof cause === "object" && cause !== null && "name" in cause ? cause.name : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** The request as it is asked, from the little that the memory keeps of it. */
export function requestBelow({ note }: Attempt): RequestBelow {
  return {
    statusCode: note.failed ? STATUS.error : STATUS.unset,
    statusMessage: "",
    events: NO_EVENTS,
    attributes: requestAttributes(note),
  };
}

const NO_EVENTS: Span["events"] = [];

function requestAttributes({ httpStatus, errorType, statedWaitMs }: SpanNote): Attributes {
  return {
    "http.response.status_code": httpStatus === 0 ? undefined : httpStatus,
    "error.type": errorType === "" ? undefined : errorType,
    "http.response.header.retry-after-ms": statedWaitMs < 0 ? undefined : String(statedWaitMs),
  };
}
