import { NORMALIZED, OWN } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { STATUS, type Attributes, type AttributeValue, type Span } from "../core/span.ts";
import { fitAttributes } from "./fit-attributes.ts";
import type { EnrichedSpan } from "./sink.ts";

/** What both tables have. Times in microseconds since 1970. */
interface SpanColumns {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly createdAtMicros: number;
  readonly durationMs: number;
  readonly serviceName: string | null;
  readonly environment: string | null;
  readonly scopeName: string | null;
  readonly status: "completed" | "failed";
  readonly errorMessage: string | null;
  readonly httpStatus: number | null;
  /** UTF-8 of a JSON object. */
  readonly attributesJson: Uint8Array;
}

/** A row of genai.spans. */
export interface SpanRow extends SpanColumns {
  readonly kind: string;
}

/** A row of genai.llm_traces. */
export interface TraceRow extends SpanColumns {
  readonly operation: string | null;
  readonly llmCall: boolean;
  readonly provider: string | null;
  readonly model: string | null;
  readonly responseModel: string | null;
  readonly errorType: string | null;
  readonly errorCategory: string | null;
  readonly errorRetryable: boolean | null;
  readonly errorRetryAfterMs: number | null;
  readonly retryCount: number | null;
  readonly retryReason: string | null;
  readonly retryWaitMs: number | null;
  readonly retryOf: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly costUsd: number | null;
  readonly costInputUsd: number | null;
  readonly costCacheReadUsd: number | null;
  readonly costCacheWriteUsd: number | null;
  readonly costOutputUsd: number | null;
  readonly costWithoutCacheUsd: number | null;
  readonly cacheSavingsUsd: number | null;
  readonly cacheHitRatio: number | null;
  readonly costStatus: string | null;
  readonly priceDate: string | null;
  readonly ttftMs: number | null;
  readonly outputTokensPerSecond: number | null;
  readonly userId: string | null;
  readonly conversationId: string | null;
  readonly agentName: string | null;
  readonly toolName: string | null;
}

/** Names, models, users: what rollups and indexes hold. PostgreSQL's btree takes 2,704 bytes an entry. */
const LABEL_CHARS_MAX = 200;
const NAME_CHARS_MAX = 500;
const MESSAGE_CHARS_MAX = 4_000;
const ID_CHARS_MAX = 64;

/** Where emitters say who used the model: the convention first, then the dialects. */
const USER_KEYS = [
  "user.id",
  "enduser.id",
  "langfuse.user.id",
  "ai.telemetry.metadata.userId",
  "traceloop.association.properties.user_id",
  "gen_ai.user.id",
] as const;
const CONVERSATION_KEYS = [
  "gen_ai.conversation.id",
  "session.id",
  "langfuse.session.id",
  "ai.telemetry.metadata.sessionId",
  "traceloop.association.properties.session_id",
] as const;
const AGENT_KEYS = ["gen_ai.agent.name", "agent.name", "ai.telemetry.functionId"] as const;
const TOOL_KEYS = ["gen_ai.tool.name", "tool.name", "ai.toolCall.name"] as const;
const HTTP_STATUS_KEYS = ["http.response.status_code", "http.status_code"] as const;
const ENVIRONMENT_KEYS = ["deployment.environment.name", "deployment.environment"] as const;
const MESSAGE_KEYS = ["exception.message", "error.message"] as const;

/** Every attribute that a row reads beside what enrichment wrote: whoever decodes spans for this sink must decode these. */
export const ROW_READ_KEYS: readonly string[] = [
  ...USER_KEYS,
  ...CONVERSATION_KEYS,
  ...AGENT_KEYS,
  ...TOOL_KEYS,
  ...HTTP_STATUS_KEYS,
  ...MESSAGE_KEYS,
];

/** A failure of whose category nobody said anything. */
const NOT_CATEGORIZED = "unknown";

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;

