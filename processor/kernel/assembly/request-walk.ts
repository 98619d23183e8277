import { addMessage, beginColumns, MESSAGE, messageRow, numbersOf, overflowed, RESOURCE, SHAPE, spanRow, withdrawSpan } from "./columns.ts";
import { BODY, MESSAGE_SCOPES, RESOURCES, RESOURCES_MAX, SPANS_MAX } from "./layout.ts";
import { walkIds, walkSpan } from "./span-walk.ts";
import { addToTrace, beginTraces, findParents } from "./trace-table.ts";
import { addEdge, findEdge, LITERAL, setShape, shapeOf, START, targetOf } from "./trie.ts";
import { content, contentEnd, fieldEnd } from "./wire.ts";

/** Fields of ExportTraceServiceRequest, ResourceSpans and ScopeSpans. */
const RESOURCE_SPANS_TAG: u8 = 0x0a;
const RESOURCE_TAG: u8 = 0x0a;
const SCOPE_SPANS_TAG: u8 = 0x12;
const SCOPE_TAG: u8 = 0x0a;
const SPANS_TAG: u8 = 0x12;
const SCHEMA_URL_TAG: u8 = 0x1a;

/** Half of those that the ordinary way takes of a whole request. */
const UNREAD_ATTRIBUTES_MAX: i32 = 500_000;

let spanCount: i32 = 0;
export let resourceCount: i32 = 0;
/** Attributes of the spans that were not recognised. */
let unreadAttributes: i32 = 0;

/** Answers how many spans there are; -1: something stands oddly, or is too much. */
export function walkRequest(length: usize): i32 {
  beginColumns();
  beginTraces(<u32>length);
  spanCount = 0;
  resourceCount = 0;
  unreadAttributes = 0;
  const end = BODY + length;
  for (let at = BODY; at < end;) {
    if (load<u8>(at) != RESOURCE_SPANS_TAG) return -1;
    const last = contentEnd(at + 1, end);
    if (last == 0) return -1;
    const start = content;
    const message = addMessage(at, start, last, -1);
    if (message < 0 || !walkResourceSpans(message, start, last)) return -1;
    at = last;
  }
  return findParents(spanCount) ? spanCount : -1;
}

function walkResourceSpans(message: i32, start: usize, end: usize): bool {
  if (resourceCount == RESOURCES_MAX) return false;
  const resource = RESOURCES + ((<usize>resourceCount) << 3);
  store<u64>(resource, 0);
  for (let at = start; at < end;) {
    const tag = load<u8>(at);
    const last = contentEnd(at + 1, end);
    if (last == 0) return false;
    const first = content;
    if (tag == SCOPE_SPANS_TAG) {
      const scope = addMessage(at, first, last, message);
      if (scope < 0 || !walkScopeSpans(scope, first, last)) return false;
    } else if (tag == RESOURCE_TAG) {
      // Several count as one, which is left to the ordinary way.
      if (load<u64>(resource) != 0) return false;
      store<u32>(resource, <u32>(first - BODY));
      store<u32>(resource, <u32>(last - BODY), 4);
    } else if (tag != SCHEMA_URL_TAG) return false;
    at = last;
  }
  resourceCount++;
  return true;
}

function walkScopeSpans(message: i32, start: usize, end: usize): bool {
  const scope = MESSAGE_SCOPES + ((<usize>message) << 3);
  store<u64>(scope, 0);
  let root: usize = 0;
  let begun = false;
  for (let at = start; at < end;) {
    const tag = load<u8>(at);
    const last = contentEnd(at + 1, end);
    if (last == 0) return false;
    const first = content;
    if (tag == SPANS_TAG) {
      if (!begun) root = rootOf(load<u32>(scope), load<u32>(scope, 4), false);
      begun = true;
      if (!walkOneSpan(addMessage(at, first, last, message), first, last, root)) return false;
    } else if (tag == SCOPE_TAG) {
      // One that stands behind its spans, or comes twice, is left to the ordinary way.
      if (begun || load<u64>(scope) != 0 || !isWholeScope(first, last)) return false;
      store<u32>(scope, <u32>at);
      store<u32>(scope, <u32>last, 4);
    } else if (tag != SCHEMA_URL_TAG) return false;
    at = last;
  }
  return true;
}

function isWholeScope(start: usize, end: usize): bool {
  for (let at = start; at < end;) {
    at = fieldEnd(at, end);
    if (at == 0) return false;
  }
  return true;
}

/** Where the paths begin of the spans in the scope whose field is from `at` to `end`, both 0 where there is none; 0: unknown. */
function rootOf(at: usize, end: usize, teach: bool): usize {
  let edge = findEdge(START, LITERAL, at, end - at);
  if (edge == 0 && teach) edge = addEdge(START, LITERAL, at, end - at);
  return edge == 0 ? 0 : targetOf(edge);
}

function walkOneSpan(message: i32, start: usize, end: usize, root: usize): bool {
  if (message < 0 || spanCount == SPANS_MAX) return false;
  const span = spanCount++;
  const row = spanRow(span);
  store<i32>(row, message, MESSAGE);
  store<i32>(row, resourceCount, RESOURCE);
  const state: usize = root == 0 ? 0 : walkSpan(span, start, end, root, false);
  const shape: i32 = state == 0 ? -1 : shapeOf(state);
  store<i32>(row, shape, SHAPE);
  if (shape < 0) {
    if (root != 0) withdrawSpan(span);
    const attributes = walkIds(span, start, end);
    withdrawSpan(span);
    unreadAttributes += attributes;
    if (attributes < 0 || unreadAttributes > UNREAD_ATTRIBUTES_MAX) return false;
  }
  return !overflowed && addToTrace(span);
}

/**
 * Makes the path of a span of the request that was walked last one of `shape`. false: it has none, because something of it
 * is its own; or there is no room; or the path has other than `numbers` numbers, which says that its shape is another's.
 */
export function teachSpan(span: i32, shape: i32, numbers: i32): bool {
  if (span < 0 || span >= spanCount) return false;
  const message = messageRow(load<i32>(spanRow(span), MESSAGE));
  const scopeSpans = load<i32>(message, 16);
  const scope = MESSAGE_SCOPES + ((<usize>scopeSpans) << 3);
  const root = rootOf(load<u32>(scope), load<u32>(scope, 4), true);
  if (root == 0) return false;
  const start = BODY + load<u32>(message, 8);
  const end = BODY + load<u32>(message, 12);
  const state = walkSpan(SPANS_MAX, start, end, root, true);
  const found = numbersOf(SPANS_MAX);
  withdrawSpan(SPANS_MAX);
  if (state == 0 || found != numbers) return false;
  setShape(state, shape);
  return true;
}
