import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PRICE_DATA, PRICE_DATA_DATE } from "./price-data.ts";
import { rateFor, ratesAt, ratesHold, unpackModel, type ModelPrices } from "./price-rows.ts";

const at = (time: string): number => Date.parse(time);
const unpack = (packed: unknown): ModelPrices => unpackModel(JSON.stringify(packed), "test", "2026-11-24");

describe("dates", () => {
  const model = unpack([
    ["m"],
    [
      ["", { i: 5 }],
      ["2026-08-21", { i: 4 }],
    ],
  ]);

  test.each([
    ["2020-01-01T00:00:00Z", 5],
    ["2026-08-20T23:59:59.999Z", 5],
    ["2026-08-21T00:00:00Z", 4],
    ["2027-01-01T00:00:00Z", 4],
  ])("at %s input costs %d", (time, input) => {
    expect(ratesAt(model, at(time), "standard")?.input).toBe(input);
  });

  test("before its first price a model has none", () => {
    const later = unpack([["m"], [["2026-08-21", { i: 4 }]]]);
    expect(ratesAt(later, at("2026-08-20T00:00:00Z"), "standard")).toBeNull();
  });
});

describe("hours", () => {
  const model = unpack([
    ["m"],
    [
      ["", { i: 1 }],
      ["2026-08-17", { i: 2 }],
      ["2026-08-17", { i: 4 }, [60, 240, "2026-08-23"]],
    ],
  ]);

  test.each([
    ["2026-11-18T00:59:59.999Z", 2, "before the window"],
    ["2026-11-18T01:00:00Z", 4, "its first moment"],
    ["2026-11-18T03:59:59.999Z", 4, "its last"],
    ["2026-11-18T04:00:00Z", 2, "its end is outside"],
    ["2026-06-18T02:00:00Z", 1, "before there were windows"],
    ["2026-08-22T02:00:00Z", 4, "a Saturday when weekends were like other days"],
    ["2026-08-23T02:00:00Z", 2, "the first exempt Sunday"],
    ["2026-11-21T02:00:00Z", 2, "a Saturday"],
    ["2026-11-23T02:00:00Z", 4, "a Monday"],
  ])("at %s input costs %d: %s", (time, input) => {
    expect(ratesAt(model, at(time), "standard")?.input).toBe(input);
  });

  test("a window may pass midnight", () => {
    const night = unpack([
      ["m"],
      [
        ["", { i: 2 }],
        ["", { i: 1 }, [990, 30, ""]],
      ],
    ]);
    expect(ratesAt(night, at("2026-11-18T23:00:00Z"), "standard")?.input).toBe(1);
    expect(ratesAt(night, at("2026-11-18T00:29:00Z"), "standard")?.input).toBe(1);
    expect(ratesAt(night, at("2026-11-18T12:00:00Z"), "standard")?.input).toBe(2);
  });
});

