import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { enrichByColumns, enrichBySpans, memoryOf } from "../../test/support/both-ways.ts";
import { createReferenceColumns } from "../../test/support/reference-columns.ts";
import type { RequestScan } from "../otlp/request-scan.ts";
import { SpanShapes } from "../otlp/span-shapes.ts";
import { enrichColumns } from "./enrich-columns.ts";
import type { EnrichContext } from "./enrich-context.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import { ID_STRIDE, ID_WORD } from "./span-columns.ts";
import { createTraceMemory, type TraceMemoryOptions } from "./trace-memory.ts";

/** Reads no span: who failed with texts of its own has to be read the ordinary way. */
const NOBODY = (): null => null;

const reader = createReferenceColumns(new SpanShapes());
const bodies = Array.from({ length: 12 }, (_, seed) => corpusRequest({ spans: 24, content: false, seed: seed + 1 }).body);
for (const body of bodies) reader.read(body);
const scans = bodies.flatMap((body) => reader.read(body)?.scan ?? []);

const LARGE = { tracesMax: 10_000, spansPerTraceMax: 1_000, spansMax: 100_000, ageMsMax: 60_000 };

function context(over: Partial<TraceMemoryOptions> = {}): EnrichContext {
  return { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ ...LARGE, ...over }) };
}

function scanOf(index: number): RequestScan {
  return scans[index] as RequestScan;
}

/** A trace of which some was forgotten in between is another. */
const spansIn = (known: ReturnType<typeof memoryOf>): number => Object.keys(known?.nodes ?? {}).length;

