/** Micrometer (Spring AI) exports every number as text. */
const DIGITS = /^\d{1,15}(?:\.\d+)?$/;

/**
 * A count of tokens from whatever stands in its place: absent or null is 0, a finite number >= 0 or its digits are the number. Anything
 * else (NaN, infinite, negative, other text) is NaN, which no sum loses: whoever adds it up finds the record unfit.
 */
export function countOf(value: unknown): number {
  if (typeof value === "number") return isCount(value) ? value : Number.NaN;
  if (value === undefined || value === null) return 0;
  return typeof value === "string" && DIGITS.test(value) ? Number(value) : Number.NaN;
}

export function isCount(value: number): boolean {
  return value >= 0 && value < Number.POSITIVE_INFINITY;
}
