import { diag } from "@opentelemetry/api";

/**
 * Runs what must never reach the application: an exception in a subscriber of a diagnostics channel ends the process, one
 * in a wrapped function is the caller's. It is told to the SDK's own log instead.
 */
export function guarded<Result>(what: string, run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    sayFailed(what, error);
    return undefined;
  }
}

export function sayFailed(what: string, error: unknown): void {
  diag.debug(`genai-otel: ${what} failed`, error);
}
