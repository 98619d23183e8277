import { ANSWER } from "./row-layout.ts";
import { content, contentEnd, INT, integerEnd, readInteger, STRING } from "./wire.ts";

/*
 * Columns that come straight from attributes that a span was sent with: user_id, conversation_id, agent_name, tool_name and
 * http_status. Which key is of which column, and which goes before which, the edge knows (processor/sinks/attribute-columns.ts).
 */

/** Places in ANSWER: a status of HTTP or -1; by column where its text begins and how long it is, and how many keys of the column go before its key. */
export const HTTP_STATUS: usize = 16;
const COLUMNS: usize = 32;
const COLUMN_BYTES: usize = 12;
const TEXT_COLUMNS: u32 = 4;
const HTTP_STATUS_COLUMN: u32 = 5;
const COLUMN_COUNT: u32 = 5;
const LAST_RANK: u32 = 0xffff;

/** processor/sinks/label.ts. */
const LABEL_BYTES_MAX: usize = 200;
const NO_FIELD: u32 = 0xffff_ffff;
const LENGTH_BYTES: usize = 4;

/** Of a span of which nothing was read yet. */
export function beginColumns(): void {
  store<i32>(ANSWER, -1, HTTP_STATUS);
  for (let column: u32 = 1; column <= COLUMN_COUNT; column++) {
    const place = columnPlace(column);
    store<u32>(place, 0, 4);
    store<u32>(place, LAST_RANK, 8);
  }
}

/** false for a value that takes more than a look. The key that goes before all others of its column counts; of one that comes twice, the last. */
export function noteColumn(column: u32, rank: u32, start: usize, end: usize): bool {
  const place = columnPlace(column);
  if (rank > load<u32>(place, 8) || start == end) return true;
  const tag = load<u8>(start);
  if (column == HTTP_STATUS_COLUMN) {
    if (tag != INT) return false;
    const status = readInteger(start + 1, end);
    if (integerEnd != end) return false;
    if (status < 100 || status > 599) return true;
    store<i32>(ANSWER, <i32>status, HTTP_STATUS);
  } else {
    if (tag != STRING || contentEnd(start + 1, end) != end || end - content > LABEL_BYTES_MAX) return false;
    if (content == end) return true;
    if (!isAscii(content, end)) return false;
    store<u32>(place, <u32>content);
    store<u32>(place, <u32>(end - content), 4);
  }
  store<u32>(place, rank, 8);
  return true;
}

export function columnPlace(column: u32): usize {
  return ANSWER + COLUMNS + <usize>(column - 1) * COLUMN_BYTES;
}

/** Without NUL. */
export function isAscii(start: usize, end: usize): bool {
  for (let at = start; at < end; at += 16) {
    const odd = i8x16.bitmask(i8x16.le_s(v128.load(at), i8x16.splat(0)));
    const rest = <i32>min<usize>(end - at, 16);
    if ((odd & ((1 << rest) - 1)) != 0) return false;
  }
  return true;
}

/** Those of a call; answers where they end. */
export function writeColumns(at: usize): usize {
  for (let column: u32 = 1; column <= TEXT_COLUMNS; column++) at = writeColumn(columnPlace(column), at);
  return at;
}

function writeColumn(place: usize, at: usize): usize {
  const bytes: usize = load<u32>(place, 4);
  if (bytes == 0) {
    store<u32>(at, NO_FIELD);
    return at + LENGTH_BYTES;
  }
  store<u32>(at, bswap<u32>(<u32>bytes));
  memory.copy(at + LENGTH_BYTES, load<u32>(place), bytes);
  return at + LENGTH_BYTES + bytes;
}
