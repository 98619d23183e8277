import { NORMALIZED_KEYS, OWN_KEYS } from "./attributes.ts";
import { HTTP_KEYS } from "./call-http.ts";
import { DIALECT_KEYS } from "./dialect.ts";
import { USAGE_READ_KEYS } from "./usage-keys.ts";

/** Every attribute key of a span that the core reads: what a decoder must take out; everything else may stay bytes. */
export const READ_KEYS: ReadonlySet<string> = new Set([
  ...OWN_KEYS,
  ...NORMALIZED_KEYS,
  ...HTTP_KEYS,
  ...DIALECT_KEYS,
  ...USAGE_READ_KEYS,
  "server.address",
]);
