import { describe, expect, it } from "vitest";
import { mayBeRetried, readAttemptHeaders, retryDeadlineMs, statedWaitMs } from "./retry-manner.ts";

const headers =
  (record: Readonly<Record<string, string>>) =>
  (name: string): string | undefined =>
    record[name];

describe("retryDeadlineMs is longer than the client's wait", () => {
  it.each([
    ["openai and its kin", { "x-stainless-retry-count": "0" }, [500, 1000, 2000, 4000, 8000, 8000]],
    ["@google/genai", { "x-goog-api-client": "google-genai-sdk/2" }, [2000, 4000, 8000]],
    ["ai", { "user-agent": "ai/6.0.1 ai-sdk/openai/3 runtime/node.js/20" }, [2000, 4000, 8000]],
    ["LangChain", { "user-agent": "langchainjs-openai/1.0.0", "x-stainless-retry-count": "0" }, [2000, 4000]],
    ["an unknown one", {}, [8000, 8000]],
  ])("%s", (_client, record, longestWaits) => {
    for (const [attempt, wait] of longestWaits.entries())
      expect(retryDeadlineMs(headers(record), attempt, undefined)).toBeGreaterThan(wait);
    expect(retryDeadlineMs(headers(record), 0, 60_000)).toBeGreaterThan(60_000);
    expect(Number.isFinite(retryDeadlineMs(headers(record), 10_000, Number.POSITIVE_INFINITY))).toBe(true);
  });
});

describe("statedWaitMs", () => {
  const now = Date.parse("2026-11-24T10:00:00Z");
  it.each([
    ["25", undefined, 25],
    ["junk", "3", 3000],
    [undefined, "Tue, 24 Nov 2026 10:00:07 GMT", 7000],
    [undefined, "Tue, 24 Nov 2020 10:00:07 GMT", 0],
    [undefined, "soon", undefined],
    ["-5", "-3", undefined],
    [undefined, undefined, undefined],
  ])("retry-after-ms %s, retry-after %s -> %s", (ms, after, expected) => {
    expect(statedWaitMs(ms, after, now)).toBe(expected);
  });
});

describe("who may try again", () => {
  it.each([
    [429, {}, true],
    [529, {}, true],
    [408, {}, true],
    [undefined, {}, true],
    [401, {}, false],
    [400, { "x-should-retry": "true" }, true],
    [503, { "x-should-retry": "false" }, false],
  ])("status %s with %o: %s", (status, record, expected) => {
    expect(mayBeRetried(status, headers(record))).toBe(expected);
  });

  it("reads AWS' and Stainless' counts, and not the one that LangChain always sends as 0", () => {
    expect(readAttemptHeaders(headers({ "amz-sdk-request": "attempt=3; max=3", "amz-sdk-invocation-id": "x" }))).toEqual({
      retryCount: 2,
      callId: "x",
      lastAttempt: true,
    });
    expect(readAttemptHeaders(headers({ "x-stainless-retry-count": "2" })).retryCount).toBe(2);
    expect(readAttemptHeaders(headers({ "x-stainless-retry-count": "0", "user-agent": "langchainjs-openai" })).retryCount).toBeUndefined();
    expect(readAttemptHeaders(headers({ "x-stainless-retry-count": "many" })).retryCount).toBeUndefined();
  });
});
