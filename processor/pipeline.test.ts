import { expect, test } from "vitest";
import { corpusRequest } from "../bench/otlp-corpus.ts";
import { BufferPool } from "./buffer-pool.ts";
import { readPriceBook } from "./cli/price.ts";
import { createTraceMemory } from "./core/trace-memory.ts";
import { ingest } from "./pipeline.ts";
import type { Sink } from "./sinks/sink.ts";

/** What was given back reads as nonsense from then on. */
class SpoilingPool extends BufferPool {
  given = 0;

  override give(buffer: Uint8Array): void {
    super.give(buffer);
    new Uint8Array(buffer.buffer).fill(0xff);
    this.given += 1;
  }
}

const prices = await readPriceBook(undefined);
const contextOf = () => ({
  prices,
  memory: createTraceMemory({ tracesMax: 1000, spansPerTraceMax: 1000, spansMax: 100_000, ageMsMax: 600_000 }),
  nowMs: Date.UTC(2026, 10, 1),
});

/** Takes bytes alone, later than the request was read. */
function bytesSink(writes: Buffer[]): Sink {
  return {
    name: "bytes",
    readsSpans: false,
    async write(batch) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      writes.push(Buffer.from(batch.otlp));
      batch.release?.();
    },
    close: async () => undefined,
  };
}

test("nothing that outlives a request looks into memory that the next one writes over", async () => {
  const pool = new SpoilingPool(1024 * 1024);
  const expected: Buffer[] = [];
  const written: Buffer[] = [];
  const plain = { context: contextOf(), sink: bytesSink(expected) };
  const pooled = { context: contextOf(), sink: bytesSink(written), pool };
  for (let round = 0; round < 20; round++) {
    // Every trace comes twice: what is remembered of the first time decides what is written the second time.
    const { body } = corpusRequest({ spans: 30, content: false, seed: 1 + (round >> 1) });
    const taken = pool.take(body.length);
    taken.set(body);
    await Promise.all([ingest(body, "protobuf", plain), ingest(taken, "protobuf", pooled)]);
  }
  expect(written.map((bytes) => bytes.toString("base64"))).toEqual(expected.map((bytes) => bytes.toString("base64")));
  expect(pool.given).toBeGreaterThanOrEqual(20);
});
