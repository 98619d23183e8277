import { describe, expect, test } from "vitest";
import { createConnectionAffinity } from "./connection-affinity.ts";

const alive = (): boolean => true;

describe("connections", () => {
  test("of one address go to one worker, of different addresses to all in turn", () => {
    const affinity = createConnectionAffinity(4, () => 0);
    const workers = ["a", "b", "c", "d"].map((address) => affinity.choose(address, alive));
    expect([...workers].sort((x, y) => x - y)).toEqual([0, 1, 2, 3]);
    expect(["a", "b", "c", "d"].map((address) => affinity.choose(address, alive))).toEqual(workers);
  });

  test("of an address that opens many at once are spread evenly from the fifth on", () => {
    const affinity = createConnectionAffinity(4, () => 0);
    const counts = [0, 0, 0, 0];
    for (let connection = 0; connection < 404; connection += 1) counts[affinity.choose("proxy", alive)]! += 1;
    expect([...counts].sort((x, y) => x - y)).toEqual([100, 100, 100, 104]);
  });

  test("of an address that comes back now and then stay with its worker", () => {
    let nowMs = 0;
    const affinity = createConnectionAffinity(4, () => nowMs);
    const workers = Array.from({ length: 50 }, () => {
      nowMs += 5000;
      return affinity.choose("app", alive);
    });
    expect(new Set(workers).size).toBe(1);
  });

  test("go to another worker while theirs is gone", () => {
    const affinity = createConnectionAffinity(2, () => 0);
    const first = affinity.choose("app", alive);
    const second = affinity.choose("app", (worker) => worker !== first);
    expect(second).not.toBe(first);
    expect(affinity.choose("app", alive)).toBe(second);
  });
});
