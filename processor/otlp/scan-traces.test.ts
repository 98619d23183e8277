import { describe, expect, test } from "vitest";
import { RECORDED_TRACES, toProtobuf } from "../../test/support/recorded-traces.ts";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { referenceCodec, type ReferenceKeyValue } from "../../test/support/otlp-reference-codec.ts";
import type { ReferenceRequest } from "../../test/support/otlp-requests.ts";
import { DOUBLE_KEYS } from "../core/attributes.ts";
import { enrichBatch, type EnrichContext } from "../core/enrich.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { DEFAULT_PRICE_BOOK } from "../core/price-book.ts";
import { createTraceMemory } from "../core/trace-memory.ts";
import { ingest } from "../pipeline.ts";
import type { EnrichedBatch } from "../sinks/sink.ts";
import { WRITTEN_KEYS } from "./attribute-encoder.ts";
import { readJsonRequest } from "./json-spans.ts";
import { scanJsonTraces } from "./scan-json-traces.ts";
import { scanTraces } from "./scan-traces.ts";
import { MalformedError } from "./wire-reader.ts";

const codec = referenceCodec("ExportTraceServiceRequest");

function context(): EnrichContext {
  return { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 1_000, spansPerTraceMax: 1_000, ageMsMax: 60_000 }) };
}

function plain(body: Uint8Array): unknown {
  return codec.toObject(codec.decode(body), { longs: String, bytes: String });
}

/** Each span's attributes as bytes, in an order of their own: where an attribute stands is no part of what it says. */
function sorted(body: Uint8Array): unknown {
  const request = plain(body) as ReferenceRequest;
  for (const { scopeSpans } of request.resourceSpans ?? []) {
    for (const span of scopeSpans?.flatMap(({ spans }) => spans ?? []) ?? []) {
      span.attributes = (span.attributes ?? []).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    }
  }
  return request;
}

/** Decode, enrich, encode: spans read from JSON by other code than the scanner's, attributes replaced in objects. */
function enrichByReference(trace: object): Uint8Array {
  const enrichments = enrichBatch(
    readJsonRequest(trace).map(({ span }) => span),
    context(),
  );
  const decoded = codec.decode(toProtobuf(trace)) as unknown as ReferenceRequest;
  const spans = decoded.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  spans.forEach((span, index) => {
    const enrichment = enrichments[index] ?? null;
    if (enrichment === null) return;
    span.attributes = [...(span.attributes ?? []).filter(({ key }) => enrichment[key] === undefined), ...added(enrichment)];
  });
  return codec.encode(decoded).finish();
}

function added(enrichment: Enrichment): ReferenceKeyValue[] {
  return Object.entries(enrichment).flatMap(([key, value]): ReferenceKeyValue[] => {
    if (value === undefined) return [];
    if (typeof value === "string") return [{ key, value: { stringValue: value } }];
    if (typeof value === "boolean") return [{ key, value: { boolValue: value } }];
    return [{ key, value: Number.isInteger(value) && !DOUBLE_KEYS.has(key) ? { intValue: value } : { doubleValue: value } }];
  });
}

/** The same trace with all its counts and seconds multiplied, statuses excepted: no request was ever answered with 600. */
function withNumbersTimes(trace: object, scale: number): object {
  const text = JSON.stringify(trace, (_, value: unknown) => {
    if (typeof value !== "object" || value === null || !("key" in value) || String(value.key).includes("status")) return value;
    const any = ("value" in value ? value.value : undefined) as { intValue?: string | number; doubleValue?: number } | undefined;
    if (any?.intValue !== undefined) return { ...value, value: { intValue: String(Number(any.intValue) * scale) } };
    return any?.doubleValue === undefined ? value : { ...value, value: { doubleValue: any.doubleValue * scale } };
  });
  return JSON.parse(text) as object;
}

