import type { Logger } from "pino";
import { createUnclaimedCalls } from "../core/call-unclaimed.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { detachedSpan, type Span } from "../core/span.ts";
import { describeError } from "../sinks/sink-error.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";
import type { SpanKey } from "../storage/held-requests.ts";
import { createHeldKeys } from "./held-keys.ts";
import type { SettledCalls } from "./settled-calls.ts";

/** A GenAI span ends after its requests, and streams are read for long: so long after a trace's last span none will come. */
export const SETTLE_MS = 60_000;
/** Between the announcement that a request becomes a call and its row: time for every gateway to hear of it. */
export const HEARD_MS = 25_000;
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

/** A call that is found and not stored yet. */
interface WaitingCall {
  readonly call: EnrichedSpan;
  announcedMs: number | null;
}

export interface RequestSettlerOptions {
  readonly context: () => EnrichContext;
  readonly calls: SettledCalls;
  readonly settleMs?: number;
  readonly heardMs?: number;
  readonly log: Logger;
}

/**
 * HTTP requests to a model that no GenAI span stands for (an SDK that nothing instruments, a call whose span was never
 * ended) are stored as the plain spans they came as, and become model calls once their trace has settled. The database knows
 * what is held here (storage/held-requests.ts), and another process takes it over when this one dies. Copies that were
 * forwarded stay as they are.
 */
export function createRequestSettler(options: RequestSettlerOptions): RequestSettler {
  const { context, settleMs = SETTLE_MS, heardMs = HEARD_MS, log } = options;
  const unclaimed = createUnclaimedCalls<Uint8Array>({ settleMs, spansMax: REQUESTS_MAX });
  const keys = createHeldKeys(REQUESTS_MAX);
  let waiting: WaitingCall[] = [];
  let round = Promise.resolve();

  async function settle(): Promise<void> {
    for (const { span, payload, enrichment } of unclaimed.takeSettled(context(), Date.now()))
      waiting.push({ call: { span, enrichment, attributesJson: payload }, announcedMs: null });
    waiting = waiting.slice(-REQUESTS_MAX);
    try {
      await announce(waiting.filter(({ announcedMs }) => announcedMs === null));
      await store(waiting.filter(({ announcedMs }) => announcedMs !== null && Date.now() - announcedMs >= heardMs));
    } catch (error) {
      log.warn(
        { error: describeError(error), calls: waiting.length },
        "requests could not be made model calls; the next try is in a moment",
      );
    }
    // What became a call is not let go: the database knows it as one.
    const open = new Set(waiting.map(({ call }) => call.span.traceId));
    keys.release((traceId) => open.has(traceId) || unclaimed.holds(traceId));
  }

  async function announce(found: readonly WaitingCall[]): Promise<void> {
    if (found.length === 0) return;
    // The other attempts of a call wait with it: whoever takes it over finds its retries by them.
    const traces = new Set(found.map(({ call }) => call.span.traceId));
    await options.calls.announce(keys.list(traces));
    for (const call of found) call.announcedMs = Date.now();
  }

  async function store(heard: readonly WaitingCall[]): Promise<void> {
    if (heard.length === 0) return;
    await options.calls.store(heard.map(({ call }) => call));
    waiting = waiting.filter((call) => !heard.includes(call));
    log.debug({ calls: heard.length }, "requests that no GenAI span stands for became model calls");
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
      // Rows were made with copies of what may be a call.
      batch.rows?.flatMap(({ held }) => held) ??
      indexes.flatMap((index) => {
        const enriched = batch.spans[index];
        return enriched === undefined
          ? []
          : [{ span: detachedSpan(enriched.span), attributesJson: Uint8Array.from(enriched.attributesJson) }];
      }),
    hold(copies) {
      for (const { span, attributesJson } of copies) {
        unclaimed.hold(span, attributesJson, Date.now());
        keys.add(span);
      }
    },
    held: () => keys.list(),
    takeReleased: () => keys.takeReleased(),
    async close() {
      clearInterval(timer);
      await round;
    },
  };
}
