import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { SinkAwayError } from "../sinks/sink-error.ts";
import { createTimeLimit } from "./time-limit.ts";

const LIMIT_MS = 60;

const never = new Promise<void>(() => undefined);

test("work that is done in time ends as it ended, whatever runs beside it", async () => {
  const limit = createTimeLimit(LIMIT_MS);
  const late = limit(never).catch((error: unknown) => error);
  await expect(limit(Promise.resolve())).resolves.toBeUndefined();
  await expect(limit(Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  await expect(limit(sleep(LIMIT_MS / 4))).resolves.toBeUndefined();
  expect(await late).toBeInstanceOf(SinkAwayError);
});

test("each has its own time, and the next one too after all were done", async () => {
  const limit = createTimeLimit(LIMIT_MS);
  const timesMs = Array.from({ length: 4 }, async (_, index) => {
    await sleep((index * LIMIT_MS) / 3);
    const startMs = performance.now();
    await limit(never).catch(() => undefined);
    return performance.now() - startMs;
  });
  for (const ms of await Promise.all(timesMs)) expect(ms).toBeGreaterThanOrEqual(LIMIT_MS);
  await limit(Promise.resolve());
  await sleep(LIMIT_MS * 2);
  const startMs = performance.now();
  await expect(limit(never)).rejects.toThrow(`no answer within ${LIMIT_MS} ms`);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(LIMIT_MS);
});

test("what fails after its time is nobody's failure", async () => {
  const limit = createTimeLimit(LIMIT_MS);
  const failing = sleep(LIMIT_MS * 2).then(() => Promise.reject(new Error("late")));
  await expect(limit(failing)).rejects.toThrow("no answer within");
  await sleep(LIMIT_MS * 2);
});
