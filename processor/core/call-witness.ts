import { findInWrappersBeside, sameModel } from "./call-once.ts";
import type { BatchEntry } from "./enrich-entry.ts";
import type { Span } from "./span.ts";
import { siblingsNear, type Trace, type TraceNode } from "./trace-memory.ts";

/** An outer span of the same call ends with it; this much later it has done other things since. */
const END_SLACK_MS = 250;
const CLOCK_SLACK_MS = 5;
/** Wrappers between a call and the one that says how it failed. */
const LEVELS_MAX = 4;

/** Looks up what was read from the spans of a batch. Spans of earlier batches are gone; only their records are kept. */
export interface Batch {
  readonly entries: readonly BatchEntry[];
  entryOf(node: TraceNode): BatchEntry | undefined;
}

/** The index is made when it is first asked for: most batches have no failure that needs a witness. */
export function createBatch(entries: readonly BatchEntry[]): Batch {
  let byNode: Map<TraceNode, BatchEntry> | null = null;
  return {
    entries,
    entryOf(node) {
      byNode ??= new Map(entries.flatMap((entry) => (entry.node === null ? [] : [[entry.node, entry]])));
      return byNode.get(node);
    },
  };
}

/**
 * The failed span of this batch that tells of the same call: the span around it, when this call is the last thing in it, or
 * another instrumentation's span beside it.
 */
export function outerWitness(node: TraceNode, trace: Trace, batch: Batch): Span | undefined {
  if (genaiAround(node, batch) !== undefined) return failedAround(node, batch);
  const isFailedTwin = (other: TraceNode): boolean => isTwin(other, node) && batch.entryOf(other)?.call?.failed === true;
  const twin = siblingsNear(node).find(isFailedTwin) ?? findInWrappersBeside(node, trace, isFailedTwin);
  return twin === undefined ? undefined : batch.entryOf(twin)?.span;
}

/** A call that failed by its own account may have its message levels above it (Mastra's agent); any other only right above. */
function failedAround(node: TraceNode, batch: Batch): Span | undefined {
  let inner = node;
  for (let level = 0; level < (node.note.failed ? LEVELS_MAX : 1); level += 1) {
    const outer = genaiAround(inner, batch);
    if (outer === undefined || outer.node === null || !endsWith(outer.node, inner)) return undefined;
    if (outer.call?.failed === true) return outer.span;
    inner = outer.node;
  }
  return undefined;
}

function genaiAround({ parent }: TraceNode, batch: Batch): BatchEntry | undefined {
  const around = parent === null ? undefined : batch.entryOf(parent);
  return around === undefined || around.call === null ? undefined : around;
}

/**
 * For a request whose own GenAI span is lost: the innermost failed wrapper that ran around it and has no call of its own.
 */
export function wrapperAround(request: BatchEntry, { entries }: Batch): Span | undefined {
  let innermost: Span | undefined;
  for (const { call, node, span } of entries) {
    if (call === null || !call.failed || node === null || node.counted || span.traceId !== request.span.traceId) continue;
    const isAround = span.startMs <= request.span.startMs + CLOCK_SLACK_MS && span.endMs >= request.span.startMs;
    if (isAround && (innermost === undefined || span.startMs > innermost.startMs)) innermost = span;
  }
  return innermost;
}

/** The outer span ended when this call did, and no other call began in it since. */
function endsWith(outer: TraceNode, node: TraceNode): boolean {
  if (outer.note.endMs - node.note.endMs > END_SLACK_MS) return false;
  return !siblingsNear(node).some((child) => child.note.startMs > node.note.startMs && (child.counted || child.callBelow));
}

/** Another instrumentation's span of the same call, begun before it and ended with it. Frameworks take their time around an SDK. */
function isTwin(twin: TraceNode, node: TraceNode): boolean {
  if (twin === node || twin.counted || twin.note.role !== "call" || !sameModel(twin.note.model, node.note.model)) return false;
  const lateMs = twin.note.endMs - node.note.endMs;
  return twin.note.startMs <= node.note.startMs + CLOCK_SLACK_MS && lateMs >= -CLOCK_SLACK_MS && lateMs <= END_SLACK_MS;
}
