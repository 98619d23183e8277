import { beginSpan, endSpan, idRow, PARENT_ID, SPAN_ID, TRACE_ID } from "./columns.ts";
import { beginPath, lookUpAttribute, lookUpField, reached, stay, takeEdge } from "./path.ts";
import {
  ATTRIBUTES_TAG,
  DROPPED_ATTRIBUTES_TAG,
  DROPPED_EVENTS_TAG,
  DROPPED_LINKS_TAG,
  END_TAG,
  EVENTS_TAG,
  FLAGS_TAG,
  KIND_TAG,
  NAME_TAG,
  PARENT_ID_TAG,
  SPAN_ID_LENGTH,
  SPAN_ID_TAG,
  START_TAG,
  STATUS_CODE_TAG,
  STATUS_MESSAGE_TAG,
  STATUS_TAG,
  TRACE_ID_LENGTH,
  TRACE_ID_TAG,
  TRACE_STATE_TAG,
} from "./span-fields.ts";
import { GUESSES_COUNT, guessOf, targetOf } from "./trie.ts";
import { ERROR_STATUS, ERROR_STATUS_BYTES, isErrorStatus, isWholeEvent } from "./span-texts.ts";
import { content, contentEnd, fieldEnd, varintEnd } from "./wire.ts";

/** Far fewer than a span may have; those with more are read the ordinary way. */
const ATTRIBUTES_MAX: i32 = 1_024;

/** Bits of the fields that a span has to have, by field number. */
const NEEDED: u32 = (1 << (TRACE_ID_TAG >> 3)) | (1 << (SPAN_ID_TAG >> 3)) | (1 << (START_TAG >> 3)) | (1 << (END_TAG >> 3));

/** Tags and lengths of the ids, as the machine reads their two bytes. */
const TRACE_ID_HEAD: u16 = 0x100a;
const SPAN_ID_HEAD: u16 = 0x0812;
const PARENT_ID_HEAD: u16 = 0x0822;
const HEAD_BYTES: usize = 28;
const PARENT_BYTES: usize = 10;
const HEAD: u32 = (1 << (TRACE_ID_TAG >> 3)) | (1 << (SPAN_ID_TAG >> 3));

/** The status of the span that is walked has a message. */
let hasMessage: bool = false;

let startMsMin: f64 = 0;
let startMsMax: f64 = 0;
let durationMsMax: f64 = 0;

export function limitTimes(min: f64, max: f64, duration: f64): void {
  startMsMin = min;
  startMsMax = max;
  durationMsMax = duration;
}

/**
 * Walks the span whose content is from `at` to `end` along the paths from `root`, and fills its row, its numbers and marks.
 * Answers the state in which it ends; 0 where it stands oddly, or where no path leads on and none is to be taught.
 */
export function walkSpan(span: i32, start: usize, end: usize, root: usize, teach: bool): usize {
  beginSpan(span);
  beginPath(teach);
  hasMessage = false;
  const ids = idRow(span);
  let seen: u32 = 0;
  let at = readHead(start, end, ids);
  if (at != start) {
    seen = HEAD;
    const parent = readParent(at, end, ids);
    if (parent != at) seen |= 1 << (PARENT_ID_TAG >> 3);
    at = parent;
  }
  let here = root;
  let attributes = 0;
  let startMs: f64 = 0;
  let endMs: f64 = 0;
  let hasEvents = false;
  let statusAt: usize = 0;
  while (at < end) {
    const tag = load<u8>(at);
    if (tag == ATTRIBUTES_TAG) {
      if (++attributes > ATTRIBUTES_MAX) return 0;
    } else if (tag == EVENTS_TAG) {
      const last = contentEnd(at + 1, end);
      if (last == 0 || !isWholeEvent(content, last)) return 0;
      hasEvents = true;
      at = last;
      continue;
    } else {
      // Of fields that come twice the last counts, or both do: that is left to the ordinary way.
      const bit = tag < 0x80 ? 1 << (<u32>tag >> 3) : 1 << 16;
      if ((seen & bit) != 0) return 0;
      seen |= bit;
      if (tag == START_TAG || tag == END_TAG) {
        if (at + 9 > end) return 0;
        const ms = <f64>load<u64>(at, 1) / 1e6;
        if (tag == START_TAG) startMs = ms;
        else endMs = ms;
        at += 9;
        continue;
      }
      if (tag == STATUS_TAG) statusAt = at;
    }
    let next: usize = 0;
    let edge: usize = 0;
    for (let place = 0; place < GUESSES_COUNT; place++) {
      edge = guessOf(here, place);
      if (edge == 0) break;
      next = takeEdge(edge, at, end);
      if (next != 0) break;
    }
    if (next != 0) here = targetOf(edge);
    else {
      next = tag == ATTRIBUTES_TAG ? lookUpAttribute(here, at, end) : lookUp(tag, at, end, ids, here);
      if (next == 0) return 0;
      here = reached();
    }
    at = next;
  }
  if ((seen & NEEDED) != NEEDED || startMs < startMsMin || startMs > startMsMax) return 0;
  // Events tell whether a span failed where its status does not.
  if (hasEvents && !isError(statusAt, end)) return 0;
  if (endMs < startMs || endMs - startMs > durationMsMax) return 0;
  endSpan(span, startMs, endMs, hasEvents || hasMessage);
  return here;
}

