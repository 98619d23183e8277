import { describe, expect, test } from "vitest";
import { createTraceMemory, UNSEEN, type SpanNote } from "./trace-memory.ts";

function note(over: Partial<SpanNote>): SpanNote {
  return { ...UNSEEN, traceId: "t", spanId: "s", startMs: 1, endMs: 2, ...over };
}

describe("createTraceMemory", () => {
  test("holds the newest traces and says what it lost", () => {
    const memory = createTraceMemory({ tracesMax: 2, spansPerTraceMax: 10, ageMsMax: 1_000 });
    memory.begin();
    for (const traceId of ["a", "b", "c"]) memory.remember(note({ traceId }));
    expect([memory.trace("a"), memory.size, memory.lost.traces]).toEqual([undefined, 2, 1]);
  });

  test("a trace that goes on outlives older ones that do not", () => {
    const memory = createTraceMemory({ tracesMax: 2, spansPerTraceMax: 10, ageMsMax: 1_000 });
    memory.begin();
    memory.remember(note({ traceId: "a" }));
    memory.remember(note({ traceId: "b" }));
    memory.begin();
    memory.remember(note({ traceId: "a", spanId: "s2" }));
    memory.remember(note({ traceId: "c" }));
    expect([memory.trace("a") !== undefined, memory.trace("b")]).toEqual([true, undefined]);
  });

  test("forgets by the clock that it is given", () => {
    const memory = createTraceMemory({ tracesMax: 9, spansPerTraceMax: 10, ageMsMax: 1_000 });
    memory.begin(10_000);
    memory.remember(note({ traceId: "a" }));
    memory.begin(10_900);
    memory.remember(note({ traceId: "b" }));
    memory.begin(11_001);
    expect([memory.trace("a"), memory.size]).toEqual([undefined, 1]);
  });

  test("forgets a trace that is over, with its requests, unless a call may still ask for them", () => {
    const memory = createTraceMemory({ tracesMax: 9, spansPerTraceMax: 10, ageMsMax: 1_000 });
    memory.begin();
    const claimed = memory.remember(note({ traceId: "a", spanId: "1", role: "http" }));
    const unclaimed = memory.remember(note({ traceId: "a", spanId: "2", role: "http" }));
    const other = memory.remember(note({ traceId: "b", spanId: "3", role: "http" }));
    for (const request of [claimed, other]) if (request !== null) request.claimedBy = request;
    memory.forget("a");
    memory.forget("unknown");
    expect([memory.trace("a"), memory.size, memory.lost.traces]).toEqual([undefined, 1, 0]);
    expect(memory.requests).toEqual([unclaimed, other]);
  });

  test("refuses the spans of a trace beyond its bound, its children's parents too", () => {
    const memory = createTraceMemory({ tracesMax: 9, spansPerTraceMax: 2, ageMsMax: 1_000 });
    memory.begin();
    expect(memory.remember(note({ spanId: "1", parentSpanId: "p" }))).not.toBeNull();
    expect(memory.remember(note({ spanId: "2" }))).toBeNull();
    expect(memory.remember(note({ spanId: "p" }))).not.toBeNull();
    expect(memory.lost.spans).toBe(1);
  });

  test("holds no more spans than it may over all traces, the newest of them", () => {
    const memory = createTraceMemory({ tracesMax: 99, spansPerTraceMax: 99, spansMax: 5, ageMsMax: 1_000 });
    for (const traceId of ["a", "b", "c"]) {
      memory.begin();
      for (const spanId of ["1", "2"]) memory.remember(note({ traceId, spanId }));
    }
    expect([memory.trace("a"), memory.size, memory.lost.traces]).toEqual([undefined, 2, 1]);
    for (let spanId = 3; spanId < 20; spanId += 1) memory.remember(note({ traceId: "c", spanId: String(spanId) }));
    expect([memory.size, memory.trace("c")?.nodes.size]).toEqual([1, 19]);
  });

  test("a call makes itself known to all above it, in whatever order they come", () => {
    const memory = createTraceMemory({ tracesMax: 9, spansPerTraceMax: 99, ageMsMax: 1_000 });
    memory.begin();
    memory.remember(note({ spanId: "grandparent" }));
    memory.remember(note({ spanId: "call", parentSpanId: "parent", role: "call" }));
    memory.remember(note({ spanId: "parent", parentSpanId: "grandparent" }));
    const nodes = memory.trace("t")?.nodes;
    expect(["grandparent", "parent", "call"].map((id) => nodes?.get(id)?.callBelow)).toEqual([true, true, false]);
  });

  test("spans that name each other or themselves as parents end nothing", () => {
    const memory = createTraceMemory({ tracesMax: 9, spansPerTraceMax: 99, ageMsMax: 1_000 });
    memory.begin();
    memory.remember(note({ spanId: "a", parentSpanId: "b", role: "call" }));
    memory.remember(note({ spanId: "b", parentSpanId: "a", role: "call" }));
    memory.remember(note({ spanId: "c", parentSpanId: "c", role: "call" }));
    expect(memory.trace("t")?.nodes.size).toBe(3);
  });
});
