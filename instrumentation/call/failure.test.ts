import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { aborterOf, wireFailure } from "./failure.ts";

/** The stack of an abort() as an SDK's signal gets it. */
async function stackOfAbort(abort: (sdk: AbortController) => void): Promise<string> {
  const sdk = new AbortController();
  const aborted = new Promise((resolve) => sdk.signal.addEventListener("abort", resolve));
  abort(sdk);
  await aborted;
  return (sdk.signal.reason as Error).stack ?? "";
}

/** As SDKs pass a caller's signal on. */
function follow(caller: AbortSignal, sdk: AbortController): void {
  caller.addEventListener("abort", () => sdk.abort());
}

describe("aborterOf", () => {
  it("an SDK's timer is the client", async () => {
    expect(aborterOf(await stackOfAbort((sdk) => setTimeout(() => sdk.abort(), 2)))).toBe("client");
  });

  it("a caller's AbortSignal.timeout or timer is the caller's time limit", async () => {
    expect(aborterOf(await stackOfAbort((sdk) => follow(AbortSignal.timeout(2), sdk)))).toBe("callers_timer");
    const byHand = new AbortController();
    setTimeout(() => byHand.abort(), 2);
    expect(aborterOf(await stackOfAbort((sdk) => follow(byHand.signal, sdk)))).toBe("callers_timer");
  });

  it("code that aborts is the caller, also when it had slept before", async () => {
    expect(aborterOf(await stackOfAbort((sdk) => setImmediate(() => sdk.abort())))).toBe("caller");
    expect(aborterOf(await stackOfAbort((sdk) => void sleep(2).then(() => sdk.abort())))).toBe("caller");
  });
});

describe("wireFailure", () => {
  const unaborted = { signal: undefined, abortStack: "", elapsedMs: 12 };

  it("names the deepest cause that has a code", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" });
    expect(wireFailure(new TypeError("fetch failed", { cause: refused }), unaborted)).toEqual({
      type: "ECONNREFUSED",
      message: refused.message,
    });
  });

  it("survives whatever was thrown", () => {
    for (const thrown of [undefined, null, "text", 7, {}, Object.create(null), Symbol("s")]) {
      expect(wireFailure(thrown, unaborted)).toMatchObject({ type: "Error" });
    }
  });

  it("tells a caller's time limit, which no client repeats, from an answer that came too late for the client", () => {
    expect(wireFailure(undefined, { ...unaborted, signal: AbortSignal.abort(new DOMException("late", "TimeoutError")) })).toMatchObject({
      type: "TimeoutError",
      byCaller: true,
    });
    expect(wireFailure(Object.assign(new Error("late"), { code: "UND_ERR_HEADERS_TIMEOUT" }), unaborted)).toEqual({
      type: "UND_ERR_HEADERS_TIMEOUT",
      message: "late",
    });
  });
});
