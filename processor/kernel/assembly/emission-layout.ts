import { BODY_BYTES_MAX, MARKS_MAX, MEMORY_END, MESSAGES_MAX, SPANS_MAX } from "./layout.ts";

/* Memory of what writes requests anew, behind that of what reads them; fixed places, as in layout.ts. */

/** What follows a place, so that 16 bytes may be read and written where fewer are left. */
const PADDING: usize = 64;
/** Every place begins on a multiple of it. */
const ALIGNMENT: usize = 64;

/** One for each span: request-writer.ts fills them. */
export const EDIT_BYTES: usize = 6 * 4;
export const EDITS: usize = (MEMORY_END + ALIGNMENT - 1) & ~(ALIGNMENT - 1);

/** Pairs of positions. Of spans of a template no more than marks; of others an attribute of sixteen bytes is the shortest. */
export const CUT_BYTES: usize = 2 * 4;
export const CUTS_MAX: usize = <usize>MARKS_MAX + BODY_BYTES_MAX / 16;
export const CUTS: usize = EDITS + <usize>SPANS_MAX * EDIT_BYTES + ALIGNMENT;

/** By message: by how many bytes its content grows, and whether anything in it changes. */
export const GROWTH_BYTES: usize = 2 * 4;
export const GROWTH: usize = CUTS + CUTS_MAX * CUT_BYTES;

/** Doubles of the templates: enrichment writes fewer than so many on a span. */
export const SPAN_VALUES_MAX: usize = 32;
export const VALUES: usize = GROWTH + <usize>MESSAGES_MAX * GROWTH_BYTES;

/** Templates of half a kilobyte to one each. */
export const TEMPLATES_BYTES_MAX: usize = 2 * 1024 * 1024;
export const TEMPLATES: usize = VALUES + <usize>SPANS_MAX * SPAN_VALUES_MAX * 8;

/** The request is fetched from here in pieces: when there is so much, and whatever one step may still add to it. */
export const CHUNK_BYTES: usize = 256 * 1024;
export const OUT: usize = TEMPLATES + TEMPLATES_BYTES_MAX + PADDING;
export const EMISSION_END: usize = OUT + CHUNK_BYTES + BODY_BYTES_MAX + TEMPLATES_BYTES_MAX + PADDING;
