import type { ErrorEvidence } from "../categorization.ts";
import type { ErrorFacts } from "./error-layers.ts";
import { isMarked } from "./pattern-index.ts";
import { PROSE_BIT } from "./prose-index.ts";
import { proseWaitMs, spokenMs } from "./spoken-wait.ts";

/** Waits beyond this are nonsense (a date far away, an id taken for seconds) and count as not stated. */
const WAIT_MS_MAX = 366 * 24 * 3600 * 1000;

/** The wait that the provider stated, in ms: headers before structured body fields before prose. null where it stated none. */
export function statedWaitMs(headers: ErrorEvidence["headers"], facts: ErrorFacts): number | null {
  const { retryAfterMs, retryAfter, retryDelay, estimatedTime } = facts.waits;
  const candidates = [
    headerWaitMs(headers),
    numberMs(retryAfterMs, 1),
    durationMs(retryDelay),
    numberMs(retryAfter, 1000),
    wordedWaitMs(facts),
    numberMs(estimatedTime, 1000),
  ];
  return candidates.find((waitMs) => waitMs !== null && waitMs >= 0 && waitMs <= WAIT_MS_MAX) ?? null;
}

function wordedWaitMs({ marks, allProse }: ErrorFacts): number | null {
  const spoken = isMarked(marks, PROSE_BIT.spokenWait);
  const clockFace = isMarked(marks, PROSE_BIT.clockFace);
  const foreign = isMarked(marks, PROSE_BIT.foreignWait);
  return spoken || clockFace || foreign ? proseWaitMs(allProse(), { spoken, clockFace, foreign }) : null;
}

function headerWaitMs(headers: ErrorEvidence["headers"]): number | null {
  if (typeof headers !== "object" || headers === null) return null;
  const waitMs = numberMs(headerValue(headers, "retry-after-ms"), 1) ?? numberMs(headerValue(headers, "x-ms-retry-after-ms"), 1);
  if (waitMs !== null) return waitMs;
  const retryAfter = headerValue(headers, "retry-after");
  return numberMs(retryAfter, 1000) ?? untilDateMs(retryAfter, headerValue(headers, "date"));
}

/** Header names come in any case, values as text, number, or the lists that span attributes hold. */
function headerValue(headers: Readonly<Record<string, unknown>>, name: string): unknown {
  const direct = headers[name];
  const value = direct ?? headers[Object.keys(headers).find((key) => key.toLowerCase() === name) ?? name];
  return Array.isArray(value) ? value[0] : value;
}

/** RFC 9110 10.2.3 allows a date. The core has no clock; the answer's own `date` header is the better one anyway. */
function untilDateMs(retryAfter: unknown, date: unknown): number | null {
  if (typeof retryAfter !== "string" || typeof date !== "string" || !/[a-z]{3}/i.test(retryAfter)) return null;
  const waitMs = Date.parse(retryAfter) - Date.parse(date);
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null;
}

function numberMs(value: unknown, unitMs: number): number | null {
  const number = typeof value === "string" && /^\s*\d{1,12}(?:\.\d{1,9})?\s*$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? Math.round(number * unitMs) : null;
}

/** google.protobuf.Duration: "34.07s" in JSON, {seconds, nanos} in some clients. */
function durationMs(value: unknown): number | null {
  if (typeof value === "string") return spokenMs(value.toLowerCase());
  if (typeof value !== "object" || value === null) return null;
  const { seconds, nanos } = value as { seconds?: unknown; nanos?: unknown };
  const whole = numberMs(seconds ?? 0, 1000);
  return whole === null ? null : whole + Math.round(typeof nanos === "number" ? nanos / 1e6 : 0);
}
