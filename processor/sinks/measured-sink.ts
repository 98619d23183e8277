import type { Metrics } from "../metrics.ts";
import type { Sink } from "./sink.ts";

/** Counts and times every write to a sink. */
export function measuredSink(inner: Sink, metrics: Metrics): Sink {
  const sink = inner.name;
  return {
    name: sink,
    readsSpans: inner.readsSpans,
    async write(batch) {
      const endTimer = metrics.writeDuration.startTimer({ sink });
      try {
        await inner.write(batch);
        endTimer({ outcome: "done" });
        metrics.writtenSpans.inc({ sink }, batch.spanCount);
        metrics.batchSpans.observe({ sink }, batch.spanCount);
      } catch (error) {
        endTimer({ outcome: "failed" });
        throw error;
      }
    },
    close: () => inner.close(),
  };
}
