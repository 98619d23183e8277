import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RECORDED_TRACES, toProtobuf } from "../../test/support/recorded-traces.ts";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { mutate } from "../../test/support/mutate.ts";
import { type ReferenceAnyValue, referenceCodec } from "../../test/support/otlp-reference-codec.ts";
import { requests } from "../../test/support/otlp-requests.ts";
import { shapedRequests } from "../../test/support/shaped-requests.ts";
import { createReferenceColumns } from "../../test/support/reference-columns.ts";
import { type TaughtRecogniser, taughtRecogniser } from "../../test/support/taught-recogniser.ts";
import { ID_STRIDE, MESSAGE_STRIDE, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns, TRACE_COLUMN, TRACE_STRIDE } from "../core/span-columns.ts";
import { SpanShapes } from "../otlp/span-shapes.ts";
import { createSpanRecogniser, type SpanRecogniser } from "./span-recogniser.ts";

const MUTATIONS = 3_000;

const codec = referenceCodec("ExportTraceServiceRequest");

const recordings = RECORDED_TRACES.map(({ trace }) => toProtobuf(trace));

function recogniser(): SpanRecogniser {
  const created = createSpanRecogniser();
  if (created === null) throw new Error("this machine has no WebAssembly with SIMD");
  return created;
}

/** Shapes are known to the ordinary scan when they come the second time, and to the kernel the third time. */
function takeOften(taught: TaughtRecogniser, body: Uint8Array): ReturnType<TaughtRecogniser["take"]> {
  taught.take(body);
  taught.take(body);
  return taught.take(body);
}

/** Everything that does not depend on shapes. */
function structure(columns: SpanColumns): unknown {
  const { spanCount, traceCount, messageCount, spans, ids, traces, messages, resources } = columns;
  const rows = Array.from({ length: spanCount }, (_, span) =>
    [SPAN_COLUMN.trace, SPAN_COLUMN.parent, SPAN_COLUMN.next, SPAN_COLUMN.message, SPAN_COLUMN.resource].map(
      (column) => spans[span * SPAN_STRIDE + column],
    ),
  );
  const traceRows = Array.from({ length: traceCount }, (_, trace) =>
    [TRACE_COLUMN.first, TRACE_COLUMN.last, TRACE_COLUMN.spans].map((column) => traces[trace * TRACE_STRIDE + column]),
  );
  return {
    rows,
    traceRows,
    ids: [...ids.subarray(0, spanCount * ID_STRIDE)],
    messages: [...messages.subarray(0, messageCount * MESSAGE_STRIDE)],
    resources: rows.map(([, , , , resource]) => ({ ...resources[resource ?? 0] })),
  };
}

function expectStructure(body: Uint8Array, columns: SpanColumns | null): void {
  const reference = createReferenceColumns(new SpanShapes()).read(body);
  if (reference === null || columns === null) return;
  expect(structure(columns)).toEqual(structure(reference.columns));
  for (let trace = 0; trace < columns.traceCount; trace++) {
    let unrecognised = 0;
    let span = columns.traces[trace * TRACE_STRIDE + TRACE_COLUMN.first] ?? -1;
    for (; span >= 0; span = columns.spans[span * SPAN_STRIDE + SPAN_COLUMN.next] ?? -1)
      if (columns.spans[span * SPAN_STRIDE + SPAN_COLUMN.shape] === -1) unrecognised++;
    expect(columns.traces[trace * TRACE_STRIDE + TRACE_COLUMN.unrecognised]).toBe(unrecognised);
  }
}

describe("what was taught is recognised", () => {
  test("in every recorded trace", () => {
    const taught = taughtRecogniser(recogniser());
    let [recognised, expected] = [0, 0];
    for (const body of recordings) {
      const taken = takeOften(taught, body);
      expect(taken.faults).toEqual([]);
      expectStructure(body, taken.columns);
      recognised += taken.recognised;
      expected += taken.expected;
    }
    expect(recognised).toBe(expected);
    expect(recognised).toBeGreaterThan(recordings.length);
  });

  test.each([false, true])("in the requests of an application, with content: %s", (content) => {
    const taught = taughtRecogniser(recogniser());
    let last: ReturnType<TaughtRecogniser["take"]> | null = null;
    for (let seed = 1; seed <= 12; seed++) {
      const { body } = corpusRequest({ spans: 120, content, seed });
      last = taught.take(body);
      expect(last.faults).toEqual([]);
      expectStructure(body, last.columns);
    }
    expect(last?.recognised).toBe(last?.expected);
    expect(last?.recognised).toBeGreaterThan(110);
  });
});

/** One byte of it changed, so that every length still fits. */
function overwritten(body: Uint8Array, seed: number): Uint8Array {
  const changed = Uint8Array.from(body);
  const random = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  const at = random % body.length;
  changed[at] = (changed[at] ?? 0) ^ (1 << (random >>> 29));
  return changed;
}

const EXCEPTION = {
  timeUnixNano: "1764000000000000000",
  name: "exception",
  attributes: [{ key: "exception.message", value: { stringValue: "Overloaded" } }],
};
const ERROR = { code: 2 };

