import { READ_KEYS } from "../core/read-keys.ts";
import { ROW_READ_KEYS } from "../sinks/postgres-row.ts";
import { KeyDictionary } from "./key-dictionary.ts";

/**
 * The attributes that somebody reads after a scan: enrichment and rows. One for the process, because what it learns of keys
 * is a function of their bytes, and bounded.
 */
export const SCAN_KEYS = new KeyDictionary(new Set([...READ_KEYS, ...ROW_READ_KEYS]));