export function readSpanRow({ span, attributesJson }: EnrichedSpan): SpanRow {
  const failed = span.statusCode === STATUS.error;
  const { attributes, resource } = span;
  return {
    traceId: span.traceId.slice(0, ID_CHARS_MAX),
    spanId: span.spanId.slice(0, ID_CHARS_MAX),
    parentSpanId: readParent(span),
    name: span.name.slice(0, NAME_CHARS_MAX),
    createdAtMicros: microsOf(span.startMs),
    durationMs: durationOf(span),
    kind: KINDS[span.kind] ?? "unspecified",
    serviceName: label(resource["service.name"]),
    environment: firstLabel(resource, ENVIRONMENT_KEYS),
    scopeName: label(span.scopeName),
    status: statusOf(failed),
    errorMessage: readMessage(span, failed),
    httpStatus: readHttpStatus(attributes, null),
    attributesJson: fitAttributes(attributesJson),
  };
}

export function readTraceRow({ span, attributesJson }: EnrichedSpan, added: Enrichment): TraceRow {
  const { attributes, resource } = span;
  const failed = span.statusCode === STATUS.error || added[OWN.errorCategory] !== undefined;
  const errorType = label(added[NORMALIZED.errorType] ?? attributes[NORMALIZED.errorType]);
  const responseModel = label(added[NORMALIZED.responseModel]);
  const retryCount = integer(added[OWN.retryCount], RETRIES_MAX);
  const retried = retryCount !== null && retryCount > 0;
  return {
    traceId: span.traceId.slice(0, ID_CHARS_MAX),
    spanId: span.spanId.slice(0, ID_CHARS_MAX),
    parentSpanId: readParent(span),
    name: span.name.slice(0, NAME_CHARS_MAX),
    createdAtMicros: microsOf(span.startMs),
    durationMs: durationOf(span),
    serviceName: label(resource["service.name"]),
    environment: firstLabel(resource, ENVIRONMENT_KEYS),
    scopeName: label(span.scopeName),
    operation: label(added[NORMALIZED.operation]),
    llmCall: added[OWN.llmCall] === true,
    provider: label(added[NORMALIZED.provider]),
    model: label(added[NORMALIZED.requestModel]) ?? responseModel,
    responseModel,
    status: statusOf(failed),
    errorMessage: readMessage(span, failed),
    errorType: onlyIf(failed, errorType),
    errorCategory: onlyIf(failed, labelOr(added[OWN.errorCategory], NOT_CATEGORIZED)),
    errorRetryable: onlyIf(failed, added[OWN.errorRetryable] === true),
    errorRetryAfterMs: onlyIf(failed, number(added[OWN.errorRetryAfterMs])),
    httpStatus: readHttpStatus(attributes, errorType),
    retryCount,
    retryReason: onlyIf(retried, labelOr(added[OWN.retryReason], NOT_CATEGORIZED)),
    retryWaitMs: number(added[OWN.retryWaitMs]),
    retryOf: label(added[OWN.retryOf]),
    inputTokens: integer(added[NORMALIZED.inputTokens]),
    outputTokens: integer(added[NORMALIZED.outputTokens]),
    cacheReadTokens: integer(added[NORMALIZED.cacheReadTokens]),
    cacheWriteTokens: integer(added[NORMALIZED.cacheWriteTokens]),
    reasoningTokens: integer(added[NORMALIZED.reasoningTokens]),
    costUsd: number(added[OWN.costUsd]),
    costInputUsd: number(added[OWN.costInputUsd]),
    costCacheReadUsd: number(added[OWN.costCacheReadUsd]),
    costCacheWriteUsd: number(added[OWN.costCacheWriteUsd]),
    costOutputUsd: number(added[OWN.costOutputUsd]),
    costWithoutCacheUsd: number(added[OWN.costWithoutCacheUsd]),
    cacheSavingsUsd: number(added[OWN.cacheSavingsUsd]),
    cacheHitRatio: number(added[OWN.cacheHitRatio]),
    costStatus: label(added[OWN.costStatus]),
    priceDate: label(added[OWN.priceDate]),
    ttftMs: millisOf(added[NORMALIZED.timeToFirstChunk]),
    outputTokensPerSecond: number(added[OWN.outputTokensPerSecond]),
    userId: firstLabel(attributes, USER_KEYS),
    conversationId: firstLabel(attributes, CONVERSATION_KEYS),
    agentName: firstLabel(attributes, AGENT_KEYS),
    toolName: firstLabel(attributes, TOOL_KEYS),
    attributesJson: fitAttributes(attributesJson),
  };
}

