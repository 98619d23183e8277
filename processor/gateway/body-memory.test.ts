import fc from "fast-check";
import { expect, test } from "vitest";
import { BufferPool } from "../buffer-pool.ts";
import { beginBody, withRoom } from "./body-memory.ts";

/** A length that no read's size is a multiple of. */
const PATTERN = Buffer.from(Array.from({ length: 251 }, (_, index) => index));

test("a body of any length comes whole, in memory that is at most twice what came, or 256 KB", () => {
  const lengths = fc.oneof(
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.constantFrom(1, 65_536, 65_537, 262_144, 262_145, 524_288, 3_000_000),
  );
  const reads = fc.integer({ min: 1_000, max: 65_536 });
  fc.assert(
    fc.property(lengths, reads, (bytes, readBytes) => {
      const pool = new BufferPool(4 * 1024 * 1024);
      const sent = Buffer.alloc(bytes, PATTERN);
      let body = beginBody(bytes, pool);
      let filled = 0;
      while (filled < bytes) {
        body = withRoom(body, filled, bytes, pool);
        filled += sent.copy(body, filled, filled, filled + readBytes);
        expect(body.length).toBeLessThanOrEqual(Math.max(262_144, 2 * filled));
        if (filled < 1_000) expect(body.length).toBeLessThanOrEqual(65_536);
      }
      expect(body.equals(sent)).toBe(true);
    }),
    { numRuns: 30 },
  );
});