function isError(statusAt: usize, end: usize): bool {
  if (statusAt == 0) return false;
  const last = contentEnd(statusAt + 1, end);
  return last != 0 && isErrorStatus(content, last);
}

/** Ids as every encoder writes them, in their order; answers where they end, `start` where they are not there. */
function readHead(start: usize, end: usize, ids: usize): usize {
  if (start + HEAD_BYTES > end || load<u16>(start) != TRACE_ID_HEAD || load<u16>(start, 18) != SPAN_ID_HEAD) return start;
  const trace = v128.load(start, 2);
  const span = load<u64>(start, 20);
  if (!v128.any_true(trace) || span == 0) return start;
  v128.store(ids, trace, TRACE_ID);
  store<u64>(ids, span, SPAN_ID);
  return start + HEAD_BYTES;
}

/** The same of the parent's. */
function readParent(start: usize, end: usize, ids: usize): usize {
  if (start + PARENT_BYTES > end || load<u16>(start) != PARENT_ID_HEAD) return start;
  store<u64>(ids, load<u64>(start, 2), PARENT_ID);
  return start + PARENT_BYTES;
}

function lookUp(tag: u8, at: usize, end: usize, ids: usize, here: usize): usize {
  stay(here);
  switch (tag) {
    case TRACE_ID_TAG:
    case SPAN_ID_TAG:
    case PARENT_ID_TAG:
      return readId(tag, at, end, ids);
    case NAME_TAG: {
      const last = contentEnd(at + 1, end);
      return last == 0 ? 0 : lookUpField(here, at, last);
    }
    case KIND_TAG:
      return at + 2 <= end && load<u8>(at, 1) < 0x80 ? lookUpField(here, at, at + 2) : 0;
    case STATUS_TAG: {
      const last = contentEnd(at + 1, end);
      if (last == 0) return 0;
      if (isPlainStatus(content, last)) return lookUpField(here, at, last);
      hasMessage = isErrorStatus(content, last);
      return hasMessage && lookUpField(here, ERROR_STATUS, ERROR_STATUS + ERROR_STATUS_BYTES) != 0 ? last : 0;
    }
    case TRACE_STATE_TAG:
      return contentEnd(at + 1, end);
    case DROPPED_ATTRIBUTES_TAG:
    case DROPPED_EVENTS_TAG:
    case DROPPED_LINKS_TAG:
      return varintEnd(at + 1, end);
    default:
      return at + 6 <= end && load<u16>(at) == FLAGS_TAG ? at + 6 : 0;
  }
}

/** A code and no message. */
function isPlainStatus(at: usize, end: usize): bool {
  while (at < end) {
    const byte = at + 1 < end ? load<u8>(at, 1) : 0xff;
    const plain = load<u8>(at) == STATUS_CODE_TAG ? byte < 0x80 : load<u8>(at) == STATUS_MESSAGE_TAG && byte == 0;
    if (!plain) return false;
    at += 2;
  }
  return true;
}

/** Notes the id in the field at `at`; answers where the field ends, 0 where it is none. A parent may be none, or zeros. */
function readId(tag: u8, at: usize, end: usize, ids: usize): usize {
  const length: usize = tag == TRACE_ID_TAG ? TRACE_ID_LENGTH : SPAN_ID_LENGTH;
  if (at + 2 > end) return 0;
  const announced = load<u8>(at, 1);
  if (tag == PARENT_ID_TAG && announced == 0) {
    store<u64>(ids, 0, PARENT_ID);
    return at + 2;
  }
  const last = at + 2 + length;
  if (announced != length || last > end) return 0;
  const word = load<u64>(at, 2);
  if (tag == PARENT_ID_TAG) {
    store<u64>(ids, word, PARENT_ID);
    return last;
  }
  if (tag == SPAN_ID_TAG) {
    store<u64>(ids, word, SPAN_ID);
    return word == 0 ? 0 : last;
  }
  const second = load<u64>(at, 10);
  store<u64>(ids, word, TRACE_ID);
  store<u64>(ids, second, TRACE_ID + 8);
  return (word | second) == 0 ? 0 : last;
}

/**
 * Only the ids of a span that was not recognised. Answers how many attributes it has; -1 where an id is missing or none, or
 * where its fields cannot be told apart.
 */
export function walkIds(span: i32, at: usize, end: usize): i32 {
  beginSpan(span);
  const ids = idRow(span);
  let seen: u32 = 0;
  let attributes = 0;
  while (at < end) {
    const tag = load<u8>(at);
    const isId = tag == TRACE_ID_TAG || tag == SPAN_ID_TAG || tag == PARENT_ID_TAG;
    const next = isId ? readId(tag, at, end, ids) : fieldEnd(at, end);
    if (next == 0) return -1;
    if (isId) seen |= 1 << (<u32>tag >> 3);
    if (tag == ATTRIBUTES_TAG) attributes++;
    at = next;
  }
  return (seen & HEAD) == HEAD ? attributes : -1;
}
