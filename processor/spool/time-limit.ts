import { SinkAwayError } from "../sinks/sink-error.ts";

/** Rejects with SinkAwayError where `work` takes longer; what it says after that is heard by nobody. */
export type TimeLimit = (work: Promise<void>) => Promise<void>;

interface Timed {
  readonly untilMs: number;
  readonly reject: (error: Error) => void;
  isOver: boolean;
}

/**
 * The same limit for many works, of which nearly all are done long before: one timer that looks after the oldest, where a timer
 * for each would be made and thrown away for every write.
 */
export function createTimeLimit(ms: number): TimeLimit {
  /** By their end; those that are over are still among them. */
  const running: Timed[] = [];
  let timer: NodeJS.Timeout | undefined;

  function forgetOver(): void {
    while (running[0]?.isOver === true) running.shift();
  }

  function onTime(): void {
    const nowMs = performance.now();
    for (const one of running) {
      if (one.untilMs > nowMs) break;
      one.isOver = true;
      one.reject(new SinkAwayError(`no answer within ${ms} ms`, ms));
    }
    forgetOver();
    const [oldest] = running;
    timer = oldest === undefined ? undefined : setTimeout(onTime, Math.ceil(oldest.untilMs - nowMs)).unref();
  }

  return (work) =>
    new Promise((resolve, reject) => {
      const one: Timed = { untilMs: performance.now() + ms, reject, isOver: false };
      const end = (): void => {
        one.isOver = true;
        forgetOver();
      };
      running.push(one);
      timer ??= setTimeout(onTime, ms).unref();
      work.then(
        () => {
          end();
          resolve();
        },
        (error: unknown) => {
          end();
          reject(error as Error);
        },
      );
    });
}
