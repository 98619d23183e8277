import type { Attributes, AttributeValue, Span } from "./span.ts";
import { countOf, isCount } from "./usage-count.ts";
import { COUNT_SLOTS, DOCUMENT_SLOTS, USAGE_KEYS, type UsageSlot } from "./usage-keys.ts";

/** Of each thing that pricing asks, the best attribute that a span has. */
export interface UsageAttributes {
  /** By the number of the slot. */
  readonly values: readonly (AttributeValue | undefined)[];
  /** Any count at all stands on the span. */
  readonly counted: boolean;
  /** Some count is none, even one that a better key hides. */
  invalid: boolean;
  /** Some usage stands in JSON or in a Python repr. */
  readonly documented: boolean;
}

const SLOTS = Object.keys(USAGE_KEYS) as UsageSlot[];
const KEYS: readonly (readonly string[])[] = SLOTS.map((slot) => USAGE_KEYS[slot]);
/** The number of each slot. Names would be looked up anew for every answer, which costs more than reading the span. */
export const SLOT = Object.fromEntries(SLOTS.map((slot, number) => [slot, number])) as Readonly<Record<UsageSlot, number>>;
/** USAGE_KEYS begins with the counts, and the documents follow. */
const COUNTS_END = COUNT_SLOTS.length;
const DOCUMENTS_END = COUNTS_END + DOCUMENT_SLOTS.length;

/** Slot and rank of each key in one number, slot * RANKS + rank: a lookup per attribute is all that a span costs. */
const RANKS = 64;
const RANK_BITS = 6;
const PLACES: ReadonlyMap<string, number> = new Map(
  SLOTS.flatMap((slot, number) => USAGE_KEYS[slot].map((key, rank): [string, number] => [key, number * RANKS + rank])),
);

/** To be copied, which is cheaper than to be filled. */
const NO_VALUES: readonly (AttributeValue | undefined)[] = SLOTS.map(() => undefined);
const NO_RANKS: readonly number[] = SLOTS.map(() => RANKS);

/** One pass over the span's attributes, which are fewer than the keys that could hold an answer. */
export function usageAttributes(attributes: Attributes): UsageAttributes {
  const values = NO_VALUES.slice();
  let counted = false;
  let invalid = false;
  let documented = false;
  for (const key in attributes) {
    const place = PLACES.get(key);
    if (place === undefined) continue;
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    const slot = place >>> RANK_BITS;
    if (slot < COUNTS_END) {
      counted = true;
      if (Number.isNaN(countOf(value))) invalid = true;
    } else if (slot < DOCUMENTS_END) documented = true;
    values[slot] = values[slot] === undefined ? value : bestOf(slot, attributes);
  }
  return { values, counted, invalid, documented };
}

/** Where a span says it twice. Seldom, and then it is cheaper to look again than to note how good each answer was. */
function bestOf(slot: number, attributes: Attributes): AttributeValue | undefined {
  for (const key of KEYS[slot] ?? []) {
    const value = attributes[key];
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

/** Of a span that has a shape: where its numbers go. */
export interface UsageNumbers {
  /** Pairs of a slot and the place of its number among the span's. */
  readonly slots: readonly number[];
  /** Places of all counts, also of those that a better key hides. */
  readonly counts: readonly number[];
}

/** null where usage stands in texts as well: those are read anew in every span. */
export function usageNumbers(attributes: Attributes, numberKeys: readonly string[]): UsageNumbers | null {
  const { values, documented } = usageAttributes(attributes);
  if (documented || values.slice(0, COUNTS_END).some((count) => count !== undefined && typeof count !== "number")) return null;
  const slots: number[] = [];
  const counts: number[] = [];
  const ranks = NO_RANKS.slice();
  for (const [number, key] of numberKeys.entries()) {
    const place = PLACES.get(key);
    if (place === undefined) continue;
    const slot = place >>> RANK_BITS;
    if (slot < COUNTS_END) counts.push(number);
    // Where a text of a better key stands in the slot, the number does not.
    if (typeof values[slot] !== "number" || (place & (RANKS - 1)) >= (ranks[slot] ?? 0)) continue;
    ranks[slot] = place & (RANKS - 1);
    slots.push(slot, number);
  }
  return { slots, counts };
}

/** `usageAttributes` of a span whose shape is known: `pattern` is that of another, and is overwritten. */
export function fillUsage(pattern: UsageAttributes, { slots, counts }: UsageNumbers, span: Span): UsageAttributes {
  const values = pattern.values as (AttributeValue | undefined)[];
  let invalid = false;
  for (let index = 0; index < counts.length; index += 1) if (!isCount(numberOf(span, counts[index]))) invalid = true;
  for (let index = 0; index < slots.length; index += 2) values[slots[index] ?? 0] = numberOf(span, slots[index + 1]);
  pattern.invalid = invalid;
  return pattern;
}

/** The same of a span whose numbers stand in a list, from one place on. */
export function fillUsageFrom(
  pattern: UsageAttributes,
  { slots, counts }: UsageNumbers,
  list: Float64Array,
  from: number,
): UsageAttributes {
  const values = pattern.values as (AttributeValue | undefined)[];
  let invalid = false;
  for (let index = 0; index < counts.length; index += 1) if (!isCount(list[from + (counts[index] ?? 0)] ?? Number.NaN)) invalid = true;
  for (let index = 0; index < slots.length; index += 2) values[slots[index] ?? 0] = list[from + (slots[index + 1] ?? 0)] ?? Number.NaN;
  pattern.invalid = invalid;
  return pattern;
}

function numberOf(span: Span, place: number | undefined): number {
  return span.numberAt?.(place ?? 0) ?? Number.NaN;
}

/** @param slot one of SLOT */
export function valueIn(attributes: UsageAttributes, slot: number): AttributeValue | undefined {
  return attributes.values[slot];
}

/** A text that is not empty. */
export function textIn(attributes: UsageAttributes, slot: number): string | undefined {
  const value = valueIn(attributes, slot);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The count on the span, else the one given; NaN when it is no count. */
export function countIn<Other extends number | null | undefined>(attributes: UsageAttributes, slot: number, other: Other): number | Other {
  const value = valueIn(attributes, slot);
  return value === undefined ? other : countOf(value);
}
