import { createUnclaimedCalls } from "../core/call-unclaimed.ts";
import { enrichBatch } from "../core/enrich.ts";
import type { PriceBook } from "../core/price-book.ts";
import type { Span } from "../core/span.ts";
import { createTraceMemory } from "../core/trace-memory.ts";
import type { EnrichedSpan } from "../sinks/sink.ts";
import type { HeldRequest, SpanKey } from "../storage/held-requests.ts";

const SPANS_PER_TRACE_MAX = 2000;

export const keyTextOf = ({ traceId, spanId }: SpanKey): string => `${traceId} ${spanId}`;

/**
 * Which requests are calls of their own, as far as the other spans of their traces tell: what the process that held them
 * would have found, from what is stored instead of from its memory. Attempts of one operation come out as its last one.
 */
export function judgeOrphans(orphans: readonly HeldRequest[], stored: readonly Span[], prices: PriceBook): EnrichedSpan[] {
  const memory = createTraceMemory({ tracesMax: orphans.length + 1, spansPerTraceMax: SPANS_PER_TRACE_MAX, ageMsMax: Infinity });
  const byKey = new Map(orphans.map((orphan) => [keyTextOf(orphan.span), orphan]));
  const spans = [...stored.filter((span) => !byKey.has(keyTextOf(span))), ...orphans.map(({ span }) => span)];
  const unclaimed = createUnclaimedCalls<Uint8Array>({ settleMs: 0, spansMax: Infinity });
  const context = { prices, memory, nowMs: 0 };
  const hold = (index: number): void => {
    const span = spans[index];
    const orphan = span === undefined ? undefined : byKey.get(keyTextOf(span));
    if (orphan !== undefined) unclaimed.hold(orphan.span, orphan.attributesJson, 0);
  };
  enrichBatch(spans, { ...context, onUnclaimedRequest: hold });
  return unclaimed.takeSettled(context, 0).map(({ span, payload, enrichment }) => ({ span, enrichment, attributesJson: payload }));
}
