const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };
const RANGE_MS_MIN = 60_000;
const RANGE_MS_MAX = 400 * 86_400_000;
const DEFAULT_RANGE = "7d";

/** "90m", "24h", "7d" or "4w" in ms; null for anything else, for less than a minute and for more than 400 days. */
export function parseTimeRange(text: string | null): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,6})([mhdw])$/.exec(text ?? DEFAULT_RANGE) ?? [];
  const rangeMs = Number.parseInt(digits, 10) * (UNIT_MS[unit] ?? Number.NaN);
  return rangeMs >= RANGE_MS_MIN && rangeMs <= RANGE_MS_MAX ? rangeMs : null;
}
