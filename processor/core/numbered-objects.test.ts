import fc from "fast-check";
import { expect, test } from "vitest";
import { NumberedObjects } from "./numbered-objects.ts";

test("an object keeps its number as long as it is named, and no two have the same", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(9), { maxLength: 12 }), { maxLength: 8 }), (rounds) => {
      const objects = Array.from({ length: 10 }, (_, index) => ({ index }));
      const numbered = new NumberedObjects<{ index: number }>();
      let kept = new Map<number, number>();
      for (const round of rounds) {
        const named = new Map(round.map((index) => [index, numbered.numberOf(objects[index]!)]));
        for (const [index, number] of named) {
          expect(numbered.at(number)).toBe(objects[index]);
          if (kept.has(index)) expect(number).toBe(kept.get(index));
        }
        const forgotten = numbered.keepOnly(new Set(named.values()));
        expect(forgotten.some(({ index }) => named.has(index))).toBe(false);
        for (const [index, number] of kept) if (!named.has(index)) expect(numbered.at(number)).toBeUndefined();
        kept = named;
      }
    }),
  );
});

test("there are never many more than are named, whoever invents them", () => {
  const numbered = new NumberedObjects<object>();
  const last: number[] = [];
  let largest = 0;
  for (let index = 0; index < 50_000; index += 1) {
    last.push(numbered.numberOf({}));
    largest = Math.max(largest, last.at(-1) ?? 0);
    if (numbered.isCrowded) numbered.keepOnly(new Set(last.slice(-100)));
  }
  expect(largest).toBeLessThan(5_000);
});
