import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RECORDED_TRACES, toProtobuf } from "../../test/support/recorded-traces.ts";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { referenceCodec } from "../../test/support/otlp-reference-codec.ts";
import { shapedRequests } from "../../test/support/shaped-requests.ts";
import { enrichBatch } from "../core/enrich.ts";
import type { EnrichmentTemplate } from "../core/enrichment-template.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { DEFAULT_PRICE_BOOK } from "../core/price-book.ts";
import { SPAN_COLUMN, SPAN_STRIDE } from "../core/span-columns.ts";
import { createTraceMemory } from "../core/trace-memory.ts";
import { openKernel } from "../kernel/kernel-exports.ts";
import { RequestWriter } from "../kernel/request-writer.ts";
import { createSpanRecogniser } from "../kernel/span-recogniser.ts";
import { AttributeEncoder } from "./attribute-encoder.ts";
import { ColumnEmitter } from "./emit-columns.ts";
import { emitRequest } from "./emit-request.ts";
import { countEnrichments, EnrichmentTally } from "./enrichment-counts.ts";
import { SCAN_KEYS } from "./scan-keys.ts";
import { scanRequest } from "./scan-request.ts";
import { scanUnread, SpanScanner } from "./scan-unread.ts";
import { SpanShapes } from "./span-shapes.ts";

const codec = referenceCodec("ExportTraceServiceRequest");
const recordings = RECORDED_TRACES.map(({ trace }) => toProtobuf(trace));

interface Ways {
  /** Which of an enrichment's numbers each span has of its own; the others are the same on all spans of a template. */
  readonly numberKeys?: (keys: readonly string[]) => readonly string[];
  /** Spans that are enriched one by one although they were recognised. */
  readonly isUnread?: (index: number) => boolean;
  /** A template for every span instead of one for all that are alike. */
  readonly alone?: boolean;
}

/** An emitter whose templates are made of what the ordinary way finds, so that nothing but the writing is new. */
function emitter({ numberKeys = (keys) => keys, isUnread = () => false, alone = false }: Ways = {}): {
  readonly emit: (
    body: Uint8Array,
    enrich?: (enrichment: Enrichment) => Enrichment,
  ) => { readonly actual: Buffer; readonly expected: Buffer; readonly templated: number };
} {
  const kernel = openKernel();
  const recogniser = createSpanRecogniser(kernel);
  if (kernel === null || recogniser === null) throw new Error("no WebAssembly");
  const shapes = new SpanShapes();
  const columnEmitter = new ColumnEmitter(new RequestWriter(kernel), new AttributeEncoder());
  const templates = new Map<string, EnrichmentTemplate>();
  let ids = 0;
  const templateOf = (shape: number, enrichment: Enrichment): EnrichmentTemplate => {
    const own = numberKeys(Object.keys(enrichment).filter((key) => typeof enrichment[key] === "number"));
    const words = Object.entries(enrichment).map(([key, value]) => (own.includes(key) ? key : [key, value]));
    const name = JSON.stringify([shape, words, alone ? ids : 0]);
    const template = templates.get(name) ?? { id: ids++, enrichment, numberKeys: own };
    templates.set(name, template);
    return template;
  };
  return {
    emit(body, enrich = (enrichment) => enrichment) {
      const scan = scanRequest(body, SCAN_KEYS, { shapes });
      const memory = createTraceMemory({ tracesMax: 1_000, spansPerTraceMax: 1_000, ageMsMax: 60_000 });
      const found = enrichBatch(scan.spans, { prices: DEFAULT_PRICE_BOOK, memory });
      const enrichments = found.map((enrichment) => (enrichment === null ? null : enrich(enrichment)));
      const columns = recogniser.recognise(body);
      if (columns === null) throw new Error("declined");
      const unread: number[] = [];
      const values: number[] = [];
      const firstValue = new Int32Array(columns.spanCount);
      const given = enrichments.map((enrichment, index) => {
        const shape = columns.spans[index * SPAN_STRIDE + SPAN_COLUMN.shape] ?? -1;
        if (shape < 0 || isUnread(index)) unread.push(index);
        if (shape < 0 || isUnread(index) || enrichment === null) return null;
        const template = templateOf(shape, enrichment);
        firstValue[index] = values.length;
        values.push(...template.numberKeys.map((key) => enrichment[key] as number));
        return template;
      });
      const tally = new EnrichmentTally();
      const left = unread.map((index) => enrichments[index] ?? null);
      const actual = Buffer.from(
        columnEmitter.emit(
          {
            body,
            columns,
            findings: { templates: given, firstValue, values: Float64Array.from(values), unread },
            unread: scanUnread(columns, unread, new SpanScanner(body, columns, { shapes })),
            enrichments: left,
          },
          tally,
        ),
      );
      expect(countEnrichments(left, tally)).toEqual(countEnrichments(enrichments));
      for (const [index, { shape, name, kind, statusCode, scopeName, scopeVersion, attributes }] of scan.spans.entries()) {
        if (shape !== null) recogniser.teach(index, { shape, name, kind, statusCode, scopeName, scopeVersion, attributes });
      }
      const expected = Buffer.from(emitRequest(scan, enrichments, new AttributeEncoder()));
      return { actual, expected, templated: given.filter((template) => template !== null).length };
    },
  };
}