describe("traces that are kept as numbers", () => {
  test("are held up to so many spans, the newest of them, and it is said how many are lost", () => {
    const small = context({ spansMax: 100 });
    let traces = 0;
    for (let index = 0; index < bodies.length; index += 1) {
      const { spans } = scanOf(index);
      const { unread } = enrichColumns(reader.pick(scanOf(index), spans), small, NOBODY);
      const read = new Set(unread.map((span) => spans[span]?.traceId));
      traces += new Set(spans.map(({ traceId }) => traceId)).size - read.size;
    }
    const { size, lost } = small.memory;
    expect(size + lost.traces).toBe(traces);
    expect(size).toBeGreaterThan(5);
    expect(size).toBeLessThanOrEqual(100 / 3);
  });

  test("are forgotten by the clock, and not before", () => {
    const aging = context();
    const { spans } = scanOf(0);
    const columns = reader.pick(scanOf(0), spans);
    enrichColumns(columns, { ...aging, nowMs: 0 }, NOBODY);
    const { size } = aging.memory;
    aging.memory.begin(60_000);
    expect([aging.memory.size, aging.memory.lost.traces]).toEqual([size, 0]);
    aging.memory.begin(60_001);
    expect([aging.memory.size, aging.memory.lost.traces]).toEqual([0, 0]);
  });

  test("outlive once that shapes are forgotten, and not twice", () => {
    const taught = context();
    const columnsOf = (index: number) => reader.pick(scanOf(index), scanOf(index).spans);
    const afterForgetting = (index: number) => ({ ...columnsOf(index), shapes: [...columnsOf(index).shapes] });
    enrichColumns(columnsOf(0), taught, NOBODY);
    const { size } = taught.memory;
    enrichColumns(afterForgetting(1), taught, NOBODY);
    const both = taught.memory.size;
    expect([both > size, taught.memory.lost.traces]).toEqual([true, 0]);
    enrichColumns(afterForgetting(2), taught, NOBODY);
    expect(taught.memory.lost.traces).toBe(size);
  });

  test("become ordinary ones when somebody asks for them, once", () => {
    const asked = context();
    const scan = scanOf(0);
    const { unread } = enrichColumns(reader.pick(scan, scan.spans), asked, NOBODY);
    const quiet = scan.spans.find((_, index) => !unread.includes(index))?.traceId ?? "";
    const { size } = asked.memory;
    expect(asked.memory.isOrdinary(quiet)).toBe(false);
    expect(asked.memory.trace(quiet)?.nodes.size).toBe(scan.spans.filter(({ traceId }) => traceId === quiet).length);
    expect([asked.memory.isOrdinary(quiet), asked.memory.size]).toEqual([true, size]);
    expect(asked.memory.trace("no trace's id")).toBeUndefined();
  });

  test("are forgotten like ordinary ones when somebody says so", () => {
    const told = context();
    const scan = scanOf(0);
    enrichColumns(reader.pick(scan, scan.spans), told, NOBODY);
    for (const { traceId } of scan.spans) told.memory.forget(traceId);
    expect(told.memory.size).toBe(0);
  });

  test("know their services, however many there were before", () => {
    const told = context({ spansMax: 200 });
    const scan = scanOf(0);
    const { traceId } = scan.spans[0] ?? {};
    const spans = scan.spans.filter((span) => span.traceId === traceId);
    const idOf = (time: number): string => `${time.toString(16).padStart(32, "0")}`;
    const times = 6_000;
    for (let time = 1; time <= times; time += 1) {
      const columns = reader.pick(scan, spans);
      const words = new Int32Array(Uint8Array.from(Buffer.from(idOf(time), "hex")).buffer);
      for (let span = 0; span < spans.length; span += 1) columns.ids.set(words, span * ID_STRIDE + ID_WORD.trace);
      const resources = columns.resources.map(() => ({ "service.name": `service ${time}` }));
      expect(enrichColumns({ ...columns, resources }, told, NOBODY).unread).toEqual([]);
    }
    for (let time = times; time > times - 5; time -= 1) {
      const nodes = told.memory.trace(idOf(time))?.nodes;
      const notes = spans.flatMap(({ spanId }) => nodes?.get(spanId)?.note ?? []);
      const services = notes.filter(({ role }) => role === "http").map(({ service }) => service);
      expect(services.length).toBeGreaterThan(0);
      expect(new Set(services)).toEqual(new Set([`service ${time}`]));
    }
  });

  test("that are larger than all that is held are read by themselves", () => {
    const tiny = context({ spansMax: 2 });
    const scan = scanOf(0);
    const { unread } = enrichColumns(reader.pick(scan, scan.spans), tiny, NOBODY);
    expect(unread.length).toBe(scan.spans.length);
  });

  test("whose ids hash alike are held up to a bound, beyond which they are read by themselves", () => {
    const crowded = context();
    const scan = scanOf(0);
    const { traceId } = scan.spans[0] ?? {};
    const spans = scan.spans.filter((span) => span.traceId === traceId);
    let unread = 0;
    for (let times = 1; times <= 100; times += 1) {
      const columns = reader.pick(scan, spans);
      for (let span = 0; span < spans.length; span += 1) {
        // The second word takes out again what the first one puts into the hash.
        columns.ids.set([times, Math.imul(times, 0x165667b1)], span * ID_STRIDE + ID_WORD.trace);
      }
      unread += enrichColumns(columns, crowded, NOBODY).unread.length;
    }
    expect(crowded.memory.size).toBe(64);
    expect(unread).toBe(36 * spans.length);
  });

  test("are, as long as they are held, what they would be without a bound, whatever comes between", () => {
    let compared = 0;
    const step = fc.record({ body: fc.nat(bodies.length - 1), share: fc.nat(3), afterMs: fc.constantFrom(0, 10, 20_000) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.constantFrom(30, 64, 200), (steps, spansMax) => {
        const [small, large] = [context({ spansMax }), context()];
        const seen = new Map<number, number>();
        let nowMs = 0;
        for (const { body, share, afterMs } of steps) {
          nowMs += afterMs;
          // A part of it at a time, in the order in which it stands there.
          const from = seen.get(body) ?? 0;
          const scan = scanOf(body);
          const spans = scan.spans.slice(from, from + 1 + share * 8);
          seen.set(body, from + spans.length);
          enrichByColumns(reader.pick(scan, spans), spans, { ...small, nowMs });
          enrichBySpans(spans, { ...large, nowMs });
        }
        const isLossy = small.memory.lost.traces > 0;
        const traceIds = new Set([...seen.keys()].flatMap((body) => scanOf(body).spans.map(({ traceId }) => traceId)));
        for (const traceId of traceIds) {
          const [held, whole] = [memoryOf(small.memory, traceId), memoryOf(large.memory, traceId)];
          if (held === undefined || spansIn(held) !== spansIn(whole)) continue;
          if (isLossy) compared += 1;
          expect(held).toEqual(whole);
        }
      }),
      { numRuns: 100 },
    );
    expect(compared).toBeGreaterThan(50);
  });
});
