import type { Logger } from "pino";
import { createUnclaimedCalls } from "../core/call-unclaimed.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { detachedSpan, type Span } from "../core/span.ts";
import { describeError } from "../sinks/sink-error.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";
import type { SpanKey } from "../storage/held-requests.ts";

/** A GenAI span ends after its requests, and streams are read for long: so long after a trace's last span none will come. */
export const SETTLE_MS = 60_000;
const REQUESTS_MAX = 5000;
const ROUND_MS = 5000;

export interface HeldCopy {
  readonly span: Span;
  readonly attributesJson: Uint8Array;
}

export interface RequestSettler {
  /** The spans at these places, to be held once the batch is durable: its own are gone then. */
  copy(batch: EnrichedBatch, indexes: readonly number[]): HeldCopy[];
  hold(copies: readonly HeldCopy[]): void;
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
    copy: (batch, indexes) =>
      indexes.flatMap((index) => {
        const enriched = batch.spans[index];
        return enriched === undefined
          ? []
          : [{ span: detachedSpan(enriched.span), attributesJson: Uint8Array.from(enriched.attributesJson) }];
      }),
    hold(copies) {
      for (const { span, attributesJson } of copies) {
        unclaimed.hold(span, attributesJson, Date.now());
        noteHeld(span);
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
