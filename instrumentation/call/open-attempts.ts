import type { CallAttempt } from "./call-attempt.ts";
import type { Failure } from "./failure.ts";

/** Attempts that are watched at a time; what comes beyond is let through unseen. */
const OPEN_ATTEMPTS_MAX = 10_000;
const SWEEP_EVERY_MS = 15_000;
/** A stream that nobody reads on, or a request that nobody answers, ends its span after this. */
const IDLE_MS_MAX = 5 * 60_000;
const ABANDONED: Failure = { type: "abandoned", message: "no answer came while the call was watched" };

/** The attempts that are out, and the sweep that ends those of which nothing is heard any more. */
export interface OpenAttempts {
  readonly isFull: () => boolean;
  add(attempt: CallAttempt): void;
  remove(attempt: CallAttempt): void;
  /** Ends all of them with what is known. */
  abandonAll(): void;
}

export function openAttempts(): OpenAttempts {
  const attempts = new Set<CallAttempt>();
  let timer: NodeJS.Timeout | undefined;
  const sweep = (): void => {
    for (const attempt of attempts) if (attempt.idleMs() > IDLE_MS_MAX) attempt.abandon(ABANDONED);
    if (attempts.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    isFull: () => attempts.size >= OPEN_ATTEMPTS_MAX,
    add(attempt) {
      attempts.add(attempt);
      timer ??= setInterval(sweep, SWEEP_EVERY_MS).unref();
    },
    remove: (attempt) => void attempts.delete(attempt),
    abandonAll() {
      for (const attempt of attempts) attempt.abandon(ABANDONED);
      clearInterval(timer);
      timer = undefined;
    },
  };
}
