/** The nine categories of a failed call, in the order in which a reader looks for them. */
export const ERROR_CATEGORIES = [
  "rate_limit",
  "quota_exceeded",
  "model_overloaded",
  "timeout",
  "network_error",
  "api_error",
  "auth",
  "validation",
  "unknown",
] as const;

export type ErrorCategory = (typeof ERROR_CATEGORIES)[number];

/** What is known of a failed call, from a span or from a line of `genai-otel categorize`. Everything is optional. */
export interface ErrorEvidence {
  /** Provider as the emitter names it ("openai", "aws.bedrock", ...). */
  readonly provider?: string | undefined;
  /** HTTP status of the last answer, or a gRPC code's name or number. */
  readonly status?: number | string | undefined;
  /** `error.type`, an exception's class, or the provider's error type. */
  readonly errorType?: string | undefined;
  /** The provider's error code, an errno, or an exception's code. */
  readonly errorCode?: string | number | undefined;
  /** Human text, possibly with JSON inside. */
  readonly message?: string | undefined;
  /** The provider's answer: parsed JSON or text. */
  readonly body?: unknown;
  /** Response headers, any case. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  /** What lies beneath: `{name, code, message, cause}` or text; chains nest. */
  readonly cause?: unknown;
}

/** The answer to "what kind of failure is this, is another try worth it, and when". */
export interface Categorization {
  readonly category: ErrorCategory;
  readonly retryable: boolean;
  /** The wait that the provider stated, in ms; null where it stated none. */
  readonly retryDelayMs: number | null;
  /** Name of the rule that decided, so that a wrong label can be traced to its row. */
  readonly rule: string;
}
