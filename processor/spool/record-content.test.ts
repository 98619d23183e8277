import { describe, expect, test } from "vitest";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { poisonedRequest, requestToModel, traceRequest } from "../../test/support/trace-requests.ts";
import { DEFAULT_PRICE_BOOK } from "../core/price-book.ts";
import { createTraceMemory } from "../core/trace-memory.ts";
import { scanTraces } from "../otlp/scan-traces.ts";
import { mergeBatches } from "../sinks/batch.ts";
import { RowsWriter } from "../sinks/rows-writer.ts";
import type { EnrichedBatch } from "../sinks/sink.ts";
import { OTLP_CONTENT, rowsContent } from "./record-content.ts";

function scanned(body: Uint8Array, captureContent = false): EnrichedBatch {
  const memory = createTraceMemory({ tracesMax: 1000, spansPerTraceMax: 1000, ageMsMax: 60_000 });
  const onUnclaimedRequest = (): void => undefined;
  return scanTraces(body, { context: { prices: DEFAULT_PRICE_BOOK, memory, onUnclaimedRequest }, captureContent }).batch;
}

/** Rows as PostgreSQL gets them, what is counted of them, and what is held. */
function rowsOf({ spans }: EnrichedBatch) {
  const writer = new RowsWriter(null);
  writer.begin(null);
  for (const enriched of spans) writer.add(enriched);
  const { bytes, kinds, numbers, users, held } = writer.end();
  return { rows: bytes.toString("latin1"), kinds, numbers, users, held: held.map(({ span }) => span.spanId) };
}

const CONTENT = { spans: 60, content: true };

describe("rows that waited in a spool are those that would have been written at once", () => {
  test.each([
    ["calls and failures", traceRequest({ spans: 50, plainEvery: 3, failedEvery: 4 }).protobuf, false],
    ["calls with their HTTP requests and messages", corpusRequest({ ...CONTENT, seed: 7 }).body, false],
    ["the same with messages captured", corpusRequest({ ...CONTENT, seed: 8 }).body, true],
    ["spans of which some are refused", poisonedRequest().poisoned, false],
    ["a request that no GenAI span stands for", requestToModel({ status: 503 }), false],
  ])("%s", (_name, body, captureContent) => {
    const content = rowsContent(captureContent);
    const batch = scanned(body, captureContent);
    const read = content.decode(content.encode(batch));
    expect(rowsOf(read)).toEqual(rowsOf(batch));
    expect(read.spanCount).toBe(batch.spanCount);
  });

  test("batches that were gathered into one", () => {
    const content = rowsContent(false);
    const batch = mergeBatches([scanned(requestToModel({ status: 200 })), scanned(traceRequest({ spans: 5 }).protobuf)]);
    const read = rowsOf(content.decode(content.encode(batch)));
    expect(read).toEqual(rowsOf(batch));
    expect(read.held).toHaveLength(1);
  });
});

test("what is forwarded later is the enriched request", () => {
  const batch = scanned(traceRequest({ spans: 9 }).protobuf);
  const read = OTLP_CONTENT.decode(OTLP_CONTENT.encode(batch));
  expect(Buffer.from(read.otlp).equals(batch.otlp)).toBe(true);
  expect(read.spanCount).toBe(9);
});

test.each([Buffer.alloc(0), Buffer.from("xx"), Buffer.from([0, 0, 0, 2, 0x7b, 0x7d]), Buffer.from([0xff, 0xff, 0xff, 0xff, 1])])(
  "a record that is none is refused",
  (bytes) => {
    expect(() => rowsContent(false).decode(bytes)).toThrow();
  },
);
