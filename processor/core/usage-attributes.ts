import type { Attributes, AttributeValue } from "./span.ts";
import { COUNT_SLOTS, USAGE_KEYS, type CountSlot, type UsageSlot } from "./usage-keys.ts";
import { countOf } from "./usage-count.ts";

/** Of each thing that pricing asks, the best attribute that a span has. */
export interface UsageAttributes {
  get(slot: UsageSlot): AttributeValue | undefined;
  /** A text that is not empty. */
  text(slot: UsageSlot): string | undefined;
  /** undefined when absent, NaN when it is no count. */
  count(slot: CountSlot): number | undefined;
  /** Any count at all stands on the span. */
  readonly counted: boolean;
  /** Some count is none, even one that a better key hides. */
  readonly invalid: boolean;
}

const SLOTS = Object.keys(USAGE_KEYS) as UsageSlot[];
const SLOT_NUMBERS = Object.fromEntries(SLOTS.map((slot, number) => [slot, number])) as Readonly<Record<UsageSlot, number>>;
/** Slots are numbered in the order of USAGE_KEYS, which begins with the counts. */
const COUNTS = COUNT_SLOTS.length;

/** Slot and rank of each key in one number: slot * RANKS + rank. */
const RANKS = 64;
const PLACES: ReadonlyMap<string, number> = new Map(
  SLOTS.flatMap((slot, number) => USAGE_KEYS[slot].map((key, rank): [string, number] => [key, number * RANKS + rank])),
);

/** One pass over the span's attributes, which are fewer than the keys that could hold an answer. */
export function usageAttributes(attributes: Attributes): UsageAttributes {
  const values = new Array<AttributeValue | undefined>(SLOTS.length).fill(undefined);
  const ranks = new Uint8Array(SLOTS.length).fill(RANKS);
  let counted = false;
  let invalid = false;
  for (const key in attributes) {
    const place = PLACES.get(key);
    if (place === undefined) continue;
    const value = attributes[key];
    if (value === undefined || value === null) continue;
    const slot = (place / RANKS) | 0;
    const rank = place % RANKS;
    if (slot < COUNTS) {
      counted = true;
      if (Number.isNaN(countOf(value))) invalid = true;
    }
    if (rank < (ranks[slot] ?? 0)) {
      ranks[slot] = rank;
      values[slot] = value;
    }
  }
  const get = (slot: UsageSlot): AttributeValue | undefined => values[SLOT_NUMBERS[slot]];
  return {
    get,
    text(slot) {
      const value = get(slot);
      return typeof value === "string" && value !== "" ? value : undefined;
    },
    count(slot) {
      const value = get(slot);
      return value === undefined ? undefined : countOf(value);
    },
    counted,
    invalid,
  };
}
