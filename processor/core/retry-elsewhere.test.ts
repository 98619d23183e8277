import { describe, expect, test } from "vitest";
import { appOf, chatOf, idOf, requestOf, START_MS, type SpanInput } from "../../test/support/span-of.ts";
import { createUnclaimedCalls } from "./call-unclaimed.ts";
import { enrichBatch } from "./enrich.ts";
import type { Enrichment } from "./enrichment.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import type { Span } from "./span.ts";
import { createTraceMemory } from "./trace-memory.ts";

const memoryOf = () => createTraceMemory({ tracesMax: 2_000, spansPerTraceMax: 100, ageMsMax: 600_000 });

/** Whole traces in one batch: what became a model call, by span id. */
function callsOf(...spans: Span[]): Record<string, Enrichment> {
  const found = enrichBatch(spans, { prices: DEFAULT_PRICE_BOOK, memory: memoryOf(), settled: true });
  return Object.fromEntries(
    spans.flatMap(({ spanId }, index) => (found[index]?.["llm_call"] === true ? [[spanId, found[index]] as const] : [])),
  );
}

/** The first half of a UUIDv7 that was made so many milliseconds after START_MS. */
const runIdAt = (ms: number, random: string): string => `${(START_MS + ms).toString(16).padStart(12, "0")}7${random}`;

const langsmith = (input: SpanInput & { readonly error?: string }): Span =>
  chatOf({ name: "ChatOpenAI", scopeName: "langsmith", ...input, attributes: { "langsmith.span.kind": "llm", ...input.attributes } });

describe("a call of LangSmith, whose requests stand under its run's id", () => {
  const under = (parentSpanId: string, input: SpanInput & { readonly status?: number }): Span => ({ ...requestOf(input), parentSpanId });

  test.each([
    ["in a trace of their own", 2],
    ["in the same trace", 1],
  ])("%s: one call, with its retries", (_, trace) => {
    const run = runIdAt(10, "f41");
    const calls = callsOf(
      under(run, { id: 11, trace, from: 12, to: 20, status: 429 }),
      under(run, { id: 12, trace, from: 60, to: 70 }),
      langsmith({ id: 2, parent: 1, from: 10.4, to: 80 }),
      appOf({ id: 1, to: 100 }),
    );
    expect(calls).toMatchObject({ [idOf(2)]: { retry_count: 1, retry_reason: "rate_limit", retry_wait_ms: 40 } });
    expect(Object.keys(calls)).toEqual([idOf(2)]);
  });

  test("of two at once each has its own", () => {
    const calls = callsOf(
      under(runIdAt(10, "aaa"), { id: 11, trace: 2, from: 12, to: 20, status: 429 }),
      under(runIdAt(10, "aaa"), { id: 12, trace: 2, from: 60, to: 70 }),
      under(runIdAt(14, "bbb"), { id: 21, trace: 3, from: 15, to: 60 }),
      langsmith({ id: 2, parent: 1, from: 10.4, to: 80 }),
      langsmith({ id: 3, parent: 1, from: 14.1, to: 80 }),
    );
    expect(Object.entries(calls).map(([id, call]) => [id, call["retry_count"]])).toEqual([
      [idOf(2), 1],
      [idOf(3), 0],
    ]);
  });

  test.each([
    ["after its request", 1],
    ["before its request", 0],
  ])("that comes in a batch %s stands for it all the same", (_, callAt) => {
    const unclaimed = createUnclaimedCalls<null>({ settleMs: 30_000, spansMax: 100 });
    const base = { prices: DEFAULT_PRICE_BOOK, memory: memoryOf() };
    const request = under(runIdAt(10, "f41"), { id: 11, trace: 2, from: 12, to: 70 });
    const batches = [[request], [langsmith({ id: 2, parent: 1, from: 10.4, to: 80 })]];
    for (const [nowMs, batch] of (callAt === 1 ? batches : batches.toReversed()).entries()) {
      enrichBatch(batch, { ...base, nowMs, onUnclaimedRequest: () => unclaimed.hold(request, null, nowMs) });
    }
    expect(unclaimed.takeSettled(base, 40_000)).toEqual([]);
  });

  test("a request under any other lost parent is a call of its own", () => {
    const calls = callsOf(
      under(idOf(0xab_cdef), { id: 11, trace: 2, from: 12, to: 20 }),
      under(runIdAt(-5_000, "ccc"), { id: 12, trace: 3, from: 12, to: 20 }),
      langsmith({ id: 2, parent: 1, from: 10.4, to: 80 }),
    );
    expect(Object.keys(calls)).toEqual([idOf(11), idOf(12), idOf(2)]);
  });
});

