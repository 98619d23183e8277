import { orphansNear, siblingsNear, UNSEEN, type SpanNote, type Trace, type TraceNode } from "./trace-memory.ts";

/** Two clocks of one machine, and spans of a millisecond: a span counts as inside another up to this far outside of it. */
const CLOCK_SLACK_MS = 5;
const ANCESTORS_MAX = 32;
const NIECES_MAX = 8;

/**
 * Whether this span is the one that stands for its call to a model. Where several spans tell of one call, the innermost
 * does: what is nearest to the wire knows most, and it ends first, so that the others can be told no. What was once given
 * out stays: a span that comes too late is no second call.
 */
export function standsForCall(node: TraceNode, trace: Trace): boolean {
  if (node.counted) return true;
  if (node.callBelow) return false;
  if (node.parent === null) return true;
  if (hasCountedAncestor(node)) return false;
  for (const sibling of siblingsOf(node)) if (isSameCall(node, sibling) && (sibling.counted || isInner(sibling, node))) return false;
  if (isToldAbove(node, trace)) return false;
  // The same from the other side: a framework's span of the call came first and was given out.
  return findInWrappersBeside(node, trace, (other) => other.counted && isSameWork(node, other)) === undefined;
}

/** Wrappers of one framework between a call and the application. */
const LEVELS_MAX = 8;
const DESCENDANTS_MAX = 64;

/**
 * Frameworks that trace by callbacks do not make their spans current: an SDK's own span of the call then stands beside the
 * outermost of them (OpenInference's LangChain with its OpenAI, LangSmith with either).
 */
function isToldAbove(node: TraceNode, trace: Trace): boolean {
  let branch = node;
  for (let level = 0; branch.parent !== null && level < LEVELS_MAX && isGenAi(branch); level += 1) {
    // Nobody knows yet where a span belongs whose parent has not come.
    const beside = branch.parent.note === UNSEEN ? orphansNear(trace, branch) : level === 0 ? NONE : siblingsNear(branch);
    for (const other of beside) if (isSameWork(node, other) && (other.counted || isInner(other, node))) return true;
    branch = branch.parent;
  }
  return false;
}

/** A span below the wrappers that stand beside this call and ran around it, if one passes the test. */
export function findInWrappersBeside(node: TraceNode, trace: Trace, test: (other: TraceNode) => boolean): TraceNode | undefined {
  const beside = node.parent !== null && node.parent.note === UNSEEN ? orphansNear(trace, node) : siblingsNear(node);
  for (const wrapper of beside) {
    if (!wrapper.callBelow || wrapper.note.role !== "wrapper" || !contains(wrapper.note, node.note)) continue;
    const found = findBelow(wrapper, test);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findBelow(wrapper: TraceNode, test: (other: TraceNode) => boolean): TraceNode | undefined {
  const open = [...wrapper.children];
  for (let seen = 0; seen < DESCENDANTS_MAX; seen += 1) {
    const below = open.pop();
    if (below === undefined || test(below)) return below;
    open.push(...below.children.slice(0, NIECES_MAX));
  }
  return undefined;
}

const NONE: readonly TraceNode[] = [];

/** Farther apart in the tree, they must have run at the same time, and which model they asked must be known. */
function isSameWork(a: TraceNode, b: TraceNode): boolean {
  if (a.note.model === "" || b.note.model === "") return false;
  return a.note.startMs <= b.note.endMs && b.note.startMs <= a.note.endMs && isSameCall(a, b);
}

function isGenAi({ note }: TraceNode): boolean {
  return note.role === "wrapper" || note.role === "call";
}

function hasCountedAncestor(node: TraceNode): boolean {
  let above = node.parent;
  for (let depth = 0; above !== null && depth < ANCESTORS_MAX; depth += 1) {
    if (above.counted && !above.promoted) return true;
    above = above.parent;
  }
  return false;
}

/** The span that ends a stream stands beside the span under which the request was made, so it is also an aunt of that request's. */
function siblingsOf(node: TraceNode): readonly TraceNode[] {
  const siblings = siblingsNear(node);
  const aunts = node.parent === null ? NONE : siblingsNear(node.parent);
  if (!node.note.endsStream && !aunts.some(endsStream)) return siblings;
  const nieces = node.note.endsStream ? siblings.flatMap(({ children }) => children.slice(0, NIECES_MAX)) : NONE;
  return [...siblings, ...aunts.filter(endsStream), ...nieces];
}

function endsStream({ note }: TraceNode): boolean {
  return note.endsStream;
}

/** Another instrumentation's span for the same call: same model, and one lies within the other. */
function isSameCall({ note }: TraceNode, { note: other }: TraceNode): boolean {
  if (other === note || other === UNSEEN || other.role !== "call" || other.scopeName === note.scopeName) return false;
  return sameModel(note.model, other.model) && (contains(note, other) || contains(other, note) || isStreamOf(note, other));
}

/** What ends a stream is written when its reader is done with it, which the SDK's own span does not wait for. */
function isStreamOf(note: SpanNote, other: SpanNote): boolean {
  const [end, native] = note.endsStream ? [note, other] : [other, note];
  return end.endsStream && native.native && native.startMs < end.endMs && end.startMs < native.endMs;
}

function isInner({ note: sibling }: TraceNode, { note }: TraceNode): boolean {
  if (sibling.native !== note.native) return sibling.native;
  for (const slackMs of [0, CLOCK_SLACK_MS]) {
    const inside = contains(note, sibling, slackMs);
    if (inside !== contains(sibling, note, slackMs)) return inside;
  }
  // Each within the other: any order will do that is always the same.
  return sibling.scopeName < note.scopeName;
}

interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

function contains(outer: Interval, inner: Interval, slackMs = CLOCK_SLACK_MS): boolean {
  return inner.startMs >= outer.startMs - slackMs && inner.endMs <= outer.endMs + slackMs;
}

/** The same model under two spellings: one may carry a date or a version behind it. An unknown model may be any. */
export function sameModel(a: string, b: string): boolean {
  if (a === b || a === "" || b === "") return true;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return long.startsWith(short) && VERSION.test(long.slice(short.length));
}

const VERSION = /^[-@](?:\d{4}-?\d{2}-?\d{2}|latest)/;
