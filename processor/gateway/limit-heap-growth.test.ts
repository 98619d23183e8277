import { describe, expect, it } from "vitest";
import { GROWTH_PERCENT_MAX, GROWTH_PERCENT_MIN, nextGrowthPercent } from "./limit-heap-growth.ts";

const MB = 1024 * 1024;

describe("growth of the heap", () => {
  it("is as ever where little is in use", () => {
    expect(nextGrowthPercent(15 * MB, GROWTH_PERCENT_MAX)).toBe(GROWTH_PERCENT_MAX);
  });

  it("leaves the least where more is in use than is wanted", () => {
    expect(nextGrowthPercent(500 * MB, GROWTH_PERCENT_MAX)).toBe(GROWTH_PERCENT_MIN);
  });

  it("ends below what is wanted while a memory fills, and when it is full", () => {
    for (const full of [30, 60, 90, 110]) {
      let percent = GROWTH_PERCENT_MAX;
      let used = 10;
      let limit = 30;
      for (let cycle = 0; cycle < 20; cycle++) {
        // Of what came, half stays until the memory is full.
        used = Math.min(full, (used + limit) / 2);
        limit = used * (1 + percent / 100);
        percent = nextGrowthPercent(used * MB, percent);
        expect(limit).toBeLessThan(200);
      }
      expect(limit).toBeLessThan(170);
      expect(limit).toBeGreaterThan(full * 1.4);
    }
  });
});
