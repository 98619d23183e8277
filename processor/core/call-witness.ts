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
  const around = node.parent === null ? undefined : entries.find((entry) => entry.node === node.parent);
  if (around !== undefined && around.call !== null) return around.call.failed && endsWith(node.parent, node) ? around.span : undefined;
  return entries.find((entry) => entry.call?.failed === true && isTwin(entry.node, node))?.span;
}

/**
 * For a request whose own GenAI span is lost: the innermost failed wrapper that ran around it and has no call of its own.
 */
export function wrapperAround(request: BatchEntry, entries: readonly BatchEntry[]): Span | undefined {
  const around = entries.filter(({ call, node, span }) => {
    if (call === null || !call.failed || node === null || node.counted || span.traceId !== request.span.traceId) return false;
    return span.startMs <= request.span.startMs + CLOCK_SLACK_MS && span.endMs >= request.span.startMs;
  });
  return around.toSorted((a, b) => b.span.startMs - a.span.startMs)[0]?.span;
}

/** The outer span ended when this call did, and no other call began in it since. */
function endsWith(outer: TraceNode | null, node: TraceNode): boolean {
  if (outer === null || outer.note.endMs - node.note.endMs > END_SLACK_MS) return false;
  return !outer.children.some((child) => child.note.startMs > node.note.startMs && (child.counted || child.callBelow));
}

function isTwin(twin: TraceNode | null, node: TraceNode): boolean {
  if (twin === null || twin === node || twin.counted || twin.parent !== node.parent || twin.note.role !== "call") return false;
  return Math.abs(twin.note.startMs - node.note.startMs) <= CLOCK_SLACK_MS && Math.abs(twin.note.endMs - node.note.endMs) <= CLOCK_SLACK_MS;
}
