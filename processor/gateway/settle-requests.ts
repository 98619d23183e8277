import type { Logger } from "pino";
import { createUnclaimedCalls } from "../core/call-unclaimed.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { describeError } from "../sinks/sink-error.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";

/** A GenAI span ends after its requests, and streams are read for long: so long after a trace's last span none will come. */
const SETTLE_MS = 60_000;
const REQUESTS_MAX = 5000;
const ROUND_MS = 5000;

export interface RequestSettler {
  /** Holds the spans at these places of a batch that is durable as it is. */
  hold(batch: EnrichedBatch, indexes: readonly number[]): void;
  close(): Promise<void>;
}

export interface RequestSettlerOptions {
  readonly context: () => EnrichContext;
  /** Makes rows of model calls out of rows of plain spans. */
  readonly store: (calls: readonly EnrichedSpan[]) => Promise<void>;
  readonly settleMs?: number;
  readonly log: Logger;
}

/**
 * HTTP requests to a model that no GenAI span stands for (an SDK that nothing instruments, a call whose span was never
 * ended) are stored as the plain spans they came as, and become model calls once their trace has settled. What is held here
 * is lost with the process: the request then stays a plain span. Copies that were forwarded stay as they are.
 */
export function createRequestSettler({ context, store, settleMs = SETTLE_MS, log }: RequestSettlerOptions): RequestSettler {
  const unclaimed = createUnclaimedCalls<Uint8Array>({ settleMs, spansMax: REQUESTS_MAX });
  let waiting: EnrichedSpan[] = [];
  let round = Promise.resolve();

  async function settle(): Promise<void> {
    for (const { span, payload, enrichment } of unclaimed.takeSettled(context(), Date.now())) {
      waiting.push({ span, enrichment, attributesJson: payload });
    }
    waiting = waiting.slice(-REQUESTS_MAX);
    if (waiting.length === 0) return;
    try {
      await store(waiting);
      log.debug({ calls: waiting.length }, "requests that no GenAI span stands for became model calls");
      waiting = [];
    } catch (error) {
      log.warn(
        { error: describeError(error), calls: waiting.length },
        "requests could not be made model calls; the next try is in a moment",
      );
    }
  }

  const timer = setInterval(
    () => {
      round = round.then(settle);
    },
    Math.min(ROUND_MS, settleMs),
  );
  timer.unref();
  return {
    hold(batch, indexes) {
      for (const index of indexes) {
        const enriched = batch.spans[index];
        // A copy: the span's own view would keep the whole request in memory.
        if (enriched !== undefined) unclaimed.hold(enriched.span, Uint8Array.from(enriched.attributesJson), Date.now());
      }
    },
    async close() {
      clearInterval(timer);
      await round;
    },
  };
}
