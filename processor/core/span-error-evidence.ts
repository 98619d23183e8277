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

/** Of these keys those that are read of events; the stack only where no message stands beside it (`causeOf`). */
export const EVENT_READ_KEYS: ReadonlySet<string> = new Set([
  ...KEYS.errorType,
  ...KEYS.errorCode,
  ...KEYS.message,
  ...KEYS.status,
  ...KEYS.stacktrace,
]);
export const EVENT_MESSAGE_KEYS: ReadonlySet<string> = new Set(KEYS.message);
export const EVENT_STACK_KEY = KEYS.stacktrace[0];

/** What a span that failed says in words of its own. */
export interface FailureTexts {
  readonly statusMessage: string;
  readonly events: readonly Pick<SpanEvent, "attributes">[];
}

/** As much as is asked of the request whose answer was the call's. */
export type RequestBelow = Pick<Span, "attributes" | "statusCode" | "statusMessage" | "events">;

/**
 * What a failed span says of its failure, from its status, its attributes and its last error event; `lastHttpChild` is the
 * request whose answer was the call's. The caller has decided that the span failed. A request's status is believed before
 * the span's own, which proxies rewrite (LiteLLM reports Anthropic's 529 as 500).
 */
export function errorEvidenceOf(span: Span, lastHttpChild?: RequestBelow): ErrorEvidence {
  return toldEvidence(statedEvidenceOf(span.attributes, lastHttpChild === span ? undefined : lastHttpChild), span);
}

/** What stands in attributes alone, those of the span and of its request: the same for all spans of two shapes. */
export interface StatedEvidence {
  readonly attributes: Attributes;
  readonly child: RequestBelow | undefined;
  readonly provider: string | undefined;
  readonly childStatus: number | undefined;
  readonly own: OwnAttributes;
  readonly headers: Record<string, unknown> | undefined;
}

export function statedEvidenceOf(attributes: Attributes, child: RequestBelow | undefined): StatedEvidence {
  return {
    attributes,
    child,
    provider: textOf(attributes, KEYS.provider),
    childStatus: child && failureStatus(child.attributes),
    own: ownAttributes(attributes),
    headers: headersOf(attributes, child?.attributes),
  };
}

/** The same with the words of one span. */
export function toldEvidence(
  { attributes, child, provider, childStatus, own: stated, headers }: StatedEvidence,
  texts: FailureTexts,
): ErrorEvidence {
  const own = ownEvidence(stated, texts);
  const { errorType, errorCode, message, cause, status } = saysNothing(own) ? unnamedEvidence(attributes, child) : own;
  return { provider, status: childStatus ?? own.status ?? status, errorType, errorCode, message, headers, cause };
}

type OwnEvidence = Pick<ErrorEvidence, "status" | "errorType" | "errorCode" | "message" | "cause">;

interface OwnAttributes extends Omit<OwnEvidence, "cause"> {
  /** Sentry wrote the span. */
  readonly isSentrys: boolean;
}

function ownAttributes(attributes: Attributes): OwnAttributes {
  return {
    status: failureStatus(attributes) ?? scalarOf(attributes, KEYS.grpcStatus),
    errorType: textOf(attributes, KEYS.errorType),
    errorCode: scalarOf(attributes, KEYS.errorCode),
    message: textOf(attributes, KEYS.message),
    isSentrys: textOf(attributes, KEYS.sentry) !== undefined,
  };
}

function ownEvidence({ status, errorType, errorCode, message, isSentrys }: OwnAttributes, texts: FailureTexts): OwnEvidence {
  const event = lastErrorEvent(texts.events);
  return {
    status,
    errorType,
    errorCode,
    message: messageOf(texts.statusMessage, message, isSentrys),
    cause: event === undefined ? undefined : causeOf(event.attributes),
  };
}

function saysNothing({ errorType, errorCode, message, cause }: OwnEvidence): boolean {
  return errorType === undefined && errorCode === undefined && message === undefined && cause === undefined;
}

/** The request's words, only where the span has none: a request that the client tore down (abort, timeout) looks like a reset. */
function unnamedEvidence(attributes: Attributes, child: RequestBelow | undefined): OwnEvidence {
  const beneath = child === undefined ? {} : ownEvidence(ownAttributes(child.attributes), child);
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
function isAnswered(child: RequestBelow | undefined): boolean {
  if (child === undefined || child.statusCode === STATUS.error) return false;
  const status = Number(scalarOf(child.attributes, KEYS.status));
  return status >= 200 && status < 300;
}

/** Sentry's words for a span that failed by whatever error; its other words (resource_exhausted) say something. */
const SENTRY_ANY_ERROR: ReadonlySet<string> = new Set(["internal_error", "unknown_error"]);

/** The status message and the attributes often say the same twice. */
function messageOf(statusMessage: string, fromAttributes: string | undefined, isSentrys: boolean): string | undefined {
  if (statusMessage === "" || (isSentrys && SENTRY_ANY_ERROR.has(statusMessage))) return fromAttributes;
  if (fromAttributes === undefined || statusMessage.includes(fromAttributes)) return statusMessage;
  return `${statusMessage}\n${fromAttributes}`;
}

/** A span can hold the exceptions of several attempts; the last one is the outcome. */
function lastErrorEvent(events: FailureTexts["events"]): Pick<SpanEvent, "attributes"> | undefined {
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const event = events[index];
    if (event !== undefined && isError(event.attributes)) return event;
  }
  return undefined;
}

function isError(attributes: Attributes): boolean {
  return textOf(attributes, KEYS.errorType) !== undefined || textOf(attributes, KEYS.message) !== undefined;
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
