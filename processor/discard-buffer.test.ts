import { expect, test } from "vitest";
import { discardBuffer } from "./discard-buffer.ts";

test("frees a buffer of its own memory, and leaves one alone that shares it", () => {
  const before = process.memoryUsage().arrayBuffers;
  const own = Buffer.allocUnsafeSlow(50_000_000);
  const shared = Buffer.allocUnsafeSlow(100).subarray(10);
  discardBuffer(own);
  discardBuffer(shared);
  expect([own.length, shared.length]).toEqual([0, 90]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
});
