import { CODE_KEYS, PRESENCE_KEYS, READ_KEYS, VALUE_KEYS } from "../core/read-keys.ts";
import { ROW_READ_KEYS } from "../sinks/postgres-row.ts";
import { KeyDictionary } from "./key-dictionary.ts";
import { SpanShapes } from "./span-shapes.ts";

/**
 * The attributes that somebody reads after a scan: enrichment and rows. One for the process, because what it learns of keys
 * is a function of their bytes, and bounded.
 */
export const SCAN_KEYS = new KeyDictionary({
  read: new Set([...READ_KEYS, ...ROW_READ_KEYS]),
  shapedByValue: VALUE_KEYS,
  shapedByCode: CODE_KEYS,
  shapedByPresence: PRESENCE_KEYS,
});

/** For the process, as SCAN_KEYS is. */
export const SPAN_SHAPES = new SpanShapes();
