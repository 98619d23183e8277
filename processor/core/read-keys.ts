import { NORMALIZED_KEYS, OWN_KEYS } from "./attributes.ts";
import { HTTP_KEYS } from "./call-http.ts";
import { DIALECT_FIELD_KEYS, DIALECT_KEYS } from "./dialect.ts";
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

/** Of these the value is read. */
export const VALUE_KEYS: ReadonlySet<string> = new Set([
  ...OWN_KEYS,
  ...NORMALIZED_KEYS,
  ...HTTP_KEYS,
  ...DIALECT_FIELD_KEYS,
  ...USAGE_READ_KEYS,
  ...ERROR_READ_KEYS,
]);

/** Of these the values are so few that each is as good as a word: statuses, and counts of attempts. */
export const CODE_KEYS: ReadonlySet<string> = new Set([
  "http.response.status_code",
  "http.status_code",
  "status_code",
  "status",
  "rpc.response.status_code",
  "rpc.grpc.status_code",
  "error.type",
  "error.code",
  "http.request.resend_count",
  "http.request.header.x-stainless-retry-count",
]);

/** Of these only whether they are there: ids that mark an emitter. */
export const PRESENCE_KEYS: ReadonlySet<string> = new Set([...READ_KEYS].filter((key) => !VALUE_KEYS.has(key)));
