import { FIELD, conventionDialect, dialectOfMarks, dialectOfScope, operationOf, readFields, type Dialect, type Fields } from "./dialect.ts";
import { canonicalProvider } from "./provider.ts";
import { SPAN_KIND, STATUS, type Attributes, type AttributeValue, type Span } from "./span.ts";

/** What a GenAI span says, whatever dialect it says it in. Unknown is undefined. */
export interface Call {
  readonly dialect: Dialect;
  /** true: one request to a model by the span's own account; false: agent, tool, workflow, raw copy. */
  readonly asksModel: boolean;
  readonly operation: string | undefined;
  readonly provider: string | undefined;
  readonly requestModel: string | undefined;
  readonly responseModel: string | undefined;
  /** The model finished its answer, well or badly: a reason or tokens are there. */
  readonly answered: boolean;
  readonly failed: boolean;
  readonly errorType: string | undefined;
  /** Attempts before the last one, where the emitter counts them itself. */
  readonly resendCount: number | undefined;
  /** What the attempts of one operation have in common, by the emitter's word. */
  readonly operationId: string | undefined;
  readonly ttftSeconds: number | undefined;
  /** When the last attempt began, where the time to the first token counts from there; milliseconds since the epoch. */
  readonly lastAttemptMs: number | undefined;
  /** Duration that the emitter states, where the span's own times do not show it. */
  readonly durationMs: number | undefined;
}

/** Operations that are one request to one model. The first four are the convention's; the rest are other models' work. */
const INFERENCE: ReadonlySet<string> = new Set([
  "chat",
  "generate_content",
  "text_completion",
  "embeddings",
  "rerank",
  "image",
  "image_generation",
  "image_edit",
  "image_variation",
  "audio",
  "speech",
  "text_to_speech",
  "transcription",
  "speech_to_text",
  "translation",
  "moderation",
]);

/** Operations around a model's work, by the convention and the tables. A word that is neither may be an emitter's own for a call. */
const FRAMES: ReadonlySet<string> = new Set([
  "create_agent",
  "invoke_agent",
  "invoke_workflow",
  "agent_step",
  "execute_event_loop_cycle",
  "execute_tool",
  "task",
  "plan",
  "handoff",
  "prompt",
  "retrieval",
  "evaluate",
  "guardrail",
  "event",
  "raw_request",
  "unknown",
]);

/** The span's dialect, or null when it is not a GenAI span. `scopes` remembers what the scope's name already told. */
export function dialectOf(span: Span, scopes: Map<string, Dialect | null>): Dialect | null {
  let dialect = scopes.get(span.scopeName);
  if (dialect === undefined) {
    dialect = dialectOfScope(span.scopeName);
    scopes.set(span.scopeName, dialect);
  }
  if (dialect === null) return dialectOfMarks(span.name, span.attributes);
  // An instrumentation that makes the HTTP spans itself makes them under its own scope.
  const { sharesScope = false } = dialect.table;
  if (!sharesScope && !isRequest(span.attributes)) return dialect;
  const marked = dialectOfMarks(span.name, span.attributes);
  if (marked === null) return null;
  return sharesScope && marked !== conventionDialect ? marked : dialect;
}

function isRequest(attributes: Attributes): boolean {
  return attributes["http.request.method"] !== undefined || attributes["http.method"] !== undefined;
}

export function readCall(span: Span, dialect: Dialect): Call {
  const fields = readFields(dialect, span.attributes);
  return completeCall(span, readWords(span, dialect, fields), fields);
}

/** The part of a Call that no number and no time has a say in: the same for all spans of a shape. */
export interface CallWords extends Pick<
  Call,
  "dialect" | "operation" | "provider" | "requestModel" | "responseModel" | "failed" | "errorType" | "operationId"
> {
  /** A reason to finish is there. */
  readonly finished: boolean;
}

export function readWords(span: Span, dialect: Dialect, fields: Fields): CallWords {
  const requestModel = requestModelOf(dialect, fields) ?? modelInName(span, fields);
  const responseModel = modelOf(fields[FIELD.responseModel], span.attributes);
  return {
    dialect,
    operation: operationOfSpan(span, dialect, fields),
    provider: providerOf(span, fields, requestModel ?? responseModel),
    requestModel,
    responseModel,
    failed: isFailed(span, dialect, fields),
    errorType: text(fields[FIELD.errorType]),
    operationId: text(fields[FIELD.operationId]),
    finished: isReason(fields[FIELD.finishReasons]),
  };
}

