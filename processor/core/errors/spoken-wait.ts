import { anyOf, sequence, words } from "./prose-pattern.ts";

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
/** Any of these: prose that does not match it states no wait in these words. */
export const ANY_SPOKEN_WAIT = anyOf(SPOKEN_WAIT.source, QUOTED_HEADER.source, QUOTED_MS.source);
// .NET's TimeSpan: "Retry after 00:01:30"
const CLOCK_FACE = /\b(?:after|in|wait) (\d\d):(\d\d):(\d\d)\b/;
/** What stands before its second number, spelled so that each alternative has a needle (needles.ts). */
export const ANY_CLOCK_FACE = /after \d\d:|in \d\d:|wait \d\d:/;
// "请在30秒后重试", "请等待 5 秒", "20秒後に", "in 20 Sekunden", "dans 2 minutes", "en 20 segundos", "через 20 секунд"
const FOREIGN_WAITS: readonly RegExp[] = [
  /(\d{1,9}) ?(秒|分|小时|時間)(?:钟|鐘)?(?:之)?[后後]/,
  /(?:等待|稍等) ?(\d{1,9}) ?(秒|分|小时)/,
  /\b(?:in|dans|en|em|d'ici) (\d{1,9}) (sekunden?|minuten?|stunden?|secondes?|minutes?|heures?|segundos?|minutos?|horas?)\b/,
  /через (\d{1,9}) (секунд|минут|час)/,
];
export const ANY_FOREIGN_WAIT = anyOf(...FOREIGN_WAITS.map(({ source }) => source));
const FOREIGN_UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:秒|se|секунд)/, 1000],
  [/^(?:分|min|минут)/, 60_000],
  [/^(?:小时|時間|stunde|heure|hora|час)/, 3_600_000],
];

/** What prose may state, as far as that is known without a look at it. */
export interface MayState {
  readonly spoken: boolean;
  readonly clockFace: boolean;
  readonly foreign: boolean;
}

export function proseWaitMs(prose: string, mayState: MayState): number | null {
  if (!/\d|minute|hour/.test(prose)) return null;
  const spoken = mayState.spoken ? spokenWaitMs(prose) : undefined;
  if (spoken !== undefined) return spoken;
  return (mayState.clockFace ? clockFaceMs(prose) : null) ?? (mayState.foreign ? foreignWaitMs(prose) : null);
}

/** undefined where none is stated in such words. */
function spokenWaitMs(prose: string): number | null | undefined {
  const spoken = SPOKEN_WAIT.exec(prose)?.[1];
  if (spoken !== undefined) return spokenMs(spoken);
  const seconds = QUOTED_HEADER.exec(prose)?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const milliseconds = QUOTED_MS.exec(prose)?.[1];
  return milliseconds === undefined ? undefined : Number(milliseconds);
}

function clockFaceMs(prose: string): number | null {
  const face = CLOCK_FACE.exec(prose);
  return face === null ? null : ((Number(face[1]) * 60 + Number(face[2])) * 60 + Number(face[3])) * 1000;
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
export function spokenMs(spoken: string): number | null {
  const one = ONE_UNIT.exec(spoken)?.[1];
  if (one !== undefined) return unitMs(one);
  let totalMs = 0;
  let parts = 0;
  SPOKEN_PARTS.lastIndex = 0;
  for (let part = SPOKEN_PARTS.exec(spoken); part !== null; part = SPOKEN_PARTS.exec(spoken)) {
    totalMs += Number(part[1]) * unitMs(part[2] ?? "");
    parts += 1;
  }
  return parts === 0 ? null : Math.round(totalMs);
}

function unitMs(unit: string): number {
  if (unit === "ms" || unit.startsWith("milli")) return 1;
  return UNIT_MS[unit.charAt(0)] ?? 0;
}
