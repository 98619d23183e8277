/** The batch will never be taken there: another try is of no use. Every other error of a sink counts as passing. */
export class RefusedBatchError extends Error {}

/** A passing failure that says when another try has a chance. */
export class SinkAwayError extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** For one line of a log: the message without the stack, and the cause's where it says more. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node's AggregateError of a refused connection to several addresses has an empty message.
  const own =
    error.message !== "" ? error.message : error instanceof AggregateError ? error.errors.map(describeError).join("; ") : error.name;
  const cause = error.cause instanceof Error ? describeError(error.cause) : "";
  return cause === "" || own.includes(cause) ? own : `${own}: ${cause}`;
}

/** What went wrong, as a code that tells nothing of where: an errno, an SQLSTATE, or "failed". */
export function failureCode(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && code !== "" ? code : "failed";
}