/** Adds what the span's own numbers and times say. */
export function completeCall(span: Span, words: CallWords, fields: Fields): Call {
  const { dialect, operation, requestModel } = words;
  const answered = words.finished || hasOutput(fields);
  return {
    dialect,
    operation,
    asksModel: asksModel(span, dialect, operation, { requestModel, answered }),
    provider: words.provider,
    requestModel,
    responseModel: words.responseModel,
    answered,
    failed: words.failed,
    errorType: words.errorType,
    resendCount: resendCountOf(fields),
    operationId: words.operationId,
    ttftSeconds: ttftSecondsOf(span, dialect, fields),
    lastAttemptMs: lastAttemptMsOf(span, dialect),
    durationMs: durationMsOf(fields),
  };
}

function operationOfSpan(span: Span, dialect: Dialect, fields: Fields): string | undefined {
  const word = text(fields[FIELD.operation]);
  if (word !== undefined) return operationOf(dialect.table, word);
  for (const [prefix, operation] of Object.entries(dialect.table.spanNames ?? {})) if (span.name.startsWith(prefix)) return operation;
  return CONVENTION_NAME.exec(span.name)?.[1];
}

/**
 * A client span is named `{gen_ai.operation.name} {gen_ai.request.model}` by the convention. Instrumentations that write their
 * attributes when the answer is there (OpenLIT) leave a failed span with nothing but its name.
 */
const CONVENTION_NAME = /^(chat|text_completion|generate_content|embeddings) (\S{1,256})$/;

/** Without an operation that is known, a span that names a model and shows an answer, or is a client's and shows nothing, is a call. */
function asksModel(
  span: Span,
  dialect: Dialect,
  operation: string | undefined,
  seen: { requestModel: string | undefined; answered: boolean },
): boolean {
  if (operation === undefined || !INFERENCE.has(operation)) {
    const isOpen = operation === undefined || !FRAMES.has(operation);
    return isOpen && seen.requestModel !== undefined && (seen.answered || span.kind === SPAN_KIND.client);
  }
  if (dialect.table.callNamesModel === true && seen.requestModel === undefined) return false;
  return !(dialect.table.streamEndsInOwnSpan === true && isStreamRequest(span, seen.answered));
}

/** A stream's first span: nothing of an answer, no failure. The span that ends the stream stands for the call. */
function isStreamRequest(span: Span, answered: boolean): boolean {
  return !answered && span.statusCode !== STATUS.error && span.kind === SPAN_KIND.client;
}

const MODEL_IN_JSON = /"model"\s*:\s*"([^"\\]{1,256})"/;
/** The model stands near the front of a request; the prompt behind it is not searched. */
const REQUEST_JSON_SEARCHED_MAX = 4_096;

function requestModelOf(dialect: Dialect, fields: Fields): string | undefined {
  const named = nameIn(fields[FIELD.requestModel]);
  if (named !== undefined) return dialect.table.name === "genkit" ? named.slice(named.indexOf("/") + 1) : named;
  const json = text(fields[FIELD.requestJson]);
  return json === undefined ? undefined : detached(MODEL_IN_JSON.exec(json.slice(0, REQUEST_JSON_SEARCHED_MAX))?.[1]);
}

/** V8 keeps the whole of a text for a part of it, and the memory of traces would keep prompts for the sake of models' names. */
function detached(part: string | undefined): string | undefined {
  return part === undefined ? undefined : ` ${part}`.slice(1);
}

/** OpenInference's Bedrock writes the vendor's name (`anthropic`) for the model's. */
function modelOf(value: AttributeValue | undefined, attributes: Attributes): string | undefined {
  return value === attributes["llm.system"] ? undefined : nameIn(value);
}

/** MLflow writes texts as JSON, Micrometer "none" for nothing. */
function nameIn(value: AttributeValue | undefined): string | undefined {
  const name = text(value);
  if (name === undefined || name === "none") return undefined;
  return name.startsWith('"') ? unquoted(name) : name;
}

/** Only where nothing on the span says what it does; else its name is anybody's choice. */
function modelInName(span: Span, fields: Fields): string | undefined {
  return fields[FIELD.operation] === undefined ? CONVENTION_NAME.exec(span.name)?.[2] : undefined;
}

function providerOf(span: Span, fields: Fields, model: string | undefined): string | undefined {
  const named = nameIn(fields[FIELD.provider]);
  return canonicalProvider(named, model, text(span.attributes["server.address"]));
}

function hasOutput(fields: Fields): boolean {
  const tokens = fields[FIELD.outputTokens];
  return tokens !== undefined && tokens !== 0 && tokens !== "0";
}

/** Words for an answer that broke: the convention's and the AI SDK's, OpenAI's state of a response, Mastra's for a caller who left. */
const BROKEN: readonly string[] = ["error", "failed", "aborted", "cancelled"];
/** Words that some write where the reason belongs: the answer has not finished, or not well. */
const NO_REASONS: ReadonlySet<string> = new Set(["", "unknown", "in_progress", "queued", ...BROKEN]);

