import type { ErrorCategory } from "./categorization.ts";
import { createCategorizeMemo, type Categorize } from "./categorize-memo.ts";
import type { KnownPlaces } from "./call-http.ts";
import type { Dialect } from "./dialect.ts";
import type { QuietColumns } from "./quiet-columns.ts";
import { createRecentTraces } from "./recent-traces.ts";
import { createThawingTraces } from "./thawing-traces.ts";
import type { TraceNodes } from "./trace-nodes.ts";

export interface TraceMemoryOptions {
  readonly tracesMax: number;
  /** At least one. */
  readonly spansPerTraceMax: number;
  /** Of all traces together, which is what bounds the memory in bytes; without it they are bounded by the two above alone. */
  readonly spansMax?: number;
  /** A trace that no batch has touched for this long is forgotten; needs `nowMs` in `begin`. */
  readonly ageMsMax: number;
}

/**
 * What a span is to its trace. A `call` asks a model by its own account, a `wrapper` is any other GenAI span, `http` is a
 * client request to a model endpoint, `other` is everything that may merely stand between them.
 */
export type Role = "other" | "wrapper" | "call" | "http";

/** What is kept of a span: a few numbers and names, never its attributes or text. */
export interface SpanNote {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly role: Role;
  readonly startMs: number;
  /** NaN while the span lives. */
  readonly endMs: number;
  readonly failed: boolean;
  /** Scope by which two instrumentations of one call are told apart. */
  readonly scopeName: string;
  readonly native: boolean;
  /** Written when a stream ended, beside the span that began it. */
  readonly endsStream: boolean;
  /** Its requests may lie outside of it: before, after, or in another trace. */
  readonly requestsOutside: boolean;
  /** `service.name` of what can be matched across traces, else "": only what one process made belongs together by time. */
  readonly service: string;
  /** What the attempts of one operation have in common, by the emitter's word; "" when unknown. */
  readonly operationId: string;
  /** Requested model; "" when unknown. */
  readonly model: string;
  /** Provider by the convention's name; "" when unknown. */
  readonly provider: string;
  /** Host and path of an HTTP request, else "". */
  readonly endpoint: string;
  /** HTTP status of an HTTP request; 0 when there was no answer. */
  readonly httpStatus: number;
  /** `error.type` of an HTTP request, bounded; else "". */
  readonly errorType: string;
  /** The SDK's own count of earlier attempts, from the request's header; -1 when unknown. */
  readonly resendCount: number;
  /** Wait that the answer to a failed HTTP request stated; -1 when it stated none. */
  readonly statedWaitMs: number;
}

/** What is known of a span that only its children have named. */
export const UNSEEN: SpanNote = {
  traceId: "",
  spanId: "",
  parentSpanId: "",
  role: "other",
  startMs: Number.NaN,
  endMs: Number.NaN,
  failed: false,
  scopeName: "",
  native: false,
  endsStream: false,
  requestsOutside: false,
  service: "",
  operationId: "",
  model: "",
  provider: "",
  endpoint: "",
  httpStatus: 0,
  errorType: "",
  resendCount: -1,
  statedWaitMs: -1,
};

/** A span in the memory, linked to its neighbours. What enrichment found out stays with it for the spans that come later. */
export interface TraceNode {
  /** UNSEEN as long as only a child has named the span. */
  note: SpanNote;
  readonly spanId: string;
  /** null for a root, and while the span itself is unseen. */
  parent: TraceNode | null;
  /** Shared while it is empty: most spans of a trace stay without. */
  children: readonly TraceNode[];
  /** Place among the parent's children, which stand in the order in which they came. */
  position: number;
  /** Place among the trace's orphans; -1 for a span whose parent was there. */
  orphanPosition: number;
  /** A call stands somewhere below. */
  callBelow: boolean;
  /** Given out as one call to a model. */
  counted: boolean;
  /** An HTTP request that became a call of its own because no GenAI span stands for it. */
  promoted: boolean;
  /** The call whose attempt this HTTP request is. */
  claimedBy: TraceNode | null;
  category: ErrorCategory | null;
  retryable: boolean;
  /** Failed attempts up to and including this call's own outcome, over the whole operation. */
  failedAttempts: number;
  firstFailure: ErrorCategory | null;
  waitMs: number;
  /** The call that repeated this failed one. */
  repeatedBy: TraceNode | null;
  repeats: TraceNode | null;
}

