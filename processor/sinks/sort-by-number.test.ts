import fc from "fast-check";
import { expect, test } from "vitest";
import { sortByNumber } from "./sort-by-number.ts";

const anyKey = fc.oneof(
  fc.nat({ max: 3 }),
  fc.nat(),
  fc.maxSafeInteger().map(Math.abs),
  fc.integer({ min: 1_795_500_000_000_000, max: 1_795_500_010_000_000 }),
  fc.constantFrom(0, 2 ** 11, 2 ** 22, 2 ** 32 - 1, 2 ** 32, 2 ** 43, 2 ** 53 - 1, 7_258_118_400_000_000),
);

test("items are in the order of their keys, and those of one key stay as they were", () => {
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 300 }), fc.boolean(), (keys, reversed) => {
      const items = Uint32Array.from(keys.keys(), (index) => (reversed ? 10_000 - index : index));
      const sorted = [...keys.keys()].toSorted((a, b) => keys[a]! - keys[b]! || a - b).map((index) => items[index]);
      expect([...sortByNumber(items, Float64Array.from(keys))]).toEqual(sorted);
    }),
    { seed: 7, numRuns: 500 },
  );
});
