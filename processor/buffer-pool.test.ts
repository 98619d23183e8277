import { expect, test } from "vitest";
import { BufferPool } from "./buffer-pool.ts";

test("gives a buffer out again once it was given back, and never to two at a time", () => {
  const pool = new BufferPool(1024 * 1024);
  const first = pool.take(100_000);
  const second = pool.take(100_000);
  expect([first.length, second.length, first.buffer === second.buffer]).toEqual([100_000, 100_000, false]);
  pool.give(first.subarray(10, 20));
  pool.give(first);
  const third = pool.take(70_000);
  expect([third.length, third.buffer === first.buffer, pool.take(70_000).buffer === first.buffer]).toEqual([70_000, true, false]);
});

test("keeps no more than its bound, nothing that is not its own, and nothing of unusual size: what is not kept is freed", () => {
  const pool = new BufferPool(100_000);
  const [first, second] = [pool.take(1), pool.take(1)];
  pool.give(first);
  pool.give(second);
  expect([pool.take(1).buffer === first.buffer, pool.take(1).buffer === second.buffer]).toEqual([true, false]);
  expect([first.length, second.length]).toEqual([1, 0]);
  const foreign = Buffer.allocUnsafeSlow(64 * 1024);
  pool.give(foreign);
  expect(pool.take(64 * 1024).buffer === foreign.buffer).toBe(false);
  const huge = pool.take(20_000_000);
  expect(huge.length).toBe(20_000_000);
  pool.give(huge);
  expect([huge.length, pool.take(20_000_000).buffer === huge.buffer]).toEqual([0, false]);
});

test("without room every buffer is a new one", () => {
  const pool = new BufferPool(0);
  const buffer = pool.take(10);
  pool.give(buffer);
  expect([buffer.buffer.byteLength, pool.take(10).buffer === buffer.buffer]).toEqual([10, false]);
});
