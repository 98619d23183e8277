import { expect, test } from "vitest";
import { fanOut } from "./fan-out.ts";
import { RefusedBatchError, SinkAwayError } from "./sink-error.ts";
import type { EnrichedBatch, Sink } from "./sink.ts";

function sinkOf(name: string, write: (batch: EnrichedBatch) => Promise<void>): Sink {
  return { name, readsSpans: true, write, close: async () => undefined };
}

function batchOf(): EnrichedBatch & { readonly released: { times: number } } {
  const released = { times: 0 };
  const release = (): void => void (released.times += 1);
  return { spanCount: 0, sizeBytes: 1, spans: [], otlp: Buffer.from("enriched"), plain: Buffer.from("plain"), released, release };
}

test("a batch is released once, when the last of the sinks has released it", async () => {
  const held: EnrichedBatch[] = [];
  const sinks = ["a", "b"].map((name) => sinkOf(name, async (batch) => void held.push(batch)));
  const batch = batchOf();
  await fanOut(sinks).write(batch);
  expect(held.map(({ plain, otlp }) => [plain?.toString(), otlp.toString()])).toEqual([
    ["plain", "enriched"],
    ["plain", "enriched"],
  ]);
  held[0]?.release?.();
  expect(batch.released.times).toBe(0);
  held[1]?.release?.();
  expect(batch.released.times).toBe(1);
});

test("a sink that may still be reading keeps it", async () => {
  const slow = sinkOf("slow", async () => undefined);
  const quick = sinkOf("quick", async (batch) => batch.release?.());
  const batch = batchOf();
  await fanOut([slow, quick]).write(batch);
  expect(batch.released.times).toBe(0);
});

test("a passing failure is told before one for good", async () => {
  const away = new SinkAwayError("away", 1000);
  const sinks = [
    sinkOf("refusing", () => Promise.reject(new RefusedBatchError("no"))),
    sinkOf("away", () => Promise.reject(away)),
    sinkOf("well", async () => undefined),
  ];
  await expect(fanOut(sinks).write(batchOf())).rejects.toBe(away);
});
