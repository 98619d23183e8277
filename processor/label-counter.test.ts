import fc from "fast-check";
import { Counter, Registry } from "prom-client";
import { expect, test } from "vitest";
import { LabelCounter } from "./label-counter.ts";

const OPTIONS = { name: "spans_total", help: "spans" };

const step = fc.oneof(
  fc.record({ value: fc.constantFrom("http", "grpc", "a,b:c"), count: fc.nat({ max: 1000 }) }),
  fc.constant("read" as const),
);

test("whenever it is read, it says what prom-client's own counter says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const [ours, reference] = [new Registry(), new Registry()];
      const counter = new LabelCounter({ ...OPTIONS, label: "transport", registry: ours });
      const theirs = new Counter({ ...OPTIONS, labelNames: ["transport"], registers: [reference] });
      for (const one of [...steps, "read" as const]) {
        if (one !== "read") {
          counter.add(one.value, one.count);
          theirs.inc({ transport: one.value }, one.count);
        } else {
          expect(await ours.metrics()).toBe(await reference.metrics());
          expect((await counter.get()).values).toEqual((await theirs.get()).values);
        }
      }
    }),
  );
});
