import type { Trace, TraceMemoryOptions, TraceNode } from "./trace-memory.ts";
import { createTraceIdFilter, type TraceIdFilter } from "./trace-id-filter.ts";
import { TraceNodes } from "./trace-nodes.ts";

/** Traces in the order in which they were last touched, so that the oldest is always first and the first to go. */
export interface RecentTraces {
  readonly get: (traceId: string) => Trace | undefined;
  /** The trace, if it is known, as one that lives on. */
  readonly touch: (traceId: string) => Trace | undefined;
  readonly create: (traceId: string, first: TraceNode) => Trace;
  readonly begin: (nowMs: number | undefined) => void;
  readonly forget: (traceId: string) => void;
  /** Forgets the oldest traces when the spans of all together, with as many more as have come, are too many. */
  readonly makeRoom: (grown: number) => void;
  /** From now on `mayKnow` tells what is certainly not there. */
  readonly watchIds: () => void;
  /** @param lastWord see TraceIdFilter */
  readonly mayKnow: (lastWord: number) => boolean;
  readonly size: () => number;
  readonly lost: () => number;
}

type Limits = Pick<TraceMemoryOptions, "tracesMax" | "spansMax" | "ageMsMax">;

/**
 * The order is a list through the traces themselves. A Map keeps an order too, but its front is found by walking over
 * everything that was deleted there: 10 % of the time of scan, enrichment and emission together.
 */
export function createRecentTraces({ tracesMax, ageMsMax, spansMax = Infinity }: Limits): RecentTraces {
  const traces = new Map<string, Trace>();
  const order: Order = { oldest: null, newest: null };
  /** Spans of a trace mostly follow each other, and a look at this one is cheaper than one into a map of fifty thousand. */
  let latest: Trace | undefined;
  let turn = 0;
  let clockMs = 0;
  let spans = 0;
  let lost = 0;
  let ids: TraceIdFilter | null = null;

  function get(traceId: string): Trace | undefined {
    if (latest !== undefined && latest.traceId === traceId) return latest;
    const trace = traces.get(traceId);
    if (trace !== undefined) latest = trace;
    return trace;
  }

  function forget(trace: Trace | undefined): void {
    if (trace === undefined) return;
    if (latest === trace) latest = undefined;
    traces.delete(trace.traceId);
    ids?.remove(trace.traceId);
    unlink(order, trace);
    spans -= trace.nodes.size;
  }

  function forgetOldest(): void {
    if (order.oldest === null) return;
    forget(order.oldest);
    lost += 1;
  }

  return {
    get,
    watchIds() {
      ids = createTraceIdFilter();
      for (const traceId of traces.keys()) ids.add(traceId);
    },
    mayKnow: (lastWord) => ids === null || ids.mayHave(lastWord),
    size: () => traces.size,
    lost: () => lost,
    touch(traceId) {
      const trace = get(traceId);
      if (trace === undefined || trace.turn === turn) return trace;
      unlink(order, trace);
      append(order, trace);
      trace.turn = turn;
      trace.touchedMs = clockMs;
      return trace;
    },
    create(traceId, first) {
      if (traces.size >= tracesMax) forgetOldest();
      const nodes = new TraceNodes(first);
      const trace: Trace = { traceId, nodes, orphans: NO_NODES, failures: 0, turn, touchedMs: clockMs, older: null, newer: null };
      traces.set(traceId, trace);
      ids?.add(traceId);
      latest = trace;
      append(order, trace);
      return trace;
    },
    begin(nowMs) {
      turn += 1;
      if (nowMs === undefined) return;
      clockMs = nowMs;
      while (order.oldest !== null && nowMs - order.oldest.touchedMs > ageMsMax) forget(order.oldest);
    },
    forget: (traceId) => forget(traces.get(traceId)),
    makeRoom(grown) {
      spans += grown;
      while (spans > spansMax && traces.size > 1) forgetOldest();
    },
  };
}

const NO_NODES: readonly TraceNode[] = [];

interface Order {
  oldest: Trace | null;
  newest: Trace | null;
}

function append(order: Order, trace: Trace): void {
  trace.older = order.newest;
  if (order.newest === null) order.oldest = trace;
  else order.newest.newer = trace;
  order.newest = trace;
}

/** Leaves no link behind: a dead trace that points to a living one would drag all that follow into the old generation. */
function unlink(order: Order, trace: Trace): void {
  const { older, newer } = trace;
  if (older === null) order.oldest = newer;
  else older.newer = newer;
  if (newer === null) order.newest = older;
  else newer.older = older;
  trace.older = null;
  trace.newer = null;
}