/** Once to see it, once to teach it, then as what is known. Answers how many spans got templates. */
function expectSame(
  { emit }: ReturnType<typeof emitter>,
  bodies: readonly Uint8Array[],
  enrich?: (enrichment: Enrichment) => Enrichment,
): number {
  let all = 0;
  for (const body of bodies) {
    for (let round = 0; round < 3; round++) {
      const { actual, expected, templated } = emit(body, enrich);
      all += templated;
      if (!actual.equals(expected)) expect(codec.toObject(codec.decode(actual))).toEqual(codec.toObject(codec.decode(expected)));
      expect(actual.equals(expected)).toBe(true);
    }
  }
  return all;
}

const corpus = [1, 2, 3].map((seed) => corpusRequest({ spans: 60, content: seed === 3, seed }).body);

describe("templates come out as enrichments that are written one by one", () => {
  test.each<[string, Ways]>([
    ["all numbers their own", {}],
    ["no number of its own", { numberKeys: () => [] }],
    ["every other number their own", { numberKeys: (keys) => keys.filter((_, index) => index % 2 === 0) }],
    ["every third span unread", { isUnread: (index) => index % 3 === 0 }],
    ["all but every third span unread", { isUnread: (index) => index % 3 !== 0 }],
  ])("with %s", (_name, ways) => {
    expect(expectSame(emitter(ways), [...recordings, ...corpus])).toBeGreaterThan(50);
  });

  test("of a few shapes with attributes of every kind", () => {
    const columnEmitter = emitter();
    fc.assert(
      fc.property(shapedRequests, (request) => {
        expectSame(columnEmitter, [codec.encode(codec.fromObject(request)).finish()]);
      }),
      { numRuns: 60 },
    );
  });

  /** Numbers as they could be, of all lengths, where a span says the same and where it says something else. */
  const NUMBERS = [0, -0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 53 - 1, 2 ** 53, -1, -(2 ** 53), 0.5, 1e300, Number.NaN, Infinity];

  test.each(NUMBERS)("with the number %d", (number) => {
    const replaced = (enrichment: Enrichment): Enrichment =>
      Object.fromEntries(Object.entries(enrichment).map(([key, value]) => [key, typeof value === "number" ? number : value]));
    expect(expectSame(emitter(), corpus.slice(0, 1), replaced)).toBeGreaterThan(10);
  });

  test("when there are more of them than the kernel has room for", () => {
    const bodies = Array.from({ length: 45 }, (_, index) => corpusRequest({ spans: 60, content: false, seed: 10 + index }).body);
    expect(expectSame(emitter({ alone: true }), bodies)).toBeGreaterThan(2_500);
  });

  test("in a request that is fetched in pieces", () => {
    const body = Buffer.concat([4, 5, 6, 7].map((seed) => corpusRequest({ spans: 100, content: true, seed }).body));
    expect(body.length).toBeGreaterThan(1024 * 1024);
    expect(expectSame(emitter({ isUnread: (index) => index % 50 === 0 }), [body])).toBeGreaterThan(100);
  });
});

test("a request of which nothing changes is the body itself", () => {
  const body = Buffer.from(codec.encode(codec.fromObject({ resourceSpans: [{ schemaUrl: "x", scopeSpans: [] }] })).finish());
  const kernel = openKernel();
  const columns = createSpanRecogniser(kernel)?.recognise(body) ?? null;
  if (kernel === null || columns === null) throw new Error("declined");
  const findings = { templates: [], firstValue: new Int32Array(0), values: new Float64Array(0), unread: [] };
  const columnEmitter = new ColumnEmitter(new RequestWriter(kernel), new AttributeEncoder());
  expect(columnEmitter.emit({ body, columns, findings, unread: null, enrichments: [] }, new EnrichmentTally())).toBe(body);
});

test("the kernel's memory holds the longest step of a request behind what is fetched", () => {
  const kernel = openKernel();
  if (kernel === null) throw new Error("no WebAssembly");
  const templateBytesMax = kernel.OUT.value - kernel.TEMPLATES.value;
  const fetchedBytes = 256 * 1024;
  const end = kernel.OUT.value + fetchedBytes + kernel.BODY_BYTES_MAX.value + templateBytesMax;
  expect(end).toBeLessThanOrEqual(kernel.memory.buffer.byteLength);
});
