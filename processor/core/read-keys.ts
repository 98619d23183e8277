import { NORMALIZED_KEYS, OWN_KEYS } from "./attributes.ts";
import { HTTP_KEYS } from "./call-http.ts";
import { DIALECT_KEYS } from "./dialect.ts";
import { ERROR_READ_KEYS } from "./span-error-evidence.ts";
import { USAGE_READ_KEYS } from "./usage.ts";

/** Every attribute key, of spans and of their events, that the core reads: what a decoder must take out; all else may stay bytes. */
export const READ_KEYS: ReadonlySet<string> = new Set([
  ...OWN_KEYS,
  ...NORMALIZED_KEYS,
  ...HTTP_KEYS,
  ...DIALECT_KEYS,
  ...USAGE_READ_KEYS,
  ...ERROR_READ_KEYS,
]);
