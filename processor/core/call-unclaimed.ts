import { promoteUnclaimed, requestEnrichment } from "./call-promotion.ts";
import { createBatch } from "./call-witness.ts";
import type { EnrichContext } from "./enrich-context.ts";
import { readEntry } from "./enrich-entry.ts";
import type { Enrichment } from "./enrichment.ts";
import { detachedSpan, type Span } from "./span.ts";

export interface UnclaimedCallsOptions {
  /** A trace has settled when no span of it has come for so long. */
  readonly settleMs: number;
  /** Requests held at one time; beyond it the oldest trace is taken as settled. */
  readonly spansMax: number;
}

/** A request that became a model call, with what its holder gave along. */
export interface SettledCall<T> {
  readonly span: Span;
  readonly payload: T;
  readonly enrichment: Enrichment;
}

export interface UnclaimedCalls<T> {
  /** Holds a request that `onUnclaimedRequest` named. */
  hold(span: Span, payload: T, nowMs: number): void;
  /**
   * Gives out the calls of all traces that have settled, each once: requests for which a GenAI span has come meanwhile are
   * dropped. A GenAI span that comes later still is told that its call is counted already.
   */
  takeSettled(context: EnrichContext, nowMs: number): SettledCall<T>[];
  /** Whether requests of this trace are held. */
  holds(traceId: string): boolean;
  /** Requests held. */
  readonly size: number;
}

/** A trace that never rests (an agent that runs for hours) is judged after this many times `settleMs`. */
const WAITS_MAX = 10;

interface Held<T> {
  /** By span id: senders repeat themselves. */
  readonly requests: Map<string, { readonly span: Span; readonly payload: T }>;
  readonly sinceMs: number;
  lastMs: number;
}

/** Holds HTTP requests to models until their trace has settled and it is certain that no GenAI span stands for them. */
export function createUnclaimedCalls<T>({ settleMs, spansMax }: UnclaimedCallsOptions): UnclaimedCalls<T> {
  const traces = new Map<string, Held<T>>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    holds: (traceId) => traces.has(traceId),
    hold(span, payload, nowMs) {
      const held = traces.get(span.traceId) ?? { requests: new Map(), sinceMs: nowMs, lastMs: nowMs };
      traces.set(span.traceId, held);
      size += held.requests.has(span.spanId) ? 0 : 1;
      held.requests.set(span.spanId, { span: detachedSpan(span), payload });
      held.lastMs = nowMs;
    },
    takeSettled(context, nowMs) {
      const settled: SettledCall<T>[] = [];
      for (const [traceId, held] of traces) {
        const touchedMs = context.memory.trace(traceId)?.touchedMs ?? 0;
        const isQuiet = nowMs - Math.max(held.lastMs, touchedMs) >= settleMs;
        if (!isQuiet && nowMs - held.sinceMs < settleMs * WAITS_MAX && size <= spansMax) continue;
        traces.delete(traceId);
        size -= held.requests.size;
        settled.push(...callsOf(held, context));
      }
      return settled;
    },
  };
}

function callsOf<T>({ requests }: Held<T>, context: EnrichContext): SettledCall<T>[] {
  const held = [...requests.values()];
  const entries = held.map(({ span }, index) => readEntry(span, index, context));
  const batch = createBatch(entries);
  return promoteUnclaimed(entries, context.memory).flatMap((entry) => {
    const request = held[entry.index];
    const enrichment = requestEnrichment(entry, batch, context);
    return request === undefined || enrichment === null ? [] : [{ ...request, enrichment }];
  });
}
