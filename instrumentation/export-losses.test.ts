import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { lossReport, watchLosses } from "./export-losses.ts";

type Done = Parameters<SpanExporter["export"]>[1];

/** An exporter that answers when told to. */
function heldExporter() {
  const held: { readonly spans: readonly ReadableSpan[]; readonly done: Done }[] = [];
  const exporter: SpanExporter = { export: (spans, done) => void held.push({ spans, done }), shutdown: () => Promise.resolve() };
  return { exporter, held };
}

describe("watchLosses", () => {
  it("counts exactly what a full queue drops, whatever the sizes and the order of things", async () => {
    const step = fc.oneof(fc.record({ end: fc.integer({ min: 1, max: 30 }) }), fc.constant({ answer: true as const }));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 20 }), fc.array(step, { maxLength: 20 }), async (maxQueueSize, steps) => {
        const { exporter, held } = heldExporter();
        let [ended, told, arrived] = [0, 0, 0];
        const watched = watchLosses(exporter, maxQueueSize, (spans) => (told += spans));
        const batching = new BatchSpanProcessor({
          exporter: watched.exporter,
          maxQueueSize,
          maxExportBatchSize: 2,
          scheduledDelayMillis: 1,
        });
        const provider = new BasicTracerProvider({ spanProcessors: [watched.before(batching)] });
        const answerAll = (): void => {
          for (const { spans, done } of held.splice(0)) {
            arrived += spans.length;
            done({ code: 0 });
          }
        };
        for (const now of steps) {
          if ("end" in now) for (let n = 0; n < now.end; n++, ended++) provider.getTracer("test").startSpan("one").end();
          else answerAll();
          await Promise.resolve();
        }
        const flushed = batching.forceFlush();
        answerAll();
        await flushed;
        answerAll();
        expect(arrived + told).toBe(ended);
      }),
      { numRuns: 60 },
    );
  });

  it("counts the spans of an export that failed", () => {
    const { exporter, held } = heldExporter();
    const noted: unknown[] = [];
    const watched = watchLosses(exporter, 100, (...loss) => noted.push(loss));
    watched.exporter.export([{} as ReadableSpan, {} as ReadableSpan], () => {});
    const error = new Error("refused");
    held[0]?.done({ code: 1, error });
    expect(noted).toEqual([[2, "the export failed", error]]);
  });
});

describe("lossReport", () => {
  afterEach(() => void vi.useRealTimers());

  it("adds up, tells the first soon and the rest once a minute, and the remainder when asked", () => {
    vi.useFakeTimers();
    const said: string[] = [];
    const report = lossReport((message) => said.push(message));
    for (let n = 0; n < 305; n++) report.note(1, "the queue was full");
    vi.advanceTimersByTime(1_000);
    expect(said).toEqual(["305 spans are lost: the queue was full"]);
    report.note(2, "the export failed", new Error("connect ECONNREFUSED"));
    vi.advanceTimersByTime(59_000);
    expect(said).toHaveLength(1);
    report.tell();
    expect(said[1]).toBe("2 spans are lost: the export failed (connect ECONNREFUSED)");
    vi.advanceTimersByTime(120_000);
    expect(said).toHaveLength(2);
  });
});
