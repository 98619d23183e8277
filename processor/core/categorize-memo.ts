import type { Categorization, ErrorEvidence } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";

export type Categorize = (evidence: ErrorEvidence) => Categorization;

const ANSWERS_MAX = 1_000;
/** Longer evidence is rarely the same twice. */
const KEY_LENGTH_MAX = 2_000;

/**
 * `categorizeError` that remembers its latest answers. It tries hundreds of patterns, 15-20 µs; and when calls fail they fail
 * by the thousand with one and the same error.
 */
export function createCategorizeMemo(): Categorize {
  const answers = new Map<string, Categorization>();
  return (evidence) => {
    const key = keyOf(evidence);
    if (key === null) return categorizeError(evidence);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = categorizeError(evidence);
    if (answers.size >= ANSWERS_MAX) answers.clear();
    answers.set(key, answer);
    return answer;
  };
}

/** All that the answer depends on; null where that cannot be told cheaply. */
function keyOf({ provider, status, errorType, errorCode, message, body, headers, cause }: ErrorEvidence): string | null {
  if (headers !== undefined || body !== undefined) return null;
  const own = part(provider) + part(status) + part(errorType) + part(errorCode) + part(message);
  const key = cause === undefined ? own : own + causeKey(cause);
  return key.length <= KEY_LENGTH_MAX && !key.includes(UNTOLD) ? key : null;
}

/** The scalars of a cause as spans hold it; any other makes no key. */
function causeKey(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return UNTOLD;
  let key = "";
  for (const [name, value] of Object.entries(cause)) key += `${name}=${part(value)}`;
  return key;
}

const UNTOLD = "\0";

/** With its type and length, so that no text can pass for two. */
function part(value: unknown): string {
  if (value === undefined) return "-";
  if (typeof value !== "string" && typeof value !== "number") return UNTOLD;
  return `${typeof value === "string" ? "s" : "n"}${String(value).length}:${value}`;
}
