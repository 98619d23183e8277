import { sameModel } from "./call-once.ts";
import { siblingsNear, UNSEEN, type SpanNote, type TraceNode } from "./trace-memory.ts";

/** HTTP requests of one call, in the order in which they began, each request once. */
export type Attempts = readonly TraceNode[];

/** Calls that start a trace of their own, and the latest requests of all traces. */
export interface Elsewhere {
  readonly detached: readonly TraceNode[];
  readonly requests: readonly TraceNode[];
}

const NONE: Attempts = [];

/** Spans between a call and its request: a fetch span of the web framework, a proxy's client. */
const DEPTH_BELOW_MAX = 4;
const ANCESTORS_MAX = 8;
/** Requests of an outer span before an inner one took over; SDKs give up long before. */
const BEFORE_MAX = 32;
/** Clocks are rounded, and a request may begin just before its span says so. */
const START_SLACK_MS = 5;

/**
 * The requests that belong to a call: those below it, else those beside it that began while it ran, where its
 * instrumentation does not make its span current (LangChain callbacks, Langfuse, LiteLLM). Marks them as claimed.
 */
export function claimAttempts(call: TraceNode, elsewhere: Elsewhere): Attempts {
  if (call.parent === null && call.children.length === 0 && !call.note.requestsOutside) return NONE;
  const found: TraceNode[] = [];
  collectBelow(call, found, 0);
  if (found.length === 0 && call.note.requestsOutside) found.push(...nearestRun(call, elsewhere.requests));
  if (found.length === 0) collectBeside(call, found);
  if (found.length === 0 && call.note.requestsOutside) collectElsewhere(call, elsewhere, found);
  collectBefore(call, found);
  for (const request of found) request.claimedBy = call;
  const attempts = eachOnce(found);
  // Where only the address names the model (Gemini, Bedrock, Azure), it tells a retry from a fallback.
  const asked = attempts[0]?.note.model ?? "";
  if (call.note.model === "" && asked !== "") call.note = { ...call.note, model: asked };
  return attempts;
}

function collectBelow(node: TraceNode, found: TraceNode[], depth: number): void {
  for (const child of node.children) {
    if (child.note.role === "http") found.push(child);
    else if (depth < DEPTH_BELOW_MAX && !child.counted) collectBelow(child, found, depth + 1);
  }
}

/**
 * Another span of the same call around this one made requests itself that failed, then handed over to this one (LiteLLM's
 * `completion`, which falls back to `completion_with_retries`).
 */
function collectBefore(call: TraceNode, found: TraceNode[]): void {
  const outer = call.parent;
  if (outer === null || outer.note.role !== "call" || outer.counted || !sameModel(outer.note.model, call.note.model)) return;
  for (const request of outer.children.slice(0, BEFORE_MAX)) {
    const { note } = request;
    if (note.role !== "http" || !note.failed || request.promoted || (request.claimedBy !== null && request.claimedBy !== call)) continue;
    if (note.endMs <= call.note.startMs + START_SLACK_MS && !found.includes(request)) found.push(request);
  }
}

function collectBeside(call: TraceNode, found: TraceNode[]): void {
  let branch: TraceNode | null = call;
  for (let depth = 0; branch !== null && depth < ANCESTORS_MAX && found.length === 0; depth += 1) {
    for (const request of siblingsNear(branch)) if (isBeside(call, request)) found.push(request);
    branch = branch.parent;
  }
}

/**
 * The call stands alone in its trace and its requests were made in the caller's. Two such calls at once leave it open whose they
 * are, but not that a span stands for each.
 */
function collectElsewhere(call: TraceNode, { detached, requests }: Elsewhere, found: TraceNode[]): void {
  if (!isAlone(call)) return;
  const meanwhile = requests.filter((request) => ranElsewhere(call, request) && isBeside(call, request));
  const isCertain = !detached.some((other) => other !== call && isAlone(other) && overlaps(other.note, call.note));
  if (isCertain) found.push(...meanwhile);
  else for (const request of meanwhile) request.claimedBy = call;
}

/** Whether a request is stood for by a call that is not connected with it. */
export function isServedElsewhere(call: TraceNode, request: TraceNode): boolean {
  return runDistanceMs(call, request) <= RUN_SLACK_MS || (isAlone(call) && ranElsewhere(call, request));
}

