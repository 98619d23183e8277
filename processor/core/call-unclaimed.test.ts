import { describe, expect, test } from "vitest";
import { appOf, chatOf, idOf, requestOf } from "../../test/support/span-of.ts";
import { createUnclaimedCalls, type SettledCall, type UnclaimedCalls } from "./call-unclaimed.ts";
import { enrichBatch, type EnrichContext } from "./enrich.ts";
import type { Enrichment } from "./enrichment.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import type { Span } from "./span.ts";
import { createTraceMemory } from "./trace-memory.ts";

const SETTLE_MS = 30_000;

interface Gateway {
  readonly receive: (nowMs: number, ...spans: Span[]) => (Enrichment | null)[];
  readonly settled: (nowMs: number) => SettledCall<string>[];
  readonly unclaimed: UnclaimedCalls<string>;
}

/** What a gateway does with its batches, in miniature. */
function gateway(spansMax = 100): Gateway {
  const unclaimed = createUnclaimedCalls<string>({ settleMs: SETTLE_MS, spansMax });
  const base = {
    prices: DEFAULT_PRICE_BOOK,
    memory: createTraceMemory({ tracesMax: 100, spansPerTraceMax: 100, ageMsMax: 10 * SETTLE_MS }),
  };
  return {
    unclaimed,
    receive(nowMs, ...spans) {
      const context: EnrichContext = {
        ...base,
        nowMs,
        onUnclaimedRequest: (index) => {
          const span = spans[index];
          if (span !== undefined) unclaimed.hold(span, `row of ${span.spanId}`, nowMs);
        },
      };
      return enrichBatch(spans, context);
    },
    settled: (nowMs) => unclaimed.takeSettled(base, nowMs),
  };
}

describe("createUnclaimedCalls", () => {
  test("gives out a lost call once, when its trace has been quiet long enough", () => {
    const { receive, settled, unclaimed } = gateway();
    receive(0, requestOf({ id: 1, parent: 77, status: 429 }));
    receive(10_000, appOf({ id: 9 }));
    expect([settled(39_999), unclaimed.size]).toEqual([[], 1]);
    const [call] = settled(40_000);
    expect(call).toMatchObject({
      payload: `row of ${idOf(1)}`,
      enrichment: { llm_call: true, error_category: "rate_limit", retry_count: 0 },
    });
    expect([settled(99_000), unclaimed.size]).toEqual([[], 0]);
  });

  test("attempts of one operation are one call, also over batches", () => {
    const { receive, settled } = gateway();
    for (const n of [0, 1, 2]) receive(n, requestOf({ id: n + 1, parent: 77, from: n * 50, to: n * 50 + 10, status: 503 }));
    expect(settled(SETTLE_MS + 2).map(({ span, enrichment }) => [span.spanId, enrichment["retry_count"]])).toEqual([[idOf(3), 2]]);
  });

  test.each([
    ["above", chatOf({ id: 77 })],
    ["beside", chatOf({ id: 5, parent: 9, scopeName: "langfuse" })],
  ])("a GenAI span that comes %s it before the trace has settled claims it", (where, call) => {
    const { receive, settled } = gateway();
    receive(0, requestOf({ id: 1, parent: where === "above" ? 77 : 9, from: 5, to: 90 }));
    expect(receive(5_000, call, appOf({ id: 9 }))[0]).toMatchObject({ llm_call: true, retry_count: 0 });
    expect(settled(SETTLE_MS * 2)).toEqual([]);
  });

  test("a GenAI span that comes after that is told that its call is counted", () => {
    const { receive, settled } = gateway();
    receive(0, requestOf({ id: 1, parent: 77, from: 5, to: 90 }));
    expect(settled(SETTLE_MS)).toHaveLength(1);
    expect(receive(SETTLE_MS + 1, chatOf({ id: 77 }))).toMatchObject([{ llm_call: false }]);
  });

  test("a request that is sent twice is held once, and not held again when it was given out", () => {
    const { receive, settled, unclaimed } = gateway();
    const request = requestOf({ id: 1, parent: 77 });
    receive(0, request);
    receive(1, request);
    expect(unclaimed.size).toBe(1);
    expect(settled(SETTLE_MS + 1)).toHaveLength(1);
    receive(SETTLE_MS + 2, request);
    expect(unclaimed.size).toBe(0);
  });

  test("a trace that never rests is judged all the same", () => {
    const { receive, settled } = gateway();
    receive(0, requestOf({ id: 1, parent: 77 }));
    for (let nowMs = 20_000; nowMs < SETTLE_MS * 10; nowMs += 20_000) {
      receive(nowMs, appOf({ id: 100 + nowMs, parent: 77 }));
      expect(settled(nowMs)).toEqual([]);
    }
    expect(settled(SETTLE_MS * 10)).toHaveLength(1);
  });

  test("beyond its bound it does not wait", () => {
    const { receive, settled, unclaimed } = gateway(2);
    for (const trace of [1, 2, 3]) receive(0, requestOf({ id: 1, parent: 77, trace }));
    expect(settled(1)).toHaveLength(1);
    expect(unclaimed.size).toBe(2);
  });

  test("when the trace was forgotten meanwhile, the request still is a call", () => {
    const unclaimed = createUnclaimedCalls<null>({ settleMs: 1, spansMax: 9 });
    unclaimed.hold(requestOf({ id: 1, parent: 77, status: 500 }), null, 0);
    const memory = createTraceMemory({ tracesMax: 1, spansPerTraceMax: 9, ageMsMax: 1 });
    expect(unclaimed.takeSettled({ prices: DEFAULT_PRICE_BOOK, memory }, 9)).toMatchObject([
      { enrichment: { error_category: "api_error" } },
    ]);
  });
});

describe("before the trace has settled", () => {
  test("a call that repeats a lost one says so already", () => {
    const { receive, settled } = gateway();
    receive(0, requestOf({ id: 1, parent: 77, to: 10, status: 429 }));
    const [call] = receive(1, chatOf({ id: 2, parent: 9, from: 40 }), requestOf({ id: 3, parent: 2, from: 41 }), appOf({ id: 9 }));
    expect(call).toMatchObject({ retry_of: idOf(1), retry_count: 1, retry_wait_ms: 31 });
    expect(settled(SETTLE_MS * 2).map(({ span }) => span.spanId)).toEqual([idOf(1)]);
  });

  test("a request whose call may still be trying is no failure to repeat", () => {
    const { receive } = gateway();
    const [first, second] = [requestOf({ id: 1, parent: 77, to: 10, status: 429 }), requestOf({ id: 2, parent: 77, from: 20, to: 30 })];
    expect(receive(0, first, second, chatOf({ id: 3, parent: 9, from: 40 }))[2]).not.toHaveProperty("retry_of");
  });
});
