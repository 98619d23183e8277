import { describe, expect, test } from "vitest";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { referenceCodec } from "../../test/support/otlp-reference-codec.ts";
import { DEFAULT_PRICE_BOOK } from "../core/price-book.ts";
import { createTraceMemory } from "../core/trace-memory.ts";
import { scanJsonTraces } from "./scan-json-traces.ts";
import { type ScannedBatch, type ScanOptions, scanTraces } from "./scan-traces.ts";
import { MalformedError } from "./wire-reader.ts";

const MUTATIONS = 10_000;
const codec = referenceCodec("ExportTraceServiceRequest");
const protobufBody = Buffer.from(corpusRequest({ spans: 4, content: false, seed: 7 }).body);
const jsonBody = Buffer.from(jsonOf(protobufBody));

function jsonOf(body: Uint8Array): string {
  return JSON.stringify(codec.toObject(codec.decode(body), { longs: String, bytes: String }), (key, value: unknown) =>
    typeof value === "string" && /^(?:trace|span|parentSpan)Id$/.test(key) ? Buffer.from(value, "base64").toString("hex") : value,
  );
}

function options(): ScanOptions {
  return {
    context: { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 100, spansPerTraceMax: 100, ageMsMax: 60_000 }) },
    captureContent: true,
  };
}

/** xorshift32 */
function randomOf(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

const EDITS: readonly ((body: Buffer, random: (limit: number) => number) => Buffer)[] = [
  (body, random) => overwrite(body, random, 1, () => random(256)),
  (body, random) => overwrite(body, random, 4, () => random(256)),
  (body, random) => overwrite(body, random, 1, (byte) => byte ^ (1 << random(8))),
  (body, random) => overwrite(body, random, 3, () => 0xff),
  (body, random) => body.subarray(0, random(body.length)),
  (body, random) => {
    const at = random(body.length);
    return Buffer.concat([body.subarray(0, at), body.subarray(at + 1 + random(20))]);
  },
  (body, random) => {
    const at = random(body.length);
    const from = random(body.length);
    return Buffer.concat([body.subarray(0, at), body.subarray(from, from + random(200)), body.subarray(at)]);
  },
];

function overwrite(body: Buffer, random: (limit: number) => number, count: number, byteOf: (byte: number) => number): Buffer {
  const mutated = Buffer.from(body);
  for (let index = 0; index < count; index++) {
    const at = random(body.length);
    mutated[at] = byteOf(mutated[at] ?? 0);
  }
  return mutated;
}

/** Taken, with everything that any sink may read of it, or refused by name; nothing else may happen. */
function take(
  scan: (body: Uint8Array, options: ScanOptions) => ScannedBatch,
  body: Uint8Array,
  scanOptions: ScanOptions,
): ScannedBatch | null {
  try {
    const scanned = scan(body, scanOptions);
    for (const span of scanned.batch.spans) JSON.parse(Buffer.from(span.attributesJson).toString("utf8"));
    return scanned;
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

/** What was taken is a request again: whoever it is forwarded to can read every byte of it, and so can we after a restart. */
function assertWellFormed(taken: ScannedBatch | null): void {
  if (taken === null) return;
  const again = scanTraces(taken.batch.otlp, options());
  expect(again.rejectedSpans).toBe(0);
  expect(again.batch.spans).toHaveLength(taken.batch.spans.length);
}

describe.each([
  ["protobuf", protobufBody, scanTraces],
  ["JSON", jsonBody, scanJsonTraces],
])("a %s body", (_name, body, scan) => {
  test("that is cut off at any byte is taken or refused", () => {
    const scanOptions = options();
    const lengths = Array.from({ length: body.length }, (_, length) => length);
    const taken = lengths.filter((length) => take(scan, body.subarray(0, length), scanOptions) !== null);
    // Nothing that is cut off is a request, but for protobuf's empty one.
    expect(taken).toEqual(scan === scanTraces ? [0] : []);
  });

  test(`that is damaged in ${MUTATIONS} ways is taken or refused`, { timeout: 60_000 }, () => {
    const random = randomOf(20_261_124);
    const scanOptions = options();
    const heapBefore = process.memoryUsage().heapUsed;
    let taken = 0;
    for (let round = 0; round < MUTATIONS; round++) {
      const edit = EDITS[round % EDITS.length]!;
      const result = take(scan, edit(body, random), scanOptions);
      if (result !== null) taken++;
      if (round % 20 === 0) assertWellFormed(result);
    }
    // Both must happen, or the edits are too coarse or too fine to say anything.
    expect(taken).toBeGreaterThan(MUTATIONS / 50);
    expect(taken).toBeLessThan(MUTATIONS - MUTATIONS / 50);
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(100_000_000);
  });
});
