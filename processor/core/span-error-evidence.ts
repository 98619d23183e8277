import type { ErrorEvidence } from "./categorization.ts";
import { STATUS, type Attributes, type AttributeValue, type Span, type SpanEvent } from "./span.ts";

/** Where emitters put what went wrong, the best spelling first. A new emitter is a word in a row. */
const KEYS = {
  provider: ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"],
  // Convention, its spelling before 1.23, and Claude Code.
  status: ["http.response.status_code", "http.status_code", "status_code"],
  grpcStatus: ["rpc.response.status_code", "rpc.grpc.status_code"],
  errorType: ["error.type", "gen_ai.error.type", "exception.type"],
  // LiteLLM writes its own, rewritten status into error.code, later into litellm.provider.error.code.
  errorCode: ["error.code", "gen_ai.error.code", "litellm.provider.error.code", "error_code"],
  // Langfuse leaves the span's status unset and says it in status_message; Claude Code in error.
  message: ["error.message", "gen_ai.error.message", "langfuse.observation.status_message", "exception.message", "error"],
  finishReason: ["gen_ai.response.finish_reasons", "ai.response.finishReason"],
  sentry: ["sentry.op", "sentry.origin"],
  stacktrace: ["exception.stacktrace"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Response headers that the HTTP instrumentations record when told to, by the keys of their lists of values. */
const HEADERS: readonly (readonly [key: string, name: string])[] = ["retry-after", "retry-after-ms", "date", "x-amzn-errortype"].map(
  (name) => [`http.response.header.${name}`, name],
);

/** Every attribute key that is read here, of spans and of their events. */
export const ERROR_READ_KEYS: readonly string[] = [...Object.values(KEYS).flat(), ...HEADERS.map(([key]) => key)];

/**
 * What a failed span says of its failure, from its status, its attributes and its last error event; `lastHttpChild` is the
 * request whose answer was the call's. The caller has decided that the span failed. A request's status is believed before
 * the span's own, which proxies rewrite (LiteLLM reports Anthropic's 529 as 500).
 */
export function errorEvidenceOf(span: Span, lastHttpChild?: Span): ErrorEvidence {
  const { attributes } = span;
  const child = lastHttpChild === span ? undefined : lastHttpChild;
  const own = ownEvidence(span);
  const { errorType, errorCode, message, cause, status } = saysNothing(own) ? unnamedEvidence(attributes, child) : own;
  return {
    provider: textOf(attributes, KEYS.provider),
    status: (child && failureStatus(child.attributes)) ?? own.status ?? status,
    errorType,
    errorCode,
    message,
    headers: headersOf(attributes, child?.attributes),
    cause,
  };
}

type OwnEvidence = Pick<ErrorEvidence, "status" | "errorType" | "errorCode" | "message" | "cause">;

function ownEvidence(span: Span): OwnEvidence {
  const { attributes } = span;
  const event = lastErrorEvent(span.events);
  return {
    status: failureStatus(attributes) ?? scalarOf(attributes, KEYS.grpcStatus),
    errorType: textOf(attributes, KEYS.errorType),
    errorCode: scalarOf(attributes, KEYS.errorCode),
    message: messageOf(span),
    cause: event === undefined ? undefined : causeOf(event.attributes),
  };
}

function saysNothing({ errorType, errorCode, message, cause }: OwnEvidence): boolean {
  return errorType === undefined && errorCode === undefined && message === undefined && cause === undefined;
}

/** The request's words, only where the span has none: a request that the client tore down (abort, timeout) looks like a reset. */
function unnamedEvidence(attributes: Attributes, child: Span | undefined): OwnEvidence {
  const beneath = child === undefined ? {} : ownEvidence(child);
  const nothing = saysNothing(beneath) && beneath.status === undefined;
  return nothing && (endsInError(attributes) || isAnswered(child)) ? { errorType: "server_error" } : beneath;
}

/** "error" as finish reason and nothing else: the server says that it could not finish. */
function endsInError(attributes: Attributes): boolean {
  const reasons = valueOf(attributes, KEYS.finishReason);
  if (Array.isArray(reasons)) return reasons.includes("error");
  return reasons === "error" || (typeof reasons === "string" && reasons.startsWith("[") && reasons.includes('"error"'));
}

/** The exchange went well, yet the call failed: what failed it stood in the answer. */
function isAnswered(child: Span | undefined): boolean {
  if (child === undefined || child.statusCode === STATUS.error) return false;
  const status = Number(scalarOf(child.attributes, KEYS.status));
  return status >= 200 && status < 300;
}

/** Sentry's words for a span that failed by whatever error; its other words (resource_exhausted) say something. */
const SENTRY_ANY_ERROR: ReadonlySet<string> = new Set(["internal_error", "unknown_error"]);

/** The status message and the attributes often say the same twice. */
function messageOf(span: Span): string | undefined {
  const fromAttributes = textOf(span.attributes, KEYS.message);
  const isEmpty =
    span.statusMessage === "" || (SENTRY_ANY_ERROR.has(span.statusMessage) && textOf(span.attributes, KEYS.sentry) !== undefined);
  if (isEmpty) return fromAttributes;
  if (fromAttributes === undefined || span.statusMessage.includes(fromAttributes)) return span.statusMessage;
  return `${span.statusMessage}\n${fromAttributes}`;
}

/** A span can hold the exceptions of several attempts; the last one is the outcome. */
function lastErrorEvent(events: readonly SpanEvent[]): SpanEvent | undefined {
  return events.findLast(
    ({ attributes }) => textOf(attributes, KEYS.errorType) !== undefined || textOf(attributes, KEYS.message) !== undefined,
  );
}

function causeOf(attributes: Attributes): Record<string, unknown> {
  const message = textOf(attributes, KEYS.message);
  return {
    name: textOf(attributes, KEYS.errorType),
    code: scalarOf(attributes, KEYS.errorCode),
    status: failureStatus(attributes),
    message: message ?? firstLineOf(textOf(attributes, KEYS.stacktrace)),
  };
}

/** JavaScript's stack begins with the message; Python's begins with "Traceback", which says nothing. */
function firstLineOf(stacktrace: string | undefined): string | undefined {
  const line = stacktrace?.split("\n", 1)[0];
  return line?.startsWith("Traceback") === true ? undefined : line;
}

/** Claude Code and others write numbers as text. A success status (the head of a stream that broke later) is no evidence. */
function failureStatus(attributes: Attributes): number | undefined {
  const status = Number(scalarOf(attributes, KEYS.status));
  return Number.isInteger(status) && status >= 400 ? status : undefined;
}

function headersOf(span: Attributes, child: Attributes | undefined): Record<string, unknown> | undefined {
  let headers: Record<string, unknown> | undefined;
  for (const [key, name] of HEADERS) {
    const value = child?.[key] ?? span[key];
    if (value !== undefined) (headers ??= {})[name] = Array.isArray(value) ? value[0] : value;
  }
  return headers;
}

function valueOf(attributes: Attributes, keys: readonly string[]): AttributeValue | undefined {
  for (const key of keys) if (attributes[key] !== undefined && attributes[key] !== "") return attributes[key];
  return undefined;
}

function textOf(attributes: Attributes, keys: readonly string[]): string | undefined {
  const value = valueOf(attributes, keys);
  return typeof value === "string" ? value : undefined;
}

function scalarOf(attributes: Attributes, keys: readonly string[]): string | number | undefined {
  const value = valueOf(attributes, keys);
  return typeof value === "string" || typeof value === "number" ? value : undefined;
}
