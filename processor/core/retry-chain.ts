import { sameModel } from "./call-once.ts";
import type { Attempts } from "./retry-attempts.ts";
import { orphansNear, siblingsNear, UNSEEN, type SpanNote, type Trace, type TraceNode } from "./trace-memory.ts";

/** Longest wait seen between attempts is a minute (Strands); providers state up to some minutes. Later is another operation. */
export const RETRY_GAP_MS_MAX = 5 * 60_000;
/** Less than a timer's tick between two calls whose models are not known: nobody waited, as one does before a fallback. */
export const BACKOFF_MS_MIN = 15;
export const CLOCK_SLACK_MS = 2;
/** Frameworks clean up before they throw. */
const PASSING_ON_MS_MAX = 250;
/** Agents and workflows between a call and the loop that repeats it. */
const LEVELS_MAX = 6;
const DESCENDANTS_MAX = 64;

/**
 * The failed call that this one repeats: the last one of the same model that ended before it under the same parent, or,
 * where a framework wraps every call, under the wrapper beside its own. A call of another model is a fallback, no retry.
 */
export function earlierFailureOf(call: TraceNode, trace: Trace, attempts: Attempts): TraceNode | null {
  if (call.repeats !== null) return call.repeats;
  const inside = call.note.requestsOutside ? (failureInside(call) ?? failureAmong(attempts, call)) : null;
  if (inside !== null) return inside;
  let branch: TraceNode = call;
  for (let level = 0; level < LEVELS_MAX; level += 1) {
    const found = latestFailure(branch, call, trace, attempts);
    if (found !== null) return found;
    const above: TraceNode | null = branch.parent;
    // Above the frameworks stands the application, whose next request is not a retry of the last.
    if (above === null || (above.note.role !== "wrapper" && above.note.role !== "call")) return null;
    branch = above;
  }
  return null;
}

/** A try that the emitter itself says belongs to this call, and that ended before it (LiteLLM's proxy begins a stream's span with its first). */
function failureInside(call: TraceNode): TraceNode | null {
  const { operationId, endMs } = call.note;
  if (operationId === "") return null;
  const isTry = ({ counted, note }: TraceNode): boolean => counted && note.failed && note.operationId === operationId && note.endMs < endMs;
  return siblingsNear(call).findLast((other) => other !== call && isTry(other)) ?? null;
}

/** Of a call whose requests were made in another trace: there is where its earlier tries have left their mark. */
function failureAmong(attempts: Attempts, call: TraceNode): TraceNode | null {
  const [first] = attempts;
  const last = attempts.at(-1);
  if (first === undefined || last === undefined || last.note.traceId === call.note.traceId) return null;
  return failureTold(last, call) ?? failureBefore(first, call, attempts);
}

/** The call, of the same emitter and as far away, whose failed request was the last one before this call's first. */
function failureBefore(first: TraceNode, call: TraceNode, attempts: Attempts): TraceNode | null {
  const before = siblingsNear(first).findLast(({ note }) => note.role === "http" && note.endMs <= first.note.startMs + CLOCK_SLACK_MS);
  const owner = before?.claimedBy ?? null;
  if (owner === null || owner === call || owner.note.scopeName !== call.note.scopeName) return null;
  return isOpenFailure(owner, call) && isSameOperation(owner, call, attempts) ? owner : null;
}

/**
 * The span that told of one of the requests alone, when it failed, and was followed by another (LiteLLM's stream, which begins a
 * trace of its own when it succeeds).
 */
function failureTold(last: TraceNode, call: TraceNode): TraceNode | null {
  const told = siblingsNear(last).findLast(
    (other) => other.counted && other.note.scopeName === call.note.scopeName && isWithin(other.note, call.note, last.note),
  );
  return told !== undefined && told.note.failed && sameModel(told.note.model, call.note.model) ? told : null;
}

function isWithin(told: SpanNote, call: SpanNote, last: SpanNote): boolean {
  return told.startMs >= call.startMs - CLOCK_SLACK_MS && told.endMs <= last.startMs + CLOCK_SLACK_MS;
}

function latestFailure(branch: TraceNode, call: TraceNode, trace: Trace, attempts: Attempts): TraceNode | null {
  let latest: TraceNode | null = null;
  for (const sibling of neighboursOf(branch, trace)) {
    // While a span lives its end is NaN, so that nothing is after it.
    if (sibling === branch || !(sibling.note.endMs <= branch.note.startMs + CLOCK_SLACK_MS)) continue;
    if (latest !== null && sibling.note.endMs <= latest.note.endMs) continue;
    for (const failure of callsIn(sibling)) {
      const isLater = latest === null || failure.note.endMs > latest.note.endMs;
      if (isLater && isOpenFailure(failure, call) && isSameOperation(failure, call, attempts)) latest = failure;
    }
  }
  return latest;
}

/** Spans whose parents never came stand beside one another and beside what their parents would have stood beside. The latest first. */
function neighboursOf(branch: TraceNode, trace: Trace): readonly TraceNode[] {
  const isOrphan = branch.parent !== null && branch.parent.note === UNSEEN;
  const orphans = orphansNear(trace, branch).filter(
    (node) => node.parent !== branch.parent && node.parent?.note === UNSEEN && (isOrphan || node.promoted || isLostCall(node)),
  );
  return [...siblingsNear(branch), ...orphans].toReversed();
}

/** The last request, and a failed one, of a call whose span has not come: its instrumentation forgets calls that fail. */
function isLostCall(node: TraceNode): boolean {
  if (node.note.role !== "http" || node.claimedBy !== null || !node.note.failed || node.parent?.note !== UNSEEN) return false;
  return node.parent.children.every(({ note }) => note.role === "http" && note.startMs <= node.note.startMs);
}

function callsIn(branch: TraceNode): TraceNode[] {
  if (branch.counted || isLostCall(branch)) return [branch];
  if (!branch.callBelow) return [];
  const found: TraceNode[] = [];
  const open = [...branch.children];
  for (let seen = 0; seen < DESCENDANTS_MAX; seen += 1) {
    const node = open.pop();
    if (node === undefined) break;
    if (node.counted) found.push(node);
    else open.push(...node.children);
  }
  return found.filter((failure) => isPassedOn(failure, branch));
}

/** A wrapper that went on after a failure has dealt with it itself; one that ended with it passed it on, whatever its status. */
function isPassedOn(failure: TraceNode, { note }: TraceNode): boolean {
  return note === UNSEEN || note.failed || note.endMs - failure.note.endMs <= PASSING_ON_MS_MAX;
}

/** A failure worth another try that no other call has repeated. */
function isOpenFailure(failure: TraceNode, call: TraceNode): boolean {
  return failure.note.failed && failure.retryable && (failure.repeatedBy === null || failure.repeatedBy === call);
}

function isSameOperation({ note: before }: TraceNode, { note: after }: TraceNode, attempts: Attempts): boolean {
  const first = attempts[0]?.note ?? after;
  const gapMs = first.startMs - before.endMs;
  if (gapMs > RETRY_GAP_MS_MAX || !sameModel(before.model, after.model)) return false;
  const isModelKnown = before.model !== "" && after.model !== "";
  if (isModelKnown || before.requestsOutside || after.requestsOutside) return true;
  return gapMs >= BACKOFF_MS_MIN && (before.endpoint === "" || first.endpoint === "" || before.endpoint === first.endpoint);
}
