import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { batchSink } from "./batch.ts";
import { RefusedBatchError } from "./sink-error.ts";
import type { EnrichedBatch, Sink } from "./sink.ts";

/** A batch of so many spans that only have to be told apart. */
function batch(name: string, spans = 1): EnrichedBatch {
  return { spanCount: spans, sizeBytes: name.length, spans: [], otlp: Buffer.from(name) };
}

interface Recorder extends Sink {
  readonly writes: string[];
  closed: boolean;
}

function recorder(write: (otlp: string) => Promise<void> = async () => undefined): Recorder {
  const sink: Recorder = {
    name: "recorder",
    readsSpans: false,
    writes: [],
    closed: false,
    async write({ otlp }) {
      const text = Buffer.from(otlp).toString();
      sink.writes.push(text);
      await write(text);
    },
    async close() {
      sink.closed = true;
    },
  };
  return sink;
}

const LIMITS = { spansMax: 10, bytesMax: 1000, delayMs: 20, writesMax: 2 };

describe("batchSink", () => {
  test("gathers what arrives in one turn, and does not wait while the sink is idle", async () => {
    const inner = recorder();
    const sink = batchSink(inner, { ...LIMITS, delayMs: 10_000 });
    await Promise.all([sink.write(batch("a")), sink.write(batch("b")), sink.write(batch("c"))]);
    await sink.write(batch("d"));
    expect(inner.writes).toEqual(["abc", "d"]);
  });

  test("gathers while a write is under way, for so long, and beyond writesMax until one ends", async () => {
    const inner = recorder(() => sleep(60));
    const sink = batchSink(inner, LIMITS);
    const writes = [sink.write(batch("a"))];
    await sleep(5);
    writes.push(sink.write(batch("b")), sink.write(batch("c")));
    await sleep(35);
    writes.push(sink.write(batch("d")));
    await sleep(10);
    expect(inner.writes).toEqual(["a", "bc"]);
    writes.push(sink.write(batch("e")));
    await Promise.all(writes);
    expect(inner.writes).toEqual(["a", "bc", "de"]);
  });

  test("never holds more than its bounds: a full batch goes whatever is under way", async () => {
    const inner = recorder(() => sleep(20));
    const sink = batchSink(inner, LIMITS);
    await Promise.all(["a", "b", "c", "d", "e", "f"].map((name) => sink.write(batch(name, 4))));
    expect(inner.writes).toEqual(["ab", "cd", "ef"]);
    await Promise.all([
      sink.write({ ...batch("x"), sizeBytes: 600, otlp: Buffer.alloc(600, "x") }),
      sink.write({ ...batch("y"), sizeBytes: 600, otlp: Buffer.alloc(600, "y") }),
    ]);
    expect(inner.writes.slice(3).map((text) => text[0])).toEqual(["x", "y"]);
  });

  test("tells a failure to all whose spans went along, and goes on", async () => {
    let fail = true;
    const inner = recorder(async () => {
      if (fail) throw new Error("away");
    });
    const sink = batchSink(inner, LIMITS);
    expect((await Promise.allSettled([sink.write(batch("a")), sink.write(batch("b"))])).map(({ status }) => status)).toEqual([
      "rejected",
      "rejected",
    ]);
    fail = false;
    await sink.write(batch("c"));
    expect(inner.writes).toEqual(["ab", "c"]);
  });

  test("tries a batch that is refused for good part by part: only the culprit is told", async () => {
    const inner = recorder(async (text) => {
      if (text.includes("b")) throw new RefusedBatchError("no");
    });
    const sink = batchSink(inner, LIMITS);
    const results = await Promise.allSettled(["a", "b", "c"].map((name) => sink.write(batch(name))));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(inner.writes).toEqual(["abc", "a", "b", "c"]);
  });

  test("close writes what has gathered and waits for it", async () => {
    const inner = recorder(() => sleep(20));
    const sink = batchSink(inner, LIMITS);
    const writes = [sink.write(batch("a")), sink.write(batch("b"))];
    await sink.close();
    await Promise.all(writes);
    expect([inner.writes, inner.closed]).toEqual([["ab"], true]);
  });
});
