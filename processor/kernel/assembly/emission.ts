import { FIRST_MARK, MESSAGE, messageCount, messageRow, spanRow } from "./columns.ts";
import { copy, varintBytes, writeVarint } from "./bytes.ts";
import { CHUNK_BYTES, CUTS, EDIT_BYTES, EDITS, GROWTH, GROWTH_BYTES, OUT } from "./emission-layout.ts";
import { BODY, MARK_BYTES, MARKS } from "./layout.ts";
import { applyTemplate, cutsEnd, kept, writeTemplate } from "./span-template.ts";

/*
 * Writes the request anew: runs of its bytes as they came, between them the lengths that changed, less what is cut out, and
 * with what is added. Positions are those of the body.
 */

/** What happens to a span; request-writer.ts writes these. */
const ACTION: usize = 0;
/** Address of its template, or how many bytes somebody else adds. */
const SOURCE: usize = 4;
/** Address of its values. */
const VALUES_AT: usize = 8;
/** Addresses in CUTS. */
const CUTS_FROM: usize = 12;
const CUTS_END: usize = 16;
/** The numbers of its template that it says already, one bit for each. */
const KEPT: usize = 20;

const LEAVE: i32 = 0;
const BY_TEMPLATE: i32 = 1;
const BY_OTHERS: i32 = 2;
const REFUSE: i32 = 3;

/** Of MESSAGE_COLUMN in core/span-columns.ts, in bytes. */
const TAG_START: usize = 0;
const LENGTH_START: usize = 4;
const START: usize = 8;
const END: usize = 12;
const PARENT: usize = 16;

/** Behind the bytes by which a message grows: whether anything in it changes. */
const CHANGED: usize = 4;

let bodyBytes: i32 = 0;
/** What comes next, and up to where the body is written. */
let message: i32 = 0;
let span: i32 = 0;
let cursor: i32 = 0;

/** Finds all lengths. Answers how long the request becomes, -1 where nothing of it changes. */
export function planEmission(spans: i32, bytes: i32, cutsUsed: usize): i32 {
  bodyBytes = bytes;
  message = 0;
  span = 0;
  cursor = 0;
  memory.fill(GROWTH, 0, <usize>messageCount * GROWTH_BYTES);
  let cuts = CUTS + cutsUsed;
  let last = spans - 1;
  let total = -1;
  // From the inside out: those within stand after those around them.
  for (let index = messageCount - 1; index >= 0; index--) {
    const growth = GROWTH + <usize>index * GROWTH_BYTES;
    if (isSpan(index, last)) cuts = planSpan(last--, growth, cuts);
    if (load<i32>(growth, CHANGED) == 0) continue;
    const grows = growthAround(messageRow(index), load<i32>(growth));
    const parent = load<i32>(messageRow(index), PARENT);
    if (parent < 0) total = (total < 0 ? bytes : total) + grows;
    else addGrowth(GROWTH + <usize>parent * GROWTH_BYTES, grows);
  }
  return total;
}

function isSpan(index: i32, next: i32): bool {
  return next >= 0 && load<i32>(spanRow(next), MESSAGE) == index;
}

function addGrowth(growth: usize, bytes: i32): void {
  store<i32>(growth, load<i32>(growth) + bytes);
  store<i32>(growth, 1, CHANGED);
}

/** Of a message that is cut out, which has no growth of its own, and of one whose content grows. */
function growthAround(at: usize, growth: i32): i32 {
  if (growth == CUT_OUT) return load<i32>(at, TAG_START) - load<i32>(at, END);
  const size = load<i32>(at, END) - load<i32>(at, START) + growth;
  return growth + varintBytes(size) - (load<i32>(at, START) - load<i32>(at, LENGTH_START));
}

const CUT_OUT: i32 = i32.MIN_VALUE;

/** Answers where the next cuts go. */
function planSpan(index: i32, growth: usize, cuts: usize): usize {
  const edit = EDITS + <usize>index * EDIT_BYTES;
  const action = load<i32>(edit, ACTION);
  if (action == LEAVE) return cuts;
  if (action == REFUSE) {
    addGrowth(growth, CUT_OUT);
    return cuts;
  }
  if (action == BY_OTHERS) {
    addGrowth(growth, load<i32>(edit, SOURCE) - cutBytes(edit));
    return cuts;
  }
  const marks = MARKS + <usize>load<i32>(spanRow(index), FIRST_MARK) * MARK_BYTES;
  const grows = applyTemplate(load<u32>(edit, SOURCE), load<u32>(edit, VALUES_AT), marks, cuts);
  store<u32>(edit, <u32>cuts, CUTS_FROM);
  store<u32>(edit, <u32>cutsEnd, CUTS_END);
  store<i32>(edit, kept, KEPT);
  addGrowth(growth, grows);
  return cutsEnd;
}

function cutBytes(edit: usize): i32 {
  let bytes = 0;
  const end: usize = load<u32>(edit, CUTS_END);
  for (let cut: usize = load<u32>(edit, CUTS_FROM); cut < end; cut += 8) bytes += load<i32>(cut, 4) - load<i32>(cut);
  return bytes;
}

/** The span that waits for bytes of somebody else, which follow what was written last; -1: none. */
let waiting: i32 = -1;
export function waitingSpan(): i32 {
  return waiting;
}

/** Writes on, from OUT, until a span waits or there is enough to be fetched; answers how many bytes it is. */
export function writeOn(): i32 {
  waiting = -1;
  let out = OUT;
  for (; message < messageCount && out - OUT < CHUNK_BYTES && waiting < 0; message++) {
    const index = isSpan(message, span) ? span++ : -1;
    const growth = GROWTH + <usize>message * GROWTH_BYTES;
    if (load<i32>(growth, CHANGED) == 0) continue;
    const at = messageRow(message);
    if (load<i32>(growth) == CUT_OUT) {
      out = writeRun(out, load<i32>(at, TAG_START));
      cursor = load<i32>(at, END);
      continue;
    }
    out = writeRun(out, load<i32>(at, LENGTH_START));
    out = writeVarint(out, load<i32>(at, END) - load<i32>(at, START) + load<i32>(growth));
    cursor = load<i32>(at, START);
    if (index >= 0) out = writeSpan(out, EDITS + <usize>index * EDIT_BYTES, load<i32>(at, END), index);
  }
  return <i32>((message == messageCount && waiting < 0 ? writeRun(out, bodyBytes) : out) - OUT);
}

function writeSpan(to: usize, edit: usize, end: i32, index: i32): usize {
  let out = to;
  const cutsTo: usize = load<u32>(edit, CUTS_END);
  for (let cut: usize = load<u32>(edit, CUTS_FROM); cut < cutsTo; cut += 8) {
    out = writeRun(out, load<i32>(cut));
    cursor = load<i32>(cut, 4);
  }
  out = writeRun(out, end);
  if (load<i32>(edit, ACTION) == BY_TEMPLATE) {
    return writeTemplate(load<u32>(edit, SOURCE), load<u32>(edit, VALUES_AT), load<i32>(edit, KEPT), out);
  }
  if (load<i32>(edit, SOURCE) > 0) waiting = index;
  return out;
}

/** The body's bytes up to a position. */
function writeRun(to: usize, end: i32): usize {
  const bytes = <usize>(end - cursor);
  copy(to, BODY + <usize>cursor, bytes);
  cursor = end;
  return to + bytes;
}