describe("prices hold for a time", () => {
  const models = Object.values(PRICE_DATA)
    .flatMap((lines) => lines.trim().split("\n"))
    .map((line) => unpackModel(line, "test", PRICE_DATA_DATE))
    .filter(({ rows, tiers }) => rows.length > 1 || tiers.length > 0);
  const times = fc.date({ min: new Date("2023-01-01"), max: new Date("2027-12-31"), noInvalidDate: true }).map(Number);

  test("in which every tier costs the same", () => {
    fc.assert(
      fc.property(fc.constantFrom(...models), times, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (model, ms, part) => {
        const { fromMs, untilMs } = ratesHold(model, ms);
        expect(fromMs <= ms && ms < untilMs).toBe(true);
        const [first, end] = [Math.max(fromMs, ms - 1e11), Math.min(untilMs, ms + 1e11)];
        for (const tier of ["standard", ...model.tiers.map(({ tier: name }) => name)]) {
          const rates = ratesAt(model, ms, tier);
          for (const other of [first, end - 1, Math.floor(first + part * (end - 1 - first))])
            expect(ratesAt(model, other, tier)).toEqual(rates);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("that ends when one of them changes", () => {
    const model = unpack([
      ["m"],
      [
        ["", { i: 1 }],
        ["2026-08-17", { i: 2 }],
      ],
      [["batch", "2026-10-14", { i: 3 }]],
    ]);
    expect(ratesHold(model, at("2026-09-01T10:00:00Z"))).toEqual({
      fromMs: at("2026-08-17T00:00:00Z"),
      untilMs: at("2026-10-14T00:00:00Z"),
    });
    expect(ratesHold(model, at("2026-08-16T23:59:59.999Z"))).toEqual({ fromMs: -Infinity, untilMs: at("2026-08-17T00:00:00Z") });
  });
});

describe("tiers", () => {
  const model = unpack([
    ["m"],
    { i: [2, 1001, 4], o: 10, r: 0.5 },
    [
      ["batch", "2026-10-14", { i: [1, 1001, 2], o: 5 }],
      ["flex", "2027-01-01", { i: 9 }],
      ["flex", "2026-10-12", { i: 1, o: 5 }],
    ],
  ]);
  const now = at("2026-11-18T00:00:00Z");

  test("a tier keeps the standard price of what it does not name", () => {
    expect(ratesAt(model, now, "batch")).toEqual({ input: [1, 1001, 2], output: 5, cacheRead: 0.5 });
  });

  test("the first row in force wins for each kind of token", () => {
    expect(ratesAt(model, now, "flex")).toEqual({ input: 1, output: 5, cacheRead: 0.5 });
    expect(ratesAt(model, at("2027-01-01T00:00:00Z"), "flex")).toEqual({ input: 9, output: 5, cacheRead: 0.5 });
  });

  test("a tier without a row has no price, nor has one that had not begun", () => {
    expect(ratesAt(model, now, "scale")).toBeNull();
    expect(ratesAt(model, at("2026-10-13T23:59:59Z"), "batch")).toBeNull();
  });
});

describe("long contexts", () => {
  test.each([
    [0, 1],
    [200_000, 1],
    [200_001, 2],
    [500_000, 2],
    [500_001, 3],
  ])("%d input tokens cost %d", (tokens, price) => {
    expect(rateFor([1, 200_001, 2, 500_001, 3], tokens)).toBe(price);
  });
});

describe("the vendored table", () => {
  const models = Object.entries(PRICE_DATA).flatMap(([provider, text]) =>
    text
      .trim()
      .split("\n")
      .map((line) => ({ provider, model: unpackModel(line, "test", PRICE_DATA_DATE) })),
  );

  test("every line is a model with names, and every rate a number >= 0", () => {
    expect(models.length).toBeGreaterThan(1_500);
    for (const { provider, model } of models) {
      const cards = [...model.rows, ...model.tiers].map(({ rates }) => rates);
      const rates = cards.flatMap((card) => Object.values(card).flat() as number[]);
      expect(
        rates.every((rate) => Number.isFinite(rate) && rate >= 0),
        `${provider} ${model.name}`,
      ).toBe(true);
      expect(
        model.names.every((name) => name === name.toLowerCase() && name !== "" && name !== "*"),
        `${provider} ${model.name}`,
      ).toBe(true);
      expect(model.rows.every(({ sinceMs }) => !Number.isNaN(sinceMs))).toBe(true);
    }
  });

  test("steps of long contexts rise", () => {
    for (const { model } of models) {
      for (const { rates } of model.rows) {
        for (const rate of Object.values(rates)) {
          if (typeof rate === "number") continue;
          const starts = (rate as readonly number[]).filter((_, index) => index % 2 === 1);
          expect(starts, model.name).toEqual(starts.toSorted((a, b) => a - b));
        }
      }
    }
  });

  test("its date is a day", () => {
    expect(PRICE_DATA_DATE).toMatch(/^20\d\d-\d\d-\d\d$/);
  });
});