describe("a recorded trace", () => {
  test("there are many, of many dialects", () => {
    expect(RECORDED_TRACES.length).toBeGreaterThan(90);
    expect(new Set(RECORDED_TRACES.map(({ dialect }) => dialect)).size).toBeGreaterThan(20);
  });

  test.each(RECORDED_TRACES)("of $dialect, $case, comes out as decoded, enriched and encoded by the reference codec", ({ trace }) => {
    const expected = sorted(enrichByReference(trace));
    const { batch, rejectedSpans } = scanTraces(toProtobuf(trace), { context: context() });
    expect(sorted(batch.otlp)).toEqual(expected);
    expect(sorted(scanJsonTraces(Buffer.from(JSON.stringify(trace)), { context: context() }).batch.otlp)).toEqual(expected);
    expect(rejectedSpans).toBe(0);
  });

  test.each(RECORDED_TRACES)("of $dialect, $case, comes out the same, byte for byte, when it goes through once more", ({ trace }) => {
    const once = scanTraces(toProtobuf(trace), { context: context() }).batch.otlp;
    expect(Buffer.from(scanTraces(once, { context: context() }).batch.otlp).equals(once)).toBe(true);
  });

  test.each(RECORDED_TRACES)("of $dialect, $case, comes out so when its shapes are known and its numbers are others", ({ trace }) => {
    // The first time notes what is there, the second gives it a shape, and the third is read off that shape.
    for (const scale of [1, 1, 3]) {
      const scaled = withNumbersTimes(trace, scale);
      const { batch } = scanTraces(toProtobuf(scaled), { context: context() });
      expect(sorted(batch.otlp)).toEqual(sorted(enrichByReference(scaled)));
    }
  });

  test("is written only with keys that the scanner looks out for", () => {
    const keys = RECORDED_TRACES.flatMap(({ trace }) =>
      enrichBatch(
        readJsonRequest(trace).map(({ span }) => span),
        { ...context(), settled: true },
      ).flatMap((enrichment) => Object.keys(enrichment ?? {})),
    );
    expect([...new Set(keys)].filter((key) => !WRITTEN_KEYS.includes(key))).toEqual([]);
  });
});

describe("metrics and logs at the door of traces", () => {
  const metric = Buffer.from([0x0a, 9, ...Buffer.from("cpu.usage"), 0x3a, 2, 0x10, 1]);
  const logRecord = Buffer.from([0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 9]);
  const nested = (content: Buffer): Buffer =>
    [0x12, 0x12, 0x0a].reduce((inner, tag) => Buffer.concat([Buffer.from([tag, inner.length]), inner]), content);

  test.each([
    ["metrics", nested(metric)],
    ["logs", nested(logRecord)],
  ])("are told that they are %s", (signal, body) => {
    expect(() => scanTraces(body, { context: context() })).toThrow(new RegExp(`these are ${signal}`));
  });
});

describe("ingest", () => {
  const { body, spans, genAiSpans } = corpusRequest({ spans: 50, content: false, seed: 3 });

  function gather(): {
    batches: EnrichedBatch[];
    sink: { name: string; readsSpans: boolean; write(batch: EnrichedBatch): Promise<void>; close(): Promise<void> };
  } {
    const batches: EnrichedBatch[] = [];
    return {
      batches,
      sink: { name: "memory", readsSpans: true, write: async (batch) => void batches.push(batch), close: async () => undefined },
    };
  }

  test("hands every span of a request to the sink, and answers when it has them", async () => {
    const { batches, sink } = gather();
    const { scanned, response } = await ingest(body, "protobuf", { context: context(), sink });
    expect([batches.length, batches[0]?.spans.length, scanned.counts.genAiSpans, response.length]).toEqual([1, spans, genAiSpans, 0]);
  });

  test("writes nothing where there is nothing to write", async () => {
    const { batches, sink } = gather();
    const { response } = await ingest(Buffer.from("{}"), "json", { context: context(), sink });
    expect([batches.length, Buffer.from(response).toString()]).toEqual([0, "{}"]);
  });

  test("fails as the sink does, and by name where the body is no request", async () => {
    const failing = { name: "failing", readsSpans: false, write: () => Promise.reject(new Error("away")), close: async () => undefined };
    await expect(ingest(body, "protobuf", { context: context(), sink: failing })).rejects.toThrow("away");
    await expect(ingest(Buffer.from("x"), "json", { context: context(), sink: failing })).rejects.toThrow(MalformedError);
  });
});
