import { createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";
import fc from "fast-check";
import { expect, it } from "vitest";
import { LayeredContext } from "./layered-context.ts";

const KEYS = ["a", "b", "c", "d"].map((name) => createContextKey(name));

type Step = readonly [key: number, value: number | undefined];

/** The API's own context is the reference: what is set and deleted, in whatever order, reads the same. */
it("reads as the API's own context does", () => {
  const steps = fc.array(fc.tuple(fc.nat(KEYS.length - 1), fc.option(fc.nat(), { nil: undefined })), { maxLength: 30 });
  const apply = (start: Context, all: readonly Step[]): Context =>
    all.reduce((at, [key, value]) => {
      const name = KEYS[key] ?? Symbol("none");
      return value === undefined ? at.deleteValue(name) : at.setValue(name, value);
    }, start);
  const values = (context: Context): unknown[] => KEYS.map((key) => context.getValue(key));
  fc.assert(
    fc.property(steps, steps, fc.nat(KEYS.length - 1), fc.nat(), (before, after, layer, value) => {
      const below = apply(ROOT_CONTEXT, before);
      const key = KEYS[layer] ?? Symbol("none");
      const layered = apply(new LayeredContext(new LayeredContext(below, key, value), key, value + 1), after);
      expect(values(layered)).toEqual(values(apply(below.setValue(key, value + 1), after)));
    }),
  );
});

it("grows no deeper, however often a value is set on top of it", () => {
  const [first = Symbol("a"), second = Symbol("b")] = KEYS;
  let context: Context = new LayeredContext(ROOT_CONTEXT, first, 0);
  for (let n = 0; n < 100_000; n++) context = context.setValue(n % 2 === 0 ? first : second, n);
  expect([context.getValue(first), context.getValue(second)]).toEqual([99_998, 99_999]);
});