/** The longest duration that is kept: a clock that jumped says nothing. */
const DURATION_MS_MAX = 2 ** 31;
/** 2200-01-01. Microseconds are whole numbers in a double until 2255. */
const MICROS_MAX = 7_258_118_400_000_000;

function microsOf(timeMs: number): number {
  const micros = Math.round(timeMs * 1000);
  return Number.isFinite(micros) ? Math.min(MICROS_MAX, Math.max(0, micros)) : 0;
}

function durationOf({ startMs, endMs }: Span): number {
  const durationMs = endMs - startMs;
  // Nanoseconds: what is finer is rounding noise of the subtraction.
  return durationMs > 0 ? Math.min(DURATION_MS_MAX, Math.round(durationMs * 1e6) / 1e6) : 0;
}

const statusOf = (failed: boolean): "completed" | "failed" => (failed ? "failed" : "completed");

const onlyIf = <T>(condition: boolean, value: T): T | null => (condition ? value : null);

const readParent = ({ parentSpanId }: Span): string | null => (parentSpanId === "" ? null : parentSpanId.slice(0, ID_CHARS_MAX));

function readMessage(span: Span, failed: boolean): string | null {
  if (!failed) return null;
  const text = span.statusMessage === "" ? (exceptionMessage(span) ?? firstText(span.attributes, MESSAGE_KEYS)) : span.statusMessage;
  return text === undefined || text === "" ? null : text.slice(0, MESSAGE_CHARS_MAX);
}

function exceptionMessage({ events }: Span): string | undefined {
  for (let i = events.length - 1; i >= 0; i -= 1) {
    const message = events[i]?.attributes["exception.message"];
    if (typeof message === "string" && message !== "") return message;
  }
  return undefined;
}

/** error.type holds the HTTP status where the instrumentation knew nothing better (HTTP semantic conventions). */
function readHttpStatus(attributes: Attributes, errorType: string | null): number | null {
  for (const key of HTTP_STATUS_KEYS) {
    const status = Number(attributes[key] ?? Number.NaN);
    if (Number.isInteger(status) && status >= 100 && status <= 599) return status;
  }
  return errorType !== null && /^[1-5]\d\d$/.test(errorType) ? Number(errorType) : null;
}

const labelOr = (value: AttributeValue | undefined, otherwise: string): string => label(value) ?? otherwise;

function label(value: AttributeValue | undefined): string | null {
  if (typeof value === "string") return value === "" ? null : clean(value);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

/** Under the u flag a pair is one character, so only halves match. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** As PostgreSQL will give it back: rollups are keyed by this text, and must equal what the row holds. */
function clean(value: string): string | null {
  const cut = value.length > LABEL_CHARS_MAX ? value.slice(0, LABEL_CHARS_MAX) : value;
  const whole = LONE_SURROGATE.test(cut) ? cut.replaceAll(LONE_SURROGATES, "\ufffd") : cut;
  return whole.includes("\0") ? whole.replaceAll("\0", "") || null : whole;
}

function firstLabel(attributes: Attributes, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = label(attributes[key]);
    if (value !== null) return value;
  }
  return null;
}

function firstText(attributes: Attributes, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** Larger counts, waits and sums of money are nonsense, and a few of them would overflow the sums for good. */
const QUANTITY_MAX = 1e12;
const RETRIES_MAX = 1e6;

const number = (value: unknown): number | null => (typeof value === "number" && Math.abs(value) <= QUANTITY_MAX ? value : null);

const integer = (value: unknown, max = QUANTITY_MAX): number | null =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max ? value : null;

const millisOf = (seconds: unknown): number | null => (typeof seconds === "number" ? number(seconds * 1000) : null);
