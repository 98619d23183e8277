import { expect, test } from "vitest";
import { openKernel } from "../kernel/kernel-exports.ts";
import { openRowModule } from "../kernel/row-exports.ts";
import { RowPlanMemory } from "./row-plan-memory.ts";

const kernel = openKernel();
if (kernel === null) throw new Error("this machine has WebAssembly with SIMD");
const rows = openRowModule(kernel);

test("fields stand where it says, behind their number", () => {
  const plans = new RowPlanMemory(rows);
  const [first, second] = [plans.addFields(Buffer.from("abc")), plans.addFields(Buffer.from("d"))];
  const memory = Buffer.from(rows.memory.buffer);
  expect(memory.subarray(first, first + 7)).toEqual(Buffer.from("\u0003\0\0\0abc"));
  expect(memory.subarray(second, second + 5)).toEqual(Buffer.from("\u0001\0\0\0d"));
});

test("when something finds no room, all is forgotten with the next request", () => {
  const plans = new RowPlanMemory(rows);
  const large = Buffer.alloc(100_000, 7);
  const [start, end] = [rows.PLANS.value, rows.PLANS.value + rows.PLANS_BYTES_MAX.value];
  const first = plans.addFields(large);
  let last = first;
  for (let at = first; at !== 0; at = plans.addFields(large)) last = at;
  expect(first).toBeGreaterThanOrEqual(start);
  expect(last + large.length).toBeLessThanOrEqual(end);
  expect(plans.age).toBe(0);
  expect(plans.addFields(large)).toBe(0);
  plans.begin();
  expect(plans.age).toBe(1);
  expect(plans.addFields(large)).toBe(first);
  plans.begin();
  expect(plans.age).toBe(1);
});
