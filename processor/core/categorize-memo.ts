import type { Categorization, ErrorEvidence } from "./categorization.ts";
import { categorizeError } from "./categorize-error.ts";

export type Categorize = (evidence: ErrorEvidence) => Categorization;

/** Answers that are kept, a power of two; a newer one takes the place of an older one. */
const SLOTS = 1_024;
/** Longer evidence is rarely the same twice. */
const TEXT_CHARS_MAX = 2_000;
/** Characters of a text that its hash is made of, spread over it: what differs elsewhere takes turns in one place. */
const HASHED_CHARS = 24;

/** All that an answer depends on, where that are texts and numbers alone. */
type Fields = readonly (string | number | undefined)[];

interface Answer {
  readonly fields: Fields;
  readonly answer: Categorization;
}

/**
 * `categorizeError` that remembers its latest answers. It tries dozens of patterns, some µs; and when calls fail they fail by the
 * thousand with one and the same error. An answer is kept when it is asked for the second time: most errors with an id in their
 * text never come again, and whatever holds them until they are forgotten costs more than their answers.
 */
export function createCategorizeMemo(): Categorize {
  const answers: (Answer | undefined)[] = Array.from({ length: SLOTS });
  const seen = new Int32Array(SLOTS);
  return (evidence) => {
    const fields = fieldsOf(evidence);
    if (fields === null) return categorizeError(evidence);
    const hash = hashOf(fields);
    const slot = hash & (SLOTS - 1);
    const known = answers[slot];
    if (known !== undefined && isSame(known.fields, fields)) return known.answer;
    const answer = categorizeError(evidence);
    if (seen[slot] === hash) answers[slot] = { fields, answer };
    else seen[slot] = hash;
    return answer;
  };
}

/** null where the answer depends on more, or on texts that are too long. */
function fieldsOf({ provider, status, errorType, errorCode, message, body, headers, cause }: ErrorEvidence): Fields | null {
  if (headers !== undefined || body !== undefined) return null;
  if (cause === undefined) return checked([provider, status, errorType, errorCode, message]);
  if (typeof cause !== "object" || cause === null) return null;
  let parts = 0;
  for (const key in cause) {
    if (!CAUSE_KEYS.has(key)) return null;
    parts += 1;
  }
  // As spans hold it: every part in its place, there or not (span-error-evidence.ts, causeOf).
  if (parts !== CAUSE_KEYS.size) return null;
  const { name, code, status: causeStatus, message: causeMessage } = cause as Readonly<Record<string, unknown>>;
  return checked([provider, status, errorType, errorCode, message, name, code, causeStatus, causeMessage]);
}

const CAUSE_KEYS: ReadonlySet<string> = new Set(["name", "code", "status", "message"]);

function checked(values: readonly unknown[]): Fields | null {
  let chars = 0;
  for (const value of values) {
    if (typeof value === "string") chars += value.length;
    else if (typeof value !== "number" && value !== undefined) return null;
  }
  return chars > TEXT_CHARS_MAX ? null : (values as Fields);
}

function isSame(one: Fields, other: Fields): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (!Object.is(one[index], other[index])) return false;
  return true;
}

function hashOf(fields: Fields): number {
  let hash = fields.length;
  for (const value of fields) {
    if (typeof value === "string") hash = hashOfText(value, hash);
    else hash = Math.imul(hash ^ (value === undefined ? 1 : Math.trunc(value) | 0), 0x9e3779b1);
  }
  return hash ^ (hash >>> 15);
}

function hashOfText(text: string, before: number): number {
  const { length } = text;
  let hash = Math.imul(before ^ length, 0x85ebca6b);
  const step = Math.max(1, Math.floor(length / HASHED_CHARS));
  for (let index = 0; index < length; index += step) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash ^ (hash >>> 13);
}
