import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeRecord, readRecord, RECORD_HEADER_BYTES } from "./record.ts";
import { openSpool, type Spool } from "./spool.ts";

const MIB = 1024 * 1024;

let directory: string;
let lines: { msg: string; level: number }[];
let opened: Spool[];
const log = pino({ level: "debug" }, { write: (line: string) => lines.push(JSON.parse(line) as { msg: string; level: number }) });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "genai-otel-spool-"));
  lines = [];
  opened = [];
});
afterEach(async () => {
  await Promise.allSettled(opened.map((spool) => spool.close()));
  await rm(directory, { recursive: true, force: true });
});

/** Without closing the one before, it is a start after SIGKILL. */
async function reopen(bytesMax = 8 * MIB): Promise<Spool> {
  const spool = await openSpool({ directory, bytesMax, log });
  opened.push(spool);
  return spool;
}

async function drain(spool: Spool, chunkBytesMax = 64 * 1024): Promise<string[]> {
  const drained: string[] = [];
  for (let chunk = await spool.peek(chunkBytesMax); chunk !== null; chunk = await spool.peek(chunkBytesMax)) {
    drained.push(...chunk.payloads.map((payload) => Buffer.from(payload).toString("latin1")));
    await chunk.advance();
  }
  return drained;
}

const segments = async (): Promise<string[]> => (await readdir(directory)).filter((name) => name.endsWith(".segment")).sort();

describe("a record", () => {
  test("reads as it was written; every cut is seen as a cut, every flipped bit as damage or a cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(), (payload, cut, bit) => {
        const record = encodeRecord(payload, 1_700_000_000_000);
        expect(readRecord(record, 0)).toMatchObject({ kind: "whole", end: record.length, timeMs: 1_700_000_000_000 });
        expect(readRecord(record.subarray(0, cut % record.length), 0).kind).toBe("cut");
        const flipped = Buffer.from(record);
        const position = bit % (record.length * 8);
        flipped[position >> 3]! ^= 1 << (position & 7);
        expect(readRecord(flipped, 0).kind).not.toBe("whole");
      }),
    );
  });
});

describe("a spool", () => {
  test("gives back everything in order, whatever is appended, drained and reopened in between", async () => {
    const command = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ append: fc.array(fc.string({ unit: "binary-ascii", maxLength: 40_000 }), { minLength: 1, maxLength: 5 }) }),
      },
      { weight: 2, arbitrary: fc.record({ peek: fc.integer({ min: 1, max: 100_000 }) }) },
      { weight: 1, arbitrary: fc.constant({ reopen: true as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 12 }), async (commands) => {
        await rm(directory, { recursive: true, force: true });
        // Small, so that segments roll over.
        let spool = await reopen(2 * MIB);
        const expected: string[] = [];
        for (const step of commands) {
          if ("append" in step) {
            await Promise.all(step.append.map((text) => spool.append(Buffer.from(text, "latin1"))));
            expected.push(...step.append);
          } else if ("peek" in step) {
            const chunk = await spool.peek(step.peek);
            expect(chunk === null).toBe(expected.length === 0);
            if (chunk === null) continue;
            expect(chunk.payloads.map((payload) => Buffer.from(payload).toString("latin1"))).toEqual(
              expected.splice(0, chunk.payloads.length),
            );
            await chunk.advance();
          } else {
            await spool.close();
            spool = await reopen(2 * MIB);
          }
          expect(spool.isEmpty()).toBe(expected.length === 0);
        }
        expect(await drain(spool)).toEqual(expected);
        expect(spool.bytes()).toBe(0);
        expect(await segments()).toEqual([]);
        await spool.close();
      }),
      { numRuns: 25 },
    );
  });

  test("does not give again what was advanced over before it was closed without a word", async () => {
    const spool = await reopen();
    for (const text of ["a", "b", "c"]) await spool.append(Buffer.from(text));
    const chunk = await spool.peek(RECORD_HEADER_BYTES + 1);
    expect(chunk?.payloads.length).toBe(1);
    await chunk?.advance();
    expect(await drain(await reopen())).toEqual(["b", "c"]);
  });

  test("drops a last record that a crash cut off, and only that one", async () => {
    const spool = await reopen();
    for (const text of ["first", "second", "third"]) await spool.append(Buffer.from(text));
    await spool.close();
    const [segment = ""] = await segments();
    const path = join(directory, segment);
    await truncate(path, (await readFile(path)).length - 2);
    const after = await reopen();
    await after.append(Buffer.from("fourth"));
    expect(await drain(after)).toEqual(["first", "second", "fourth"]);
    expect(lines.filter(({ level }) => level >= 40)).toEqual([]);
    await after.close();
  });

  test.each([
    ["a payload", RECORD_HEADER_BYTES + 5 + RECORD_HEADER_BYTES + 2, ["first", "third"]],
    ["a header", RECORD_HEADER_BYTES + 5 + 3, ["first"]],
  ])("goes on past damage to %s, sets the file aside and says so once", async (_what, position, left) => {
    const spool = await reopen();
    for (const text of ["first", "second", "third"]) await spool.append(Buffer.from(text));
    await spool.close();
    const [segment = ""] = await segments();
    const file = await open(join(directory, segment), "r+");
    await file.write(Buffer.from([0xff, 0xff]), 0, 2, position);
    await file.close();
    const after = await reopen();
    expect(await drain(after)).toEqual(left);
    expect(lines.filter(({ level }) => level >= 40)).toHaveLength(1);
    expect((await readdir(directory)).filter((name) => name.endsWith(".corrupt"))).toEqual([`${segment}.corrupt`]);
    expect(after.isEmpty()).toBe(true);
    await after.close();
  });

  test("takes a file of garbage and a garbage cursor for what they are", async () => {
    await writeFile(join(directory, "000000000007.segment"), Buffer.alloc(5000, 0x5a));
    await writeFile(join(directory, "cursor"), "nonsense");
    const spool = await reopen();
    await spool.append(Buffer.from("good"));
    expect(await drain(spool)).toEqual(["good"]);
    await spool.close();
  });

  test("refuses beyond its bound and takes again after a drain", async () => {
    const spool = await reopen(MIB);
    const record = Buffer.alloc(100_000, 1);
    let appended = 0;
    await expect(
      (async () => {
        for (;;) {
          await spool.append(record);
          appended += 1;
        }
      })(),
    ).rejects.toMatchObject({ message: "the spool is full", retryAfterMs: expect.any(Number) as number });
    expect(appended).toBe(10);
    expect(spool.bytes()).toBeLessThanOrEqual(MIB);
    expect(await drain(spool)).toHaveLength(appended);
    await spool.append(record);
    await spool.close();
  });

  test("knows how old its oldest record is, also after a restart", async () => {
    const before = Date.now();
    const spool = await reopen();
    expect(spool.oldestMs()).toBeNull();
    await spool.append(Buffer.from("x"));
    const after = await reopen();
    expect(after.oldestMs()).toBeGreaterThanOrEqual(before);
    await drain(after);
    expect(after.oldestMs()).toBeNull();
  });
});
