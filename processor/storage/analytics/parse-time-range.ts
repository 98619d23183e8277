const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** Ten years: nothing is kept longer. */
const RANGE_MS_MAX = 3_653 * 86_400_000;

/** "7d", "24h", "30m", "4w" in milliseconds; null where it is none of these, or too long. */
export function parseTimeRange(text: string): number | null {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(text.trim()) ?? [];
  const rangeMs = Number(count) * (UNIT_MS[unit ?? ""] ?? Number.NaN);
  return rangeMs > 0 && rangeMs <= RANGE_MS_MAX ? rangeMs : null;
}
