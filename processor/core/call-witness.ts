import type { BatchEntry } from "./enrich-entry.ts";
import type { Span } from "./span.ts";
import type { TraceNode } from "./trace-memory.ts";

/** An outer span of the same call ends with it; this much later it has done other things since. */
const END_SLACK_MS = 250;
const CLOCK_SLACK_MS = 5;

/**
 * The failed span of this batch that tells of the same call: the span around it, when this call is the last thing in it, or
 * another instrumentation's span beside it. Spans of earlier batches are gone; only their records are kept.
 */
export function outerWitness(node: TraceNode, entries: readonly BatchEntry[]): Span | undefined {
  const around = entries.find((entry) => entry.node !== null && entry.node === node.parent);
  if (around?.call != null) return around.call.failed && endsWith(around.node, node) ? around.span : undefined;
  return entries.find((entry) => entry.node?.parent === node.parent && isTwin(entry, node))?.span;
}

/**
 * For a request whose own GenAI span is lost: the innermost failed wrapper that ran around it and has no call of its own.
 */
export function wrapperAround(request: BatchEntry, entries: readonly BatchEntry[]): Span | undefined {
  const around = entries.filter(
    ({ call, node, span }) =>
      call !== null &&
      call.failed &&
      node !== null &&
      !node.counted &&
      span.traceId === request.span.traceId &&
      span.startMs <= request.span.startMs + CLOCK_SLACK_MS &&
      span.endMs >= request.span.startMs,
  );
  return around.toSorted((a, b) => b.span.startMs - a.span.startMs)[0]?.span;
}

function endsWith(outer: TraceNode | null, node: TraceNode): boolean {
  const [a, b] = [outer?.note, node.note];
  if (a == null || b === null || a.endMs - b.endMs > END_SLACK_MS) return false;
  return !(
    outer?.children.some((child) => child !== node && (child.note?.startMs ?? 0) > b.startMs && (child.counted || child.callBelow)) ?? false
  );
}

function isTwin({ call, node: twin }: BatchEntry, node: TraceNode): boolean {
  const [a, b] = [twin?.note, node.note];
  if (call === null || !call.failed || twin === node || a == null || b === null || twin?.counted === true || a.role !== "call")
    return false;
  return Math.abs(a.startMs - b.startMs) <= CLOCK_SLACK_MS && Math.abs(a.endMs - b.endMs) <= CLOCK_SLACK_MS;
}
