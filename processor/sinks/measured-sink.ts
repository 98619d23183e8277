import type { Metrics } from "../metrics.ts";
import type { Sink } from "./sink.ts";

/** Counts and times every write to a sink. */
export function measuredSink(inner: Sink, metrics: Metrics): Sink {
  const own = { sink: inner.name };
  const done = { ...own, outcome: "done" };
  const failed = { ...own, outcome: "failed" };
  const secondsSince = (startMs: number): number => (performance.now() - startMs) / 1000;
  return {
    name: inner.name,
    readsSpans: inner.readsSpans,
    readsBytes: inner.readsBytes,
    async write(batch) {
      const startMs = performance.now();
      try {
        await inner.write(batch);
      } catch (error) {
        metrics.writeDuration.observe(failed, secondsSince(startMs));
        throw error;
      }
      metrics.writeDuration.observe(done, secondsSince(startMs));
      metrics.writtenSpans.inc(own, batch.spanCount);
      metrics.batchSpans.observe(own, batch.spanCount);
    },
    close: () => inner.close(),
  };
}