export interface Trace {
  readonly traceId: string;
  readonly nodes: TraceNodes;
  /** Spans whose parent had not been seen when they came; the parent may have come since. Shared while it is empty. */
  orphans: readonly TraceNode[];
  failures: number;
  turn: number;
  touchedMs: number;
  /** Neighbours in the order in which traces were last touched. */
  older: Trace | null;
  newer: Trace | null;
}

export interface TraceMemory {
  readonly limits: TraceMemoryOptions;
  /** Starts a batch. With the wall clock's time, traces past their age are forgotten. */
  begin(nowMs?: number): void;
  /**
   * Forgets a trace of which nothing more can come, and those of its requests that belong to a call: kept until others push them
   * out, they would all grow old, and what grows old costs the garbage collector most.
   */
  forget(traceId: string): void;
  /** Remembers a span; a second time replaces what was known. null when its trace is full. */
  remember(note: SpanNote): TraceNode | null;
  trace(traceId: string): Trace | undefined;
  /** The trace, if it is known, as one that lives on. */
  touch(traceId: string): Trace | undefined;
  /** Calls that may have their requests in another trace, and the latest requests of all traces; newest last. */
  readonly detached: readonly TraceNode[];
  readonly requests: readonly TraceNode[];
  /** The dialect by scope name, kept for the few scopes that a process sees. */
  readonly scopes: Map<string, Dialect | null>;
  /** Where the latest requests went, by address; bounded by who fills it. */
  readonly places: KnownPlaces;
  /** Remembers its latest answers. */
  readonly categorize: Categorize;
  /** Traces pushed out by newer ones, spans refused because their trace was full. */
  readonly lost: { traces: number; spans: number };
  readonly size: number;
  /** Traces that are kept as numbers, where spans come in columns; whoever asks here for one of them makes it an ordinary one. */
  readonly quiet: QuietColumns | null;
  keepQuiet(quiet: QuietColumns): QuietColumns;
  /** false: no trace of the ordinary ones has this for the last four bytes of its id, as a little-endian machine reads them. */
  mayKnow(lastWord: number): boolean;
  /** Whether the trace is known, and not kept as numbers. */
  isOrdinary(traceId: string): boolean;
}

/** Scopes are a handful per process; a sender that makes them up must not fill the memory. */
const SCOPES_MAX = 1_000;
const DETACHED_MAX = 512;
const REQUESTS_MAX = 512;
/** Ancestors walked when a call makes itself known upwards; deeper stacks than this are loops or noise. */
const DEPTH_MAX = 64;

/**
 * Remembers the spans of recent traces, so that a call can be told from its wrappers and a retry from a first try, within a
 * batch and across batches. Bounded by traces, by spans per trace and by age.
 */
export function createTraceMemory(options: TraceMemoryOptions): TraceMemory {
  const ordinary = createRecentTraces(options);
  const traces = createThawingTraces(ordinary);
  const detached: TraceNode[] = [];
  const requests: TraceNode[] = [];
  const scopes = new Map<string, Dialect | null>();
  const lost = { traces: 0, spans: 0 };
  return {
    limits: options,
    detached,
    requests,
    scopes,
    places: new Map(),
    categorize: createCategorizeMemo(),
    get lost() {
      return { traces: traces.lost(), spans: lost.spans };
    },
    get size() {
      return traces.size();
    },
    get quiet() {
      return traces.quiet;
    },
    keepQuiet(quiet) {
      traces.quiet = quiet;
      ordinary.watchIds();
      return quiet;
    },
    mayKnow: ordinary.mayKnow,
    isOrdinary: (traceId) => ordinary.get(traceId) !== undefined,
    trace: traces.get,
    touch: traces.touch,
    begin(nowMs) {
      traces.begin(nowMs);
      if (scopes.size > SCOPES_MAX) scopes.clear();
    },
    forget(traceId) {
      // What is kept as numbers is made an ordinary trace by asking for it.
      if (traces.get(traceId) !== undefined) ordinary.forget(traceId);
      dropClaimed(requests, traceId);
    },
    remember(note) {
      const known = traces.touch(note.traceId);
      const size = known === undefined ? 0 : known.nodes.size;
      const node = known === undefined ? createNode(note.spanId) : nodeOf(known, note.spanId, options.spansPerTraceMax);
      if (node === null) {
        lost.spans += 1;
        return null;
      }
      const trace = known ?? ordinary.create(note.traceId, node);
      const before = node.note;
      node.note = note;
      if (before === UNSEEN) {
        link(trace, node, options.spansPerTraceMax);
        if (note.role === "http") keepLast(requests, node, REQUESTS_MAX);
        if (note.requestsOutside && note.role === "call") keepLast(detached, node, DETACHED_MAX);
      }
      if (note.failed && !before.failed) trace.failures += 1;
      if (note.role === "call" || node.callBelow) announce(node.parent);
      ordinary.makeRoom(trace.nodes.size - size);
      return node;
    },
  };
}

