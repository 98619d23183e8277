import type { ErrorEvidence } from "../categorization.ts";
import type { ErrorFacts } from "./error-layers.ts";
import { anyOf, sequence, words } from "./prose-pattern.ts";

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
    proseWaitMs(facts.allProse),
    numberMs(estimatedTime, 1000),
  ];
  return candidates.find((waitMs) => waitMs !== null && waitMs >= 0 && waitMs <= WAIT_MS_MAX) ?? null;
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

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const AMOUNT = String.raw`\d{1,9}(?:\.\d{1,9})?`;
// "in one minute"; "a few seconds" states no number.
const ONE_UNIT = /^(?:an?|one) (second|minute|hour)/;
const UNIT = words("milliseconds?", "ms", "seconds?", "secs?", "s", "minutes?", "mins?", "m", "hours?", "hrs?", "h", "days?", "d");
// "try again in 6m0s", "retry after 86400 seconds", "wait 20s", "resets in ~5h", "retry_after: 5s", "available again in 2 hours"
const SPOKEN_WAIT = anyOf(
  sequence(
    String.raw`\b`,
    words(
      "try(?: again)?",
      "retry(?:ing)?",
      "retry[ _-]?after",
      "retry[ _-]?delay",
      "wait",
      "resets?",
      "reset after",
      "available(?: again)?",
      "resume",
      "refresh(?:es)?",
      "back(?:ing)?[ -]?off",
      "cool[ -]?down(?: period)?",
      "come back",
      "allowed(?: again)?",
      "lifted",
      "replenish(?:es|ed)?",
      "renew(?:s|ed)?",
      "refill(?:s|ed)?",
      "restored?",
      "unlock(?:s|ed)?",
      "blocked",
      "wait time",
    ),
    "(?: (?:your request|it|again|at least|approximately|about|another))?(?: (?:in|after|for|within|of|is))?(?: (?:about|approximately|another))?",
    String.raw`["']?:? ?["'~]?((?:${AMOUNT}['"]? ?${UNIT}(?![a-z])(?:,? (?:and )?)?|${AMOUNT}(?:ms|s|m|h|d)){1,5}|(?:an?|one) (?:second|minute|hour)(?![a-z]))`,
  ),
);
const SPOKEN_PARTS = new RegExp(`(${AMOUNT})['"]? ?(${UNIT})`, "g");
// The header, or a field of its name, quoted in prose: seconds without a unit (RFC 9110 10.2.3).
const QUOTED_HEADER = /\bretry[ _-]after["']?\s?[:=]\s?["']?(\d{1,9})(?![\w.])/;
const QUOTED_MS = /\bretry[ _-]?after[ _-]?ms["']?\s?[:=]\s?["']?(\d{1,9})(?![\w.])/;
// .NET's TimeSpan: "Retry after 00:01:30"
const CLOCK_FACE = /\b(?:after|in|wait) (\d\d):(\d\d):(\d\d)\b/;
// "请在30秒后重试", "请等待 5 秒", "20秒後に", "in 20 Sekunden", "dans 2 minutes", "en 20 segundos", "через 20 секунд"
const FOREIGN_WAITS: readonly RegExp[] = [
  /(\d{1,9}) ?(秒|分|小时|時間)(?:钟|鐘)?(?:之)?[后後]/,
  /(?:等待|稍等) ?(\d{1,9}) ?(秒|分|小时)/,
  /\b(?:in|dans|en|em|d'ici) (\d{1,9}) (sekunden?|minuten?|stunden?|secondes?|minutes?|heures?|segundos?|minutos?|horas?)\b/,
  /через (\d{1,9}) (секунд|минут|час)/,
];
const FOREIGN_UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:秒|se|секунд)/, 1000],
  [/^(?:分|min|минут)/, 60_000],
  [/^(?:小时|時間|stunde|heure|hora|час)/, 3_600_000],
];

function proseWaitMs(prose: string): number | null {
  if (!/\d|minute|hour/.test(prose)) return null;
  const spoken = SPOKEN_WAIT.exec(prose)?.[1];
  if (spoken !== undefined) return spokenMs(spoken);
  const seconds = QUOTED_HEADER.exec(prose)?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const milliseconds = QUOTED_MS.exec(prose)?.[1];
  if (milliseconds !== undefined) return Number(milliseconds);
  const face = CLOCK_FACE.exec(prose);
  if (face !== null) return ((Number(face[1]) * 60 + Number(face[2])) * 60 + Number(face[3])) * 1000;
  return foreignWaitMs(prose);
}

function foreignWaitMs(prose: string): number | null {
  for (const pattern of FOREIGN_WAITS) {
    const [, amount, unit] = pattern.exec(prose) ?? [];
    if (amount !== undefined && unit !== undefined)
      return Number(amount) * (FOREIGN_UNITS.find(([spelling]) => spelling.test(unit))?.[1] ?? 0);
  }
  return null;
}

/** "6m0s", "1.56s", "2 hours and 5 minutes" in ms. */
function spokenMs(spoken: string): number | null {
  const one = ONE_UNIT.exec(spoken)?.[1];
  if (one !== undefined) return unitMs(one);
  let totalMs = 0;
  let parts = 0;
  for (const [, amount, unit] of spoken.matchAll(SPOKEN_PARTS)) {
    totalMs += Number(amount) * unitMs(unit ?? "");
    parts += 1;
  }
  return parts === 0 ? null : Math.round(totalMs);
}

function unitMs(unit: string): number {
  if (unit === "ms" || unit.startsWith("milli")) return 1;
  return UNIT_MS[unit.charAt(0)] ?? 0;
}
