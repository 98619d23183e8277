import { EMISSION_END } from "./emission-layout.ts";
import { SPANS_MAX } from "./layout.ts";

/*
 * Memory of the module that writes rows, which is the kernel's: a request's bytes and columns are there already. Fixed places
 * behind those of what reads and writes requests, as in layout.ts.
 */

/** What follows a place, so that 16 bytes may be read and written where fewer are left. */
const PADDING: usize = 64;
/** Every place begins on a multiple of it. */
const ALIGNMENT: usize = 64;

/** Words that the edge reads after a call: see the places in row-head.ts and rows.ts. */
export const ANSWER: usize = (EMISSION_END + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
/** Powers of ten, 16 bytes each; made when the first is asked for. */
export const POWERS: usize = ANSWER + 256;

/** Facts of keys that were told, by hash; a new one takes another's place where there is none. A power of two. */
export const FACTS_SLOTS: usize = 4_096;
export const FACTS_BYTES: usize = 32;
export const FACTS: usize = ANSWER + 1024;
/** Their bytes and their JSON; when it is full all are forgotten. */
export const FACTS_TEXT: usize = FACTS + FACTS_SLOTS * FACTS_BYTES;
export const FACTS_TEXT_BYTES: usize = 768 * 1024;
/** Where the edge puts the JSON of a key that it tells. */
export const KEY_JSON: usize = FACTS_TEXT + FACTS_TEXT_BYTES + PADDING;
export const KEY_JSON_BYTES_MAX: usize = 4_096;

/** Attributes that come again, by hash of their bytes; a power of two. And their bytes and their JSON; when it is full all are forgotten. */
export const ENTRIES_SLOTS: usize = 4_096;
export const ENTRY_RECORD_BYTES: usize = 32;
export const ENTRIES: usize = KEY_JSON + KEY_JSON_BYTES_MAX + PADDING;
export const ENTRIES_TEXT: usize = ENTRIES + ENTRIES_SLOTS * ENTRY_RECORD_BYTES;
export const ENTRIES_TEXT_BYTES: usize = 1024 * 1024;

/** What rows have in common: the edge puts it there. */
export const PLANS: usize = ENTRIES_TEXT + ENTRIES_TEXT_BYTES + PADDING;
export const PLANS_BYTES_MAX: usize = 2 * 1024 * 1024;

/** By span, what the edge knows of its row; and the values of all spans, of which each has fewer than so many. */
export const JOB_BYTES: usize = 3 * 4;
export const JOBS: usize = PLANS + PLANS_BYTES_MAX + PADDING;
export const SPAN_VALUES_MAX: usize = 32;
export const VALUES: usize = JOBS + <usize>SPANS_MAX * JOB_BYTES;

/** Of the rows and calls that were written last, and the spans that got none. */
export const ROWS_MAX: i32 = 4_096;
export const CALLS_MAX: i32 = 2_048;
export const ROW_FACT_BYTES: usize = 4 * 4;
export const ROW_FACTS: usize = VALUES + <usize>SPANS_MAX * SPAN_VALUES_MAX * 8;
export const ROW_MICROS: usize = ROW_FACTS + <usize>ROWS_MAX * ROW_FACT_BYTES;
export const CALL_NUMBERS: usize = ROW_MICROS + <usize>ROWS_MAX * 8;
export const CALL_NUMBERS_BYTES: usize = 30 * 8;
export const CALLS: usize = CALL_NUMBERS + <usize>CALLS_MAX * CALL_NUMBERS_BYTES;
export const CALL_BYTES: usize = 3 * 4;
export const ODD: usize = CALLS + <usize>CALLS_MAX * CALL_BYTES;

/** Rows are written here, and taken away before it is full: while they end before ROWS_FULL there is room for another, whatever is in it. */
export const ROWS: usize = ODD + <usize>SPANS_MAX * 4 + PADDING;
export const ROWS_BYTES: usize = 2 * 1024 * 1024;
export const ROWS_FULL: usize = ROWS + 512 * 1024;
export const ROW_MEMORY_END: usize = ROWS + ROWS_BYTES + PADDING;
