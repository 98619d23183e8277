import type { Metrics } from "../metrics.ts";
import type { Sink } from "./sink.ts";

/** Counts and times every write to a sink. */
export function measuredSink(inner: Sink, metrics: Metrics): Sink {
  const done = metrics.writeDuration.series({ sink: inner.name, outcome: "done" });
  const failed = metrics.writeDuration.series({ sink: inner.name, outcome: "failed" });
  const batchSpans = metrics.batchSpans.series({ sink: inner.name });
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
        failed.observe(secondsSince(startMs));
        throw error;
      }
      done.observe(secondsSince(startMs));
      metrics.writtenSpans.add(inner.name, batch.spanCount);
      batchSpans.observe(batch.spanCount);
    },
    close: () => inner.close(),
  };
}
