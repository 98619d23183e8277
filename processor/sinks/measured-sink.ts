import type { Metrics } from "../metrics.ts";
import type { Sink } from "./sink.ts";

/** Counts and times every write to a sink. */
export function measuredSink(inner: Sink, metrics: Metrics): Sink {
  const sink = inner.name;
  return {
    name: sink,
    async write(batch) {
      const endTimer = metrics.writeDuration.startTimer({ sink });
      try {
        await inner.write(batch);
        endTimer({ outcome: "done" });
        metrics.writtenSpans.inc({ sink }, batch.spans.length);
        metrics.batchSpans.observe({ sink }, batch.spans.length);
      } catch (error) {
        endTimer({ outcome: "failed" });
        throw error;
      }
    },
    close: () => inner.close(),
  };
}
