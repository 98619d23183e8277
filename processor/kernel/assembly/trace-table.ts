import { FAR_PARENT, idRow, NEXT, NO_PARENT, PARENT, PARENT_ID, SHAPE, SPAN_ID, spanRow, TRACE, TRACE_ID } from "./columns.ts";
import { SLOTS_MAX, SLOTS_MIN, SPAN_SLOTS, TRACE_BYTES, TRACE_SLOTS, TRACES } from "./layout.ts";

/** Of `TRACE_COLUMN`, in bytes. */
const FIRST: usize = 0;
const LAST: usize = 4;
const SPAN_COUNT: usize = 8;
const UNRECOGNISED: usize = 12;

/** A span of ids and times alone takes more. */
const SPAN_BYTES_MIN: u32 = 24;
/** More than random ids ever need; a request whose ids were chosen to collide is read the ordinary way. */
const PROBES_MAX: i32 = 256;

/** A slot's index is good if it was filled in this request: its upper bits say in which. */
const INDEX_BITS: u32 = 15;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const GENERATIONS: u32 = 1 << (32 - INDEX_BITS);

const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

let generation: u32 = 0;
let slotMask: u32 = 0;
export let traceCount: i32 = 0;
/** The trace of the span before: mostly of the next one too. */
let lastTrace: i32 = 0;

export function beginTraces(bodyBytes: u32): void {
  traceCount = 0;
  lastTrace = -1;
  let slots = SLOTS_MIN;
  while (slots < SLOTS_MAX && slots * SPAN_BYTES_MIN < bodyBytes) slots <<= 1;
  slotMask = slots - 1;
  generation = (generation + 1) & (GENERATIONS - 1);
  if (generation == 0) forgetTraces();
}

/** Forgets what is in the slots. */
export function forgetTraces(): void {
  memory.fill(TRACE_SLOTS, 0, (<usize>SLOTS_MAX) << 2);
  memory.fill(SPAN_SLOTS, 0, (<usize>SLOTS_MAX) << 2);
  generation = 1;
}

/** Puts the span, whose ids and shape are in its rows, in its trace. false: ids collide, or one comes twice. */
export function addToTrace(span: i32): bool {
  const ids = idRow(span);
  const high = load<u64>(ids, TRACE_ID);
  const low = load<u64>(ids, TRACE_ID + 8);
  if (lastTrace < 0 || !isTrace(lastTrace, high, low)) {
    lastTrace = findTrace(high, low, span);
    if (lastTrace < 0) return false;
  }
  const row = spanRow(span);
  store<i32>(row, lastTrace, TRACE);
  store<i32>(row, -1, NEXT);
  const trace = traceRow(lastTrace);
  const before = load<i32>(trace, LAST);
  if (before != span) store<i32>(spanRow(before), span, NEXT);
  store<i32>(trace, span, LAST);
  store<i32>(trace, load<i32>(trace, SPAN_COUNT) + 1, SPAN_COUNT);
  if (load<i32>(row, SHAPE) < 0) store<i32>(trace, load<i32>(trace, UNRECOGNISED) + 1, UNRECOGNISED);
  return addSpan(span, load<u64>(ids, SPAN_ID), lastTrace);
}

/** Finds every span's parent among the spans. false: ids collide. */
export function findParents(spanCount: i32): bool {
  for (let span = 0; span < spanCount; span++) {
    const row = spanRow(span);
    const id = load<u64>(idRow(span), PARENT_ID);
    if (id == 0) {
      store<i32>(row, NO_PARENT, PARENT);
      continue;
    }
    const slot = spanSlot(id, load<i32>(row, TRACE));
    if (slot == 0) return false;
    const found = load<u32>(slot);
    store<i32>(row, isOld(found) ? FAR_PARENT : <i32>(found & INDEX_MASK), PARENT);
  }
  return true;
}

function traceRow(trace: i32): usize {
  return TRACES + <usize>trace * TRACE_BYTES;
}

function isTrace(trace: i32, high: u64, low: u64): bool {
  const ids = idRow(load<i32>(traceRow(trace), FIRST));
  return load<u64>(ids, TRACE_ID) == high && load<u64>(ids, TRACE_ID + 8) == low;
}

/** The trace of that id, begun with `span` where there is none. -1: ids collide. */
function findTrace(high: u64, low: u64, span: i32): i32 {
  let slot = hashOf(high * MULTIPLIER + low);
  for (let probe = 0; probe < PROBES_MAX; probe++, slot++) {
    const at = TRACE_SLOTS + ((<usize>(slot & slotMask)) << 2);
    const found = load<u32>(at);
    if (isOld(found)) {
      store<u32>(at, entryOf(traceCount));
      return addTrace(span);
    }
    if (isTrace(<i32>(found & INDEX_MASK), high, low)) return <i32>(found & INDEX_MASK);
  }
  return -1;
}

function addTrace(span: i32): i32 {
  const trace = traceRow(traceCount);
  store<i32>(trace, span, FIRST);
  store<i32>(trace, span, LAST);
  store<i32>(trace, 0, SPAN_COUNT);
  store<i32>(trace, 0, UNRECOGNISED);
  return traceCount++;
}

function addSpan(span: i32, id: u64, trace: i32): bool {
  const slot = spanSlot(id, trace);
  if (slot == 0 || !isOld(load<u32>(slot))) return false;
  store<u32>(slot, entryOf(span));
  return true;
}

/** Where the span of that id stands, or would; 0: ids collide. */
function spanSlot(id: u64, trace: i32): usize {
  let slot = hashOf(id + <u64>trace * MULTIPLIER);
  for (let probe = 0; probe < PROBES_MAX; probe++, slot++) {
    const at = SPAN_SLOTS + ((<usize>(slot & slotMask)) << 2);
    const found = load<u32>(at);
    if (isOld(found)) return at;
    const span = <i32>(found & INDEX_MASK);
    if (load<u64>(idRow(span), SPAN_ID) == id && load<i32>(spanRow(span), TRACE) == trace) return at;
  }
  return 0;
}

function hashOf(word: u64): u32 {
  return <u32>((word * MULTIPLIER) >> 32);
}

function isOld(entry: u32): bool {
  return entry >> INDEX_BITS != generation;
}

function entryOf(index: i32): u32 {
  return (generation << INDEX_BITS) | <u32>index;
}
