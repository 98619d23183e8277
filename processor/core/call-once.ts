import { siblingsNear, UNSEEN, type SpanNote, type TraceNode } from "./trace-memory.ts";

/** Two clocks of one machine, and spans of a millisecond: a span counts as inside another up to this far outside of it. */
const CLOCK_SLACK_MS = 5;
const ANCESTORS_MAX = 32;
const NIECES_MAX = 8;

/**
 * Whether this span is the one that stands for its call to a model. Where several spans tell of one call, the innermost
 * does: what is nearest to the wire knows most, and it ends first, so that the others can be told no. What was once given
 * out stays: a span that comes too late is no second call.
 */
export function standsForCall(node: TraceNode): boolean {
  if (node.counted) return true;
  if (node.callBelow) return false;
  if (node.parent === null) return true;
  if (hasCountedAncestor(node)) return false;
  return !siblingsOf(node).some((sibling) => isSameCall(node, sibling) && (sibling.counted || isInner(sibling, node)));
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
  const aunts = node.parent === null ? [] : siblingsNear(node.parent).filter((aunt) => aunt.note.endsStream);
  const nieces = node.note.endsStream ? siblings.flatMap(({ children }) => children.slice(0, NIECES_MAX)) : [];
  return aunts.length === 0 && nieces.length === 0 ? siblings : [...siblings, ...aunts, ...nieces];
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
  const inside = contains(note, sibling);
  // Each within the other's slack: any order will do that is always the same.
  return inside === contains(sibling, note) ? sibling.scopeName < note.scopeName : inside;
}

interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

function contains(outer: Interval, inner: Interval): boolean {
  return inner.startMs >= outer.startMs - CLOCK_SLACK_MS && inner.endMs <= outer.endMs + CLOCK_SLACK_MS;
}

/** The same model under two spellings: one may carry a date or a version behind it. An unknown model may be any. */
export function sameModel(a: string, b: string): boolean {
  if (a === b || a === "" || b === "") return true;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return long.startsWith(short) && VERSION.test(long.slice(short.length));
}

const VERSION = /^[-@](?:\d{4}-?\d{2}-?\d{2}|latest)/;
