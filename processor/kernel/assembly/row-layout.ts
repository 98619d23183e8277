/*
 * Memory of the module that writes rows: a module of its own, so that a row may be made of any request, recognised or not.
 * Fixed places, as in layout.ts.
 */

/** What follows a place, so that 16 bytes may be read and written where fewer are left. */
const PADDING: usize = 64;

/** Words that the edge reads after a call: see the places in row-head.ts. */
export const ANSWER: usize = 64 * 1024;
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

export const BODY: usize = KEY_JSON + KEY_JSON_BYTES_MAX + PADDING;
export const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/** Rows are written here, and taken away before it is full. */
export const ROWS: usize = BODY + BODY_BYTES_MAX + PADDING;
export const ROWS_BYTES: usize = 2 * 1024 * 1024;
