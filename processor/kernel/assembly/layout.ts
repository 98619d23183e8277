/*
 * The kernel's memory: fixed places for everything, so that nothing is ever allocated or freed and the edge makes its views
 * once. Pages that nobody wrote to cost nothing.
 */

/** What follows a table, so that 16 bytes may be read where fewer are left. */
const PADDING: usize = 64;

/** Below are the compiler's own constants. */
export const BODY: usize = 64 * 1024;
export const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/*
 * Columns, as processor/core/span-columns.ts says: its strides, in bytes.
 */
export const SPANS_MAX: i32 = 16_384;
export const SPAN_BYTES: usize = 12 * 4;
export const ID_BYTES: usize = 8 * 4;
export const TRACE_BYTES: usize = 4 * 4;
export const NUMBERS_MAX: i32 = 12 * SPANS_MAX;
export const MARKS_MAX: i32 = 12 * SPANS_MAX;
export const MARK_BYTES: usize = 5 * 4;
export const MESSAGES_MAX: i32 = 2 * SPANS_MAX;
export const MESSAGE_BYTES: usize = 5 * 4;

/** One row more than spans: teaching walks a span again and must not write over what was found of it. */
export const SPANS: usize = BODY + BODY_BYTES_MAX + PADDING;
export const IDS: usize = SPANS + (<usize>SPANS_MAX + 1) * SPAN_BYTES;
export const TRACES: usize = IDS + (<usize>SPANS_MAX + 1) * ID_BYTES;
export const NUMBERS: usize = TRACES + <usize>SPANS_MAX * TRACE_BYTES;
export const MARKS: usize = NUMBERS + <usize>NUMBERS_MAX * 8;
export const MESSAGES: usize = MARKS + <usize>MARKS_MAX * MARK_BYTES;

/** By message that is a ScopeSpans: the field with its InstrumentationScope, from and to; zeros where there is none. */
export const MESSAGE_SCOPES: usize = MESSAGES + <usize>MESSAGES_MAX * MESSAGE_BYTES;
/** By index of the ResourceSpans: its Resource, from and to; zeros where there is none. */
export const RESOURCES_MAX: i32 = 8_192;
export const RESOURCES: usize = MESSAGE_SCOPES + <usize>MESSAGES_MAX * 8;

/** Powers of two. Twice the spans at most, for each of two tables: traces by id, spans by trace and id. */
export const SLOTS_MIN: u32 = 256;
export const SLOTS_MAX: u32 = 32_768;
export const TRACE_SLOTS: usize = RESOURCES + <usize>RESOURCES_MAX * 8;
export const SPAN_SLOTS: usize = TRACE_SLOTS + <usize>SLOTS_MAX * 4;

/** Keys that somebody reads or writes: some 250 of at most 60 bytes. */
export const KEYS_MAX: i32 = 1_024;
export const KEY_BYTES_MAX: usize = 112;
export const KEY_BYTES: usize = 128;
/** A power of two. */
export const KEY_SLOTS_COUNT: u32 = 4_096;
export const KEYS: usize = SPAN_SLOTS + <usize>SLOTS_MAX * 4;
export const KEY_SLOTS: usize = KEYS + <usize>KEYS_MAX * KEY_BYTES;

/** A fleet's few hundred shapes of some twenty fields share most of their paths. */
export const STATES_MAX: i32 = 65_536;
export const STATE_BYTES: usize = 32;
export const STATES: usize = KEY_SLOTS + <usize>KEY_SLOTS_COUNT * 4;
export const EDGES_BYTES: usize = 8 * 1024 * 1024;
export const EDGES: usize = STATES + <usize>STATES_MAX * STATE_BYTES;
/** A power of two, twice the states: every edge leads to a state of its own. */
export const EDGE_SLOTS_COUNT: u32 = 131_072;
export const EDGE_SLOTS: usize = EDGES + EDGES_BYTES + PADDING;
export const MEMORY_END: usize = EDGE_SLOTS + <usize>EDGE_SLOTS_COUNT * 4;
