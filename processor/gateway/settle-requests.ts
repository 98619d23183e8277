import type { Logger } from "pino";
import { createUnclaimedCalls } from "../core/call-unclaimed.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { describeError } from "../sinks/sink-error.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";
import type { SpanKey } from "../storage/held-requests.ts";

/** A GenAI span ends after its requests, and streams are read for long: so long after a trace's last span none will come. */
export const SETTLE_MS = 60_000;
const REQUESTS_MAX = 5000;
const ROUND_MS = 5000;

export interface RequestSettler {
  /** Holds the spans at these places of a batch that is durable as it is. */
  hold(batch: EnrichedBatch, indexes: readonly number[]): void;
  /** What is held at this moment. */
  held(): SpanKey[];
  /** What was held until a GenAI span came for it; each is told once. */
  takeReleased(): SpanKey[];
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
 * ended) are stored as the plain spans they came as, and become model calls once their trace has settled. The database knows
 * what is held here (storage/held-requests.ts), and another process takes it over when this one dies. Copies that were
 * forwarded stay as they are.
 */
export function createRequestSettler({ context, store, settleMs = SETTLE_MS, log }: RequestSettlerOptions): RequestSettler {
  const unclaimed = createUnclaimedCalls<Uint8Array>({ settleMs, spansMax: REQUESTS_MAX });
  const keys = new Map<string, SpanKey[]>();
  let released: SpanKey[] = [];
  let waiting: EnrichedSpan[] = [];
  let round = Promise.resolve();

  async function settle(): Promise<void> {
    const calls = unclaimed.takeSettled(context(), Date.now());
    for (const { span, payload, enrichment } of calls) waiting.push({ span, enrichment, attributesJson: payload });
    waiting = waiting.slice(-REQUESTS_MAX);
    noteReleased(new Set(calls.map(({ span }) => span.spanId)));
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

  function noteReleased(calls: ReadonlySet<string>): void {
    for (const [traceId, ofTrace] of keys) {
      if (unclaimed.holds(traceId)) continue;
      keys.delete(traceId);
      released.push(...ofTrace.filter(({ spanId }) => !calls.has(spanId)));
    }
    released = released.slice(-REQUESTS_MAX);
  }

  function noteHeld({ traceId, spanId }: SpanKey): void {
    const ofTrace = keys.get(traceId) ?? [];
    keys.set(traceId, ofTrace);
    ofTrace.push({ traceId, spanId });
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
        if (enriched === undefined) continue;
        // A copy: the span's own view would keep the whole request in memory.
        unclaimed.hold(enriched.span, Uint8Array.from(enriched.attributesJson), Date.now());
        noteHeld(enriched.span);
      }
    },
    held: () => [...[...keys.values()].flat(), ...waiting.map(({ span }) => span)],
    takeReleased() {
      const taken = released;
      released = [];
      return taken;
    },
    async close() {
      clearInterval(timer);
      await round;
    },
  };
}
