/** What enrichment reads from a span besides tokens, which usage.ts reads. */
export type Field =
  | "provider"
  | "operation"
  | "requestModel"
  | "responseModel"
  | "finishReasons"
  | "errorType"
  /** Attempts before the last one, counted by the emitter. */
  | "resendCount"
  /** Number of this attempt, starting at 1. */
  | "attempt"
  | "ttftSeconds"
  | "ttftMs"
  /** Time of the first token: ISO 8601 text or JSON of it. */
  | "firstTokenAt"
  | "durationSeconds"
  /** Any sign that tokens were produced; the counts themselves are read by usage.ts. */
  | "outputTokens"
  /** JSON in which the request's model stands when no attribute says it. */
  | "requestJson"
  /** A word with which the emitter says that it failed although the status is unset: level, state. */
  | "failureWord"
  | "success"
  /** Id of the operation, which its attempts have in common where each is a span. */
  | "operationId";

/** One emitter's way of writing a GenAI span. A new emitter is a new table, not a new branch. */
export interface DialectTable {
  readonly name: string;
  /** Packages and versions, for docs/attributes.md. */
  readonly emitter: string;
  /** Instrumentation scopes by their whole name. */
  readonly scopes?: readonly string[];
  readonly scopePrefixes?: readonly string[];
  /** Spans of databases, servers and the rest stand under the same scope: there a span is of GenAI only with a mark of it. */
  readonly sharesScope?: true;
  /** Keys that only this emitter writes: they tell the dialect under whatever scope it stands. */
  readonly markers?: readonly string[];
  /** Beginnings of span names that tell the dialect where neither scope nor attribute does. */
  readonly namePrefixes?: readonly string[];
  /** Spellings of each field, read before those of the convention; the first that is present wins. */
  readonly fields?: Readonly<Partial<Record<Field, readonly string[]>>>;
  /** Fields of the convention that mean something else here and are not read. */
  readonly ignored?: readonly string[];
  /** Values of `operation` in this dialect -> operation names of the convention. */
  readonly operations?: Readonly<Record<string, string>>;
  /** Span names that stand for an operation when no attribute does; matched by prefix. */
  readonly spanNames?: Readonly<Record<string, string>>;
  /** Events whose first one marks the first token. */
  readonly firstTokenEvents?: readonly string[];
  /** Events that mark the beginning of each attempt, from which the time to the first token counts here. */
  readonly attemptEvents?: readonly string[];
  /** Values of `failureWord` that mean failure. */
  readonly failureWords?: readonly string[];
  /** The provider SDK's own span: of two spans for one call it is the nearest to the wire and stands for it. */
  readonly native?: true;
  /** Its requests may lie outside the span that stands for them: before it, after it, or in another trace of the same process. */
  readonly requestsOutside?: true;
  /** Of spans of the same operation inside one another only that is the call which names a model; the others give it a frame. */
  readonly callNamesModel?: true;
  /** Whoever fails has an exception event; a status of error without one, beside an answer, is not the emitter's own. */
  readonly errorsAreEvents?: true;
  /** A streamed call is one span without usage and, when the stream ends, a second one that stands for the call. */
  readonly streamEndsInOwnSpan?: true;
  readonly note: string;
}