/** Spans looked at on each side of one: an agent's loop may have thousands, and what belongs together came together. */
const NEAR_MAX = 128;

/** The children of a span's parent that came shortly before and after it, itself among them. */
export function siblingsNear({ parent, position }: TraceNode): readonly TraceNode[] {
  return parent === null ? NO_NODES : near(parent.children, position);
}

/** Those of the trace's orphans that came shortly before and after a span; for one that is none, the latest. */
export function orphansNear({ orphans }: Trace, { orphanPosition }: TraceNode): readonly TraceNode[] {
  return near(orphans, orphanPosition < 0 ? orphans.length : orphanPosition);
}

const NO_NODES: readonly TraceNode[] = [];

function near(nodes: readonly TraceNode[], position: number): readonly TraceNode[] {
  return nodes.length <= NEAR_MAX ? nodes : nodes.slice(Math.max(0, position - NEAR_MAX), position + NEAR_MAX);
}

function nodeOf(trace: Trace, spanId: string, spansMax: number): TraceNode | null {
  const known = trace.nodes.get(spanId);
  if (known !== undefined) return known;
  if (trace.nodes.size >= spansMax) return null;
  const node = createNode(spanId);
  trace.nodes.add(node);
  return node;
}

function createNode(spanId: string): TraceNode {
  return {
    note: UNSEEN,
    spanId,
    parent: null,
    children: NO_NODES,
    position: 0,
    orphanPosition: -1,
    callBelow: false,
    counted: false,
    promoted: false,
    claimedBy: null,
    category: null,
    retryable: false,
    failedAttempts: 0,
    firstFailure: null,
    waitMs: 0,
    repeatedBy: null,
    repeats: null,
  };
}

function link(trace: Trace, node: TraceNode, spansMax: number): void {
  const { note } = node;
  if (note.parentSpanId === "" || note.parentSpanId === note.spanId) return;
  const parent = nodeOf(trace, note.parentSpanId, spansMax);
  if (parent === null) return;
  node.parent = parent;
  node.position = parent.children.length;
  parent.children = withLast(parent.children, node);
  if (parent.note !== UNSEEN) return;
  node.orphanPosition = trace.orphans.length;
  trace.orphans = withLast(trace.orphans, node);
}

/** Grows the list that is there; the shared empty one is left as it is. A literal of one holds no spare room. */
function withLast(nodes: readonly TraceNode[], node: TraceNode): readonly TraceNode[] {
  if (nodes.length === 0) return [node];
  (nodes as TraceNode[]).push(node);
  return nodes;
}

function announce(start: TraceNode | null): void {
  let node = start;
  for (let depth = 0; node !== null && depth < DEPTH_MAX; depth += 1) {
    if (node.callBelow) return;
    node.callBelow = true;
    node = node.parent;
  }
}

/** A trace that has just ended has its requests among the last. */
const DROPPED_FROM_LAST = 64;

function dropClaimed(requests: TraceNode[], traceId: string): void {
  const first = Math.max(0, requests.length - DROPPED_FROM_LAST);
  for (let at = requests.length - 1; at >= first; at -= 1) {
    const request = requests[at];
    if (request?.note.traceId === traceId && request.claimedBy !== null) requests.splice(at, 1);
  }
}

/** The latest `max` at least; many are dropped at a time, because to drop one moves all. */
function keepLast(nodes: TraceNode[], node: TraceNode, max: number): void {
  nodes.push(node);
  if (nodes.length >= 2 * max) nodes.splice(0, max);
}