describe("a span that failed", () => {
  const ids = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 1) };
  const times = { startTimeUnixNano: "1764000000000000000", endTimeUnixNano: "1764000000000000000" };
  const bodyOf = (texts: object): Uint8Array => {
    const span = { ...ids, ...times, name: "chat", ...texts };
    return codec.encode(codec.fromObject({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })).finish();
  };
  const ownTexts = ({ columns }: ReturnType<TaughtRecogniser["take"]>): number | undefined => columns?.spans[SPAN_COLUMN.ownTexts];

  test.each([
    ["events", { status: ERROR, events: [EXCEPTION, EXCEPTION] }],
    ["a message", { status: { ...ERROR, message: "429 Rate limit reached" } }],
    ["both", { status: { ...ERROR, message: "x".repeat(300) }, events: [{ ...EXCEPTION, droppedAttributesCount: 3 }] }],
  ])("is of its shape whatever it says in %s, and this is told", (_what, texts) => {
    const taught = taughtRecogniser(recogniser());
    expect(ownTexts(takeOften(taught, bodyOf({ status: ERROR })))).toBe(0);
    const taken = taught.take(bodyOf(texts));
    expect(taken).toMatchObject({ recognised: 1, faults: [] });
    expect(ownTexts(taken)).toBe(1);
    expect(ownTexts(taught.take(bodyOf({ status: ERROR })))).toBe(0);
  });

  test.each([
    ["did not fail and has events", { events: [EXCEPTION] }, {}],
    ["is well and has events", { status: { code: 1 }, events: [EXCEPTION] }, { status: { code: 1 } }],
    ["is well and has a message", { status: { code: 1, message: "fine" } }, { status: { code: 1 } }],
    [
      "failed and has a link",
      { status: ERROR, events: [EXCEPTION], links: [{ traceId: ids.traceId, spanId: ids.spanId }] },
      { status: ERROR },
    ],
  ])("is not recognised where it %s", (_what, texts, known) => {
    const taught = taughtRecogniser(recogniser());
    takeOften(taught, bodyOf(known));
    for (let round = 0; round < 3; round++) expect(taught.take(bodyOf(texts))).toMatchObject({ recognised: 0, faults: [] });
    expect(taught.take(bodyOf(known)).recognised).toBe(1);
  });
});

describe("nothing else is recognised", () => {
  test("whatever a client sends", () => {
    const taught = taughtRecogniser(recogniser());
    fc.assert(
      fc.property(requests, (request) => {
        const body = codec.encode(codec.fromObject(request)).finish();
        const { columns, faults } = takeOften(taught, body);
        expect(faults).toEqual([]);
        expectStructure(body, columns);
      }),
      { numRuns: 150 },
    );
  });

  test("whatever shapes take turns", () => {
    const taught = taughtRecogniser(recogniser());
    let recognised = 0;
    fc.assert(
      fc.property(shapedRequests, (request) => {
        const body = codec.encode(codec.fromObject(request)).finish();
        const taken = takeOften(taught, body);
        expect(taken.faults).toEqual([]);
        expectStructure(body, taken.columns);
        recognised += taken.recognised;
      }),
      { numRuns: 150 },
    );
    expect(recognised).toBeGreaterThan(100);
  });

  test.each([
    ["a presence that nobody can read", { stringValue: "x" }, { bytesValue: Uint8Array.of(1) }],
    ["a presence that is empty", { stringValue: "x" }, {}],
    ["a presence that is a list", { intValue: "1" }, { arrayValue: { values: [] } }],
  ])("of %s", (_what, known, other) => {
    const taught = taughtRecogniser(recogniser());
    const times = { startTimeUnixNano: "1764000000000000000", endTimeUnixNano: "1764000000000000000" };
    const ids = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 1) };
    const bodyOf = (value: ReferenceAnyValue): Uint8Array => {
      const span = { ...ids, ...times, attributes: [{ key: "gen_ai.tool.name", value }] };
      return codec.encode(codec.fromObject({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })).finish();
    };
    expect(takeOften(taught, bodyOf(known)).recognised).toBe(1);
    for (let round = 0; round < 3; round++) expect(taught.take(bodyOf(other))).toMatchObject({ recognised: 0, faults: [] });
    expect(taught.take(bodyOf(known)).recognised).toBe(1);
  });

  test("of bodies that were damaged on the way", () => {
    const taught = taughtRecogniser(recogniser());
    const bodies = [...recordings.slice(0, 40), corpusRequest({ spans: 12, content: false, seed: 5 }).body];
    for (const body of bodies) takeOften(taught, body);
    let [declined, recognised] = [0, 0];
    for (let seed = 0; seed < MUTATIONS; seed++) {
      const body = bodies[seed % bodies.length] ?? new Uint8Array();
      const taken = taught.take(seed % 3 === 0 ? mutate(body, seed) : overwritten(body, seed));
      expect(taken.faults, `seed ${seed}`).toEqual([]);
      if (taken.columns === null) declined++;
      recognised += taken.recognised;
    }
    // A trap would have emptied the kernel of what it was taught.
    for (const body of bodies) {
      const taken = taught.take(body);
      expect(taken.recognised).toBe(taken.expected);
    }
    expect(declined).toBeGreaterThan(100);
    expect(recognised).toBeGreaterThan(MUTATIONS / 4);
  });

  test("of bodies that are cut off", () => {
    const taught = taughtRecogniser(recogniser());
    const { body } = corpusRequest({ spans: 6, content: false, seed: 8 });
    takeOften(taught, body);
    for (let length = 0; length < body.length; length++) {
      const { columns, faults } = taught.take(body.subarray(0, length));
      expect(faults, `${length} bytes`).toEqual([]);
      if (length > 0) expect(columns, `${length} bytes`).toBeNull();
    }
    expect(taught.take(body).recognised).toBeGreaterThan(0);
  });
});
