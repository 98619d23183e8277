import { RefusedBatchError } from "./sink-error.ts";
import type { EnrichedBatch, Sink } from "./sink.ts";

/**
 * Several sinks as one: a batch is durable when it is durable in each. Rejects after all have answered, with a passing
 * failure first, because then the sender should come again.
 */
export function fanOut(sinks: readonly Sink[]): Sink {
  const [only] = sinks;
  if (only !== undefined && sinks.length === 1) return only;
  return {
    name: sinks.map(({ name }) => name).join("+"),
    readsSpans: sinks.some(({ readsSpans }) => readsSpans),
    readsBytes: sinks.some(({ readsBytes }) => readsBytes !== false),
    async write(batch) {
      const shared = sharedBy(sinks.length, batch);
      const results = await Promise.allSettled(sinks.map((sink) => sink.write(shared)));
      const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
      if (failures.length > 0) throw failures.find((failure) => !(failure instanceof RefusedBatchError)) ?? failures[0];
    },
    async close() {
      await Promise.allSettled(sinks.map((sink) => sink.close()));
    },
  };
}

/** One sink does not know whether the others are done: the batch is released when every one of them has released it. */
function sharedBy(sinks: number, batch: EnrichedBatch): EnrichedBatch {
  let left = sinks;
  return {
    spanCount: batch.spanCount,
    sizeBytes: batch.sizeBytes,
    get spans() {
      return batch.spans;
    },
    get rows() {
      return batch.rows;
    },
    get otlp() {
      return batch.otlp;
    },
    get plain() {
      return batch.plain ?? batch.otlp;
    },
    release() {
      left -= 1;
      if (left === 0) batch.release?.();
    },
  };
}