function isReason(value: AttributeValue | undefined): boolean {
  return someReason(value, isGoodReason);
}

function isGoodReason(reason: string): boolean {
  return !NO_REASONS.has(reason);
}

/** One reason, a list of them, or JSON of the list (Mastra, Sentry). */
function someReason(value: AttributeValue | undefined, is: (reason: string) => boolean): boolean {
  if (Array.isArray(value)) return value.some((reason) => typeof reason === "string" && is(reason));
  if (typeof value !== "string") return false;
  if (!value.startsWith("[")) return is(value);
  const list = value.slice(1, value.endsWith("]") ? -1 : undefined).split(",");
  return list.some((reason) => is(unquoted(reason)));
}

function unquoted(word: string): string {
  return word.replaceAll('"', "").trim();
}

/**
 * Status first: OK overrules what an earlier attempt left on the span, but not that the answer itself ended in error (Mastra
 * sets OK on every span). Unset leaves the word to the dialect.
 */
function isFailed(span: Span, dialect: Dialect, fields: Fields): boolean {
  if (endsInError(fields[FIELD.finishReasons])) return true;
  if (span.statusCode === STATUS.error) return !isOthersError(span, dialect, fields);
  if (span.statusCode === STATUS.ok) return false;
  if (fields[FIELD.errorType] !== undefined) return true;
  if (fields[FIELD.success] === false || fields[FIELD.success] === "false") return true;
  const word = fields[FIELD.failureWord];
  if (typeof word === "string" && (dialect.table.failureWords ?? []).includes(word)) return true;
  return span.events.some((event) => event.name === "exception");
}

function isBroken(reason: string): boolean {
  return BROKEN.includes(reason);
}

/** An error that the emitter itself would have told by an event: somebody wrote it on a span that has its answer. */
function isOthersError({ events }: Span, { table }: Dialect, fields: Fields): boolean {
  return table.errorsAreEvents === true && events.length === 0 && isReason(fields[FIELD.finishReasons]);
}

function endsInError(value: AttributeValue | undefined): boolean {
  return someReason(value, isBroken);
}

/** Attempts before the last one, by the emitter's own count. */
export function resendCountOf(fields: Fields): number | undefined {
  const resent = whole(fields[FIELD.resendCount]);
  if (resent !== undefined) return resent;
  const attempt = whole(fields[FIELD.attempt]);
  return attempt === undefined || attempt < 1 ? undefined : attempt - 1;
}

export function ttftSecondsOf(span: Span, dialect: Dialect, fields: Fields): number | undefined {
  const seconds = positive(fields[FIELD.ttftSeconds]);
  if (seconds !== undefined) return seconds;
  const ms = positive(fields[FIELD.ttftMs]) ?? firstTokenMs(span, dialect, fields);
  return ms === undefined ? undefined : ms / 1_000;
}

/** Time from the span's start to the first token, where an event or a timestamp tells it. */
function firstTokenMs(span: Span, dialect: Dialect, fields: Fields): number | undefined {
  const stamp = text(fields[FIELD.firstTokenAt]);
  if (stamp !== undefined) return sinceStart(span, Date.parse(stamp.replaceAll('"', "")), span.endMs);
  const names = dialect.table.firstTokenEvents;
  if (names === undefined) return undefined;
  const event = span.events.find(({ name }) => names.includes(name));
  return event === undefined ? undefined : sinceStart(span, event.timeMs, Number.MAX_VALUE);
}

function lastAttemptMsOf({ events }: Span, { table }: Dialect): number | undefined {
  const names = table.attemptEvents;
  return names === undefined ? undefined : events.findLast(({ name }) => names.includes(name))?.timeMs;
}

/**
 * When all of a call was over: some spans of streams end when the stream is handed out, before the first token
 * (OpenInference on LlamaIndex).
 */
export function lastMomentOf(span: Span, { table }: Dialect): number {
  if (table.firstTokenEvents === undefined) return span.endMs;
  const last = span.events.at(-1);
  return last !== undefined && last.timeMs > span.endMs ? last.timeMs : span.endMs;
}

function sinceStart(span: Span, timeMs: number, latestMs: number): number | undefined {
  const ms = timeMs - span.startMs;
  return ms >= 0 && timeMs <= latestMs && Number.isFinite(ms) ? ms : undefined;
}

function durationMsOf(fields: Fields): number | undefined {
  const seconds = positive(fields[FIELD.durationSeconds]);
  return seconds === undefined ? undefined : seconds * 1_000;
}

function text(value: AttributeValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A count, also where the emitter writes numbers as text (Micrometer). */
function whole(value: AttributeValue | undefined): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function positive(value: AttributeValue | undefined): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : undefined;
}
