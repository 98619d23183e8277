import { sameModel } from "./call-once.ts";
import type { TraceNode } from "./trace-memory.ts";

/** HTTP requests of one call, in the order in which they began, each request once. */
export type Attempts = readonly TraceNode[];

/** Wrappers between a call and its request: a fetch span of the web framework, a proxy's client. */
const DEPTH_BELOW_MAX = 4;
const ANCESTORS_MAX = 8;
/** An agent's loop may have thousands of requests beside a call; its own are the newest. */
const BESIDE_MAX = 256;
/** Clocks are rounded, and a request may begin just before its span says so. */
const START_SLACK_MS = 5;

/**
 * The requests that belong to a call: those below it, else those beside it that began while it ran, where its
 * instrumentation does not make its span current (LangChain callbacks, Langfuse, LiteLLM). Marks them as claimed.
 */
export function claimAttempts(call: TraceNode, memory: Elsewhere): Attempts {
  const below: TraceNode[] = [];
  collectBelow(call, below, 0);
  const near = below.length > 0 ? below : besideOf(call);
  const found = near.length > 0 || call.note?.requestsOutside !== true ? near : elsewhereOf(call, memory);
  for (const request of found) request.claimed = true;
  return eachOnce(found);
}

function collectBelow(node: TraceNode, found: TraceNode[], depth: number): void {
  for (const child of node.children) {
    if (child.note?.role === "http") found.push(child);
    else if (depth < DEPTH_BELOW_MAX && !child.counted) collectBelow(child, found, depth + 1);
  }
}

function besideOf(call: TraceNode): TraceNode[] {
  let above = call.parent;
  for (let depth = 0; above !== null && depth < ANCESTORS_MAX; depth += 1) {
    const found = above.children.slice(-BESIDE_MAX).filter((request) => isBeside(call, request));
    if (found.length > 0) return found;
    above = above.parent;
  }
  return [];
}

function isBeside(call: TraceNode, request: TraceNode): boolean {
  if (request.note?.role !== "http" || request.claimed || request.promoted) return false;
  return ranDuring(call, request) && !hasNearerOwner(call, request);
}

/** Judged by starts: a stream's request may end after the span of its call. */
export function ranDuring(call: TraceNode, request: TraceNode): boolean {
  const [a, b] = [call.note, request.note];
  if (a === null || b === null || !mayServe(a.provider, b.provider)) return false;
  return b.startMs >= a.startMs - START_SLACK_MS && !(b.startMs > a.endMs);
}

/** Calls that start a trace of their own and the latest requests of all traces. */
export interface Elsewhere {
  readonly detached: readonly TraceNode[];
  readonly requests: readonly TraceNode[];
}

/** The call stands alone in its trace and its requests were made in the caller's. Two such calls at once leave it open whose they are. */
function elsewhereOf(call: TraceNode, { detached, requests }: Elsewhere): TraceNode[] {
  if (call.parent !== null || detached.some((other) => other !== call && overlaps(other, call))) return [];
  return requests.filter((request) => request.note?.traceId !== call.note?.traceId && isBeside(call, request));
}

function overlaps(a: TraceNode, b: TraceNode): boolean {
  return startOf(a) < endOf(b) && startOf(b) < endOf(a);
}

/** Of two calls that ran at the same time, a request belongs to the one that began last before it. */
function hasNearerOwner(call: TraceNode, request: TraceNode): boolean {
  const startMs = call.note?.startMs ?? 0;
  const siblings = call.parent?.children ?? [];
  return siblings.slice(-BESIDE_MAX).some((other) => {
    if (other === call || other.note?.role !== "call" || other.children.some((child) => child.note?.role === "http")) return false;
    return other.note.startMs > startMs && ranDuring(other, request) && sameModel(other.note.model, call.note?.model ?? "");
  });
}

/** A request to one vendor's own host cannot be another vendor's call; unknown names may be anybody's. */
function mayServe(callProvider: string, hostProvider: string): boolean {
  return (
    callProvider === "" || hostProvider === "" || callProvider === hostProvider || callProvider.split(".")[0] === hostProvider.split(".")[0]
  );
}

/** Two HTTP instrumentations write one request twice; attempts of one call follow one another, so what overlaps is one. */
export function eachOnce(requests: readonly TraceNode[]): TraceNode[] {
  const inOrder = requests.toSorted((a, b) => startOf(a) - startOf(b));
  const once: TraceNode[] = [];
  for (const request of inOrder) {
    const last = once.at(-1);
    if (last === undefined || startOf(request) >= endOf(last)) once.push(request);
  }
  return once;
}

function startOf(node: TraceNode): number {
  return node.note?.startMs ?? 0;
}

/** A request that still runs ends at its start, as far as the next one is concerned. */
function endOf(node: TraceNode): number {
  const endMs = node.note?.endMs ?? Number.NaN;
  return Number.isNaN(endMs) ? startOf(node) : endMs;
}