describe("a stream of LiteLLM, alone in its trace", () => {
  const litellm = (input: SpanInput & { readonly error?: string; readonly model?: string }): Span =>
    chatOf({
      name: "litellm_request",
      scopeName: "litellm",
      resource: { "service.name": "api" },
      ...input,
    });
  const request = (input: SpanInput & { readonly status?: number }): Span => requestOf({ resource: { "service.name": "api" }, ...input });

  test("repeats the failed call that told of one of its requests alone", () => {
    const failed = litellm({
      id: 5,
      parent: 1,
      from: 343,
      to: 350,
      error: "RateLimitError",
      attributes: { "http.response.status_code": 429 },
    });
    const stream = litellm({ id: 6, trace: 2, from: 0, to: 488 });
    const requests = [
      request({ id: 2, parent: 1, from: 3, to: 7, status: 429 }),
      request({ id: 3, parent: 1, from: 345, to: 347, status: 429 }),
      request({ id: 4, parent: 1, from: 360, to: 392 }),
    ];
    const expected = { [idOf(6)]: { retry_count: 2, retry_reason: "rate_limit", retry_of: idOf(5) } };
    expect(callsOf(...requests, failed, stream)).toMatchObject(expected);

    const context = { prices: DEFAULT_PRICE_BOOK, memory: memoryOf() };
    enrichBatch([...requests.slice(0, 2), failed], context);
    expect(enrichBatch([...requests.slice(2), stream], context)[1]).toMatchObject(expected[idOf(6)] ?? {});
  });

  test("in the proxy it begins before the try that it repeats, and has its id", () => {
    const id = { "litellm.call_id": "c639444d" };
    const stream = litellm({ id: 6, parent: 1, from: 30, to: 2_925, attributes: id });
    const first = litellm({
      id: 5,
      parent: 1,
      from: 32,
      to: 105,
      error: "RateLimitError",
      attributes: { ...id, "http.response.status_code": 429 },
    });
    const other = litellm({ id: 7, parent: 1, from: 40, to: 110, error: "RateLimitError", attributes: { "litellm.call_id": "another" } });
    const calls = callsOf(stream, first, other);
    expect(calls[idOf(6)]).toMatchObject({ retry_count: 1, retry_reason: "rate_limit", retry_of: idOf(5) });
    expect(calls[idOf(7)]).not.toHaveProperty("retry_of");
  });

  test("repeats the one whose failed request was the last before its own, if the model is the same", () => {
    const tries = (model: string): Span[] => [
      litellm({ id: 6, trace: 2, from: 0, to: 50, error: "RateLimitError", attributes: { "http.response.status_code": 429 } }),
      request({ id: 2, parent: 1, from: 3, to: 48, status: 429 }),
      litellm({ id: 7, trace: 3, from: 200, to: 300, model }),
      request({ id: 3, parent: 1, from: 203, to: 298 }),
    ];
    expect(callsOf(...tries("gpt-5.2"))[idOf(7)]).toMatchObject({ retry_count: 1, retry_of: idOf(6), retry_wait_ms: 153 });
    expect(callsOf(...tries("gpt-4.1"))[idOf(7)]).toMatchObject({ retry_count: 0 });
  });

  test("does not stand for the requests of another service", () => {
    const calls = callsOf(
      litellm({ id: 6, trace: 2, from: 0, to: 488 }),
      request({ id: 2, parent: 1, from: 3, to: 400 }),
      requestOf({ id: 3, parent: 8, trace: 3, from: 3, to: 400, resource: { "service.name": "worker" } }),
    );
    expect(Object.keys(calls)).toEqual([idOf(6), idOf(3)]);
  });

  test("two at once stand for the requests of both, also when these settle long after", () => {
    const unclaimed = createUnclaimedCalls<null>({ settleMs: 30_000, spansMax: 100 });
    const base = { prices: DEFAULT_PRICE_BOOK, memory: memoryOf() };
    const requests = [request({ id: 2, parent: 1, from: 3, to: 90 }), request({ id: 3, parent: 1, from: 4, to: 90 })];
    enrichBatch(requests, {
      ...base,
      nowMs: 0,
      onUnclaimedRequest: (index) => {
        const span = requests[index];
        if (span !== undefined) unclaimed.hold(span, null, 0);
      },
    });
    expect(unclaimed.size).toBe(2);
    enrichBatch([litellm({ id: 6, trace: 2, to: 100 }), litellm({ id: 7, trace: 3, from: 1, to: 101 })], { ...base, nowMs: 1_000 });
    for (let id = 100; id < 1_000; id += 1) {
      enrichBatch([litellm({ id, trace: id, from: id * 1_000, to: id * 1_000 + 50 })], { ...base, nowMs: 2_000 });
    }
    expect(unclaimed.takeSettled(base, 40_000)).toEqual([]);
  });
});