function isAlone({ note }: TraceNode): boolean {
  return note.parentSpanId === "";
}

function ranElsewhere({ note: call }: TraceNode, { note: request }: TraceNode): boolean {
  // MLflow's tracer knows no name of the service.
  const isOneService = call.service === request.service || call.service === "" || request.service === "";
  return request.traceId !== call.traceId && isOneService && ranDuring(call, request);
}

/** Between the making of a run's id and the note of its start. */
const RUN_SLACK_MS = 20;

/** Of the requests under run ids that were made when the call began, those under the nearest. */
function nearestRun(call: TraceNode, requests: readonly TraceNode[]): readonly TraceNode[] {
  let nearest: TraceNode | null = null;
  let leastMs = RUN_SLACK_MS;
  for (const request of requests) {
    const distanceMs = request.claimedBy === null || request.claimedBy === call ? runDistanceMs(call, request) : Number.NaN;
    if (!(distanceMs <= leastMs)) continue;
    nearest = request;
    leastMs = distanceMs;
  }
  if (nearest === null) return NONE;
  const { parent } = nearest;
  return requests.filter((request) => request.parent === parent && ranDuring(call.note, request.note));
}

/**
 * LangSmith gives its requests a parent that no span is: the first half of the run's UUIDv7 (RFC 9562), which begins with the
 * milliseconds at which the run began. A random id hits them once in a hundred billion times. NaN for any other parent.
 */
function runDistanceMs({ note: call }: TraceNode, { note: request, parent, promoted }: TraceNode): number {
  if (promoted || parent === null || parent.note !== UNSEEN || !ranDuring(call, request)) return Number.NaN;
  if (!UUID_V7_HALF.test(request.parentSpanId)) return Number.NaN;
  return Math.abs(Number.parseInt(request.parentSpanId.slice(0, 12), 16) - Math.floor(call.startMs));
}

const UUID_V7_HALF = /^[\da-f]{12}7[\da-f]{3}$/;

function isBeside(call: TraceNode, request: TraceNode): boolean {
  if (request.note.role !== "http" || request.promoted || (request.claimedBy !== null && request.claimedBy !== call)) return false;
  return ranDuring(call.note, request.note) && !hasNearerOwner(call, request);
}

/** Judged by starts: a stream's request may end after the span of its call. */
export function ranDuring(call: SpanNote, request: SpanNote): boolean {
  const inTime = request.startMs >= call.startMs - START_SLACK_MS && !(request.startMs > call.endMs);
  return inTime && mayServe(call.provider, request.provider);
}

/** Of two calls that ran at the same time, a request belongs to the one that began last before it. */
function hasNearerOwner(call: TraceNode, request: TraceNode): boolean {
  return siblingsNear(call).some(({ note, children }) => {
    if (note.role !== "call" || !(note.startMs > call.note.startMs) || !sameModel(note.model, call.note.model)) return false;
    return ranDuring(note, request.note) && !children.some((child) => child.note.role === "http");
  });
}

/** A request to one vendor's own host cannot be another vendor's call; unknown names may be anybody's. */
function mayServe(callProvider: string, hostProvider: string): boolean {
  return callProvider === "" || hostProvider === "" || callProvider === hostProvider || vendorOf(callProvider) === vendorOf(hostProvider);
}

function vendorOf(provider: string): string {
  const dot = provider.indexOf(".");
  return dot < 0 ? provider : provider.slice(0, dot);
}

function overlaps(a: SpanNote, b: SpanNote): boolean {
  return a.startMs < b.endMs && b.startMs < a.endMs;
}

/** Two HTTP instrumentations write one request twice; attempts of one call follow one another, so what overlaps is one. */
function eachOnce(requests: TraceNode[]): TraceNode[] {
  if (requests.length < 2) return requests;
  requests.sort((a, b) => a.note.startMs - b.note.startMs);
  const once: TraceNode[] = [];
  for (const request of requests) {
    const last = once.at(-1);
    // A request that still runs has no end (NaN); what begins after it is another.
    if (last === undefined || !(request.note.startMs < last.note.endMs)) once.push(request);
  }
  return once;
}
