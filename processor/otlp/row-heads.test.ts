import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RECORDED_TRACES, toProtobuf } from "../../test/support/recorded-traces.ts";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { referenceCodec, type ReferenceKeyValue } from "../../test/support/otlp-reference-codec.ts";
import { traceRequest } from "../../test/support/trace-requests.ts";
import { attributesJson } from "./attributes-json.ts";
import { readMarkedColumns } from "./read-attribute-columns.ts";
import type { RequestScan } from "./request-scan.ts";
import { openKernel } from "../kernel/kernel-exports.ts";
import { openRowModule } from "../kernel/row-exports.ts";
import { RowHeads } from "./row-heads.ts";
import { SCAN_KEYS } from "./scan-keys.ts";
import { scanRequest } from "./scan-request.ts";
import type { ScannedSpan } from "./scanned-span.ts";

const kernel = openKernel();
if (kernel === null) throw new Error("this machine has WebAssembly with SIMD");
const heads = new RowHeads(openRowModule(kernel));
const codec = referenceCodec("ExportTraceServiceRequest");
const FIELDS = 12;

/** A head field by field, read as PostgreSQL reads it. */
function readHead(end: number): (string | null)[] {
  const { bytes, rowsStart } = heads;
  const fields: (string | null)[] = [];
  expect(bytes.readInt16BE(rowsStart)).toBe(FIELDS);
  for (let at = rowsStart + 2; at < end;) {
    const length = bytes.readInt32BE(at);
    at += 4;
    fields.push(length < 0 ? null : bytes.toString("utf8", at, at + length));
    at += Math.max(length, 0);
  }
  return fields;
}

function ordinaryHead(scan: RequestScan, span: ScannedSpan, captureContent: boolean): (string | null)[] {
  const json = Buffer.from(attributesJson(scan, span, captureContent)).toString("utf8");
  const { userId, conversationId, agentName, toolName } = readMarkedColumns(scan, span);
  const parent = span.parentSpanId === "" ? null : span.parentSpanId;
  return [`\u0001${json}`, span.traceId, span.spanId, parent, userId, conversationId, agentName, toolName];
}

/** Compares the heads of all spans; answers how many were made by the quick way. */
function compareHeads(body: Uint8Array, captureContent = false): { readonly made: number; readonly spans: number } {
  const scan = scanRequest(body, SCAN_KEYS, { limits: { timeMsMin: -Infinity, timeMsMax: Infinity } });
  expect(heads.open({ reader: scan.reader, keys: SCAN_KEYS, captureContent }, false)).toBe(true);
  let made = 0;
  for (const span of scan.spans) {
    const place = { start: scan.regions.start(span.region), end: scan.regions.end(span.region) };
    const end = heads.write(place, FIELDS, { at: heads.rowsStart, isTrace: true });
    if (end === 0) continue;
    made += 1;
    expect(readHead(end)).toEqual(ordinaryHead(scan, span, captureContent));
    expect({ userId: heads.userId, httpStatus: heads.httpStatus }).toEqual(
      (({ userId, httpStatus }) => ({ userId, httpStatus }))(readMarkedColumns(scan, span)),
    );
    expect(heads.bytes.toString("latin1", heads.idsStart + 4, heads.idsStart + 36)).toBe(span.traceId);
  }
  return { made, spans: scan.spans.length };
}

describe("a row's head is the one that is made of attributes that were scanned", () => {
  test.each([true, false])("of recorded traces, messages captured: %s", (captureContent) => {
    let [made, spans] = [0, 0];
    for (const { trace } of RECORDED_TRACES) {
      const compared = compareHeads(toProtobuf(trace), captureContent);
      made += compared.made;
      spans += compared.spans;
    }
    expect(made / spans).toBeGreaterThan(0.9);
  });

  test("of a busy service, and with messages of 300 KB", () => {
    for (const content of [true, false]) {
      const { body } = corpusRequest({ spans: 200, content, seed: 3 });
      const { made, spans } = compareHeads(body, content);
      expect(made).toBe(spans);
    }
    compareHeads(traceRequest({ spans: 10, promptChars: 300_000, signed: true }).protobuf, true);
  });
});

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom(
    "",
    "\0",
    "a\0b",
    '"',
    "\\",
    "\u0001\u001f\u007f\u0080\u2028",
    "\t\n\r\b\f",
    "é".repeat(40),
    "😀".repeat(9),
    "x".repeat(17_000),
  ),
);
const anyDouble = fc.oneof(
  fc.double(),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 1000),
  fc.constantFrom(0, -0, 1e21, 1e-7, 0.1 + 0.2, 2 ** 53),
);
const scalar = fc.oneof(
  anyText.map((stringValue) => ({ stringValue })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ intValue: String(value) })),
  fc.integer({ min: 90, max: 700 }).map((value) => ({ intValue: String(value) })),
  anyDouble.map((doubleValue) => ({ doubleValue })),
  fc.boolean().map((boolValue) => ({ boolValue })),
  fc.uint8Array({ maxLength: 20 }).map((bytesValue) => ({ bytesValue })),
  fc.constant({}),
);
const anyValue = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(scalar, { maxLength: 5 }).map((values) => ({ arrayValue: { values } })),
  fc.array(fc.array(scalar, { maxLength: 2 }), { maxLength: 2 }).map((lists) => ({
    arrayValue: { values: lists.map((values) => ({ arrayValue: { values } })) },
  })),
  fc.array(fc.tuple(anyText, scalar), { maxLength: 3 }).map((entries) => ({
    kvlistValue: { values: entries.map(([key, value]) => ({ key, value })) },
  })),
);
const anyKey = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "user.id",
      "enduser.id",
      "session.id",
      "gen_ai.agent.name",
      "tool.name",
      "http.response.status_code",
      "http.status_code",
    ),
  },
  { weight: 6, arbitrary: fc.constantFrom("gen_ai.input.messages", "gen_ai.request.model", "é", "__proto__") },
  { weight: 6, arbitrary: anyText.map((text) => `key ${text}`) },
  { weight: 1, arbitrary: fc.constantFrom("", "k".repeat(600)) },
);
const anyAttributes = fc.array(fc.tuple(anyKey, fc.option(anyValue)), { maxLength: 12 });

function requestOf(attributes: ReferenceKeyValue[], ids: Record<string, unknown> = {}): Uint8Array {
  const span = {
    traceId: Buffer.alloc(16, 0xa7),
    spanId: Buffer.alloc(8, 0x0f),
    name: "any",
    startTimeUnixNano: "1764000000000000000",
    endTimeUnixNano: "1764000001000000000",
    flags: 257,
    attributes,
    ...ids,
  };
  return codec.encode(codec.fromObject({ resourceSpans: [{ scopeSpans: [{ scope: { name: "any" }, spans: [span] }] }] })).finish();
}

test("a row's head of any attributes", () => {
  let made = 0;
  const runs = 3_000;
  fc.assert(
    fc.property(anyAttributes, fc.boolean(), (attributes, captureContent) => {
      const entries = attributes.map(([key, value]) => (value === null ? { key } : { key, value })) as ReferenceKeyValue[];
      made += compareHeads(requestOf(entries), captureContent).made;
    }),
    { numRuns: runs },
  );
  expect(made / runs).toBeGreaterThan(0.3);
});

test("a row's head of attributes that come again, whatever came before them", () => {
  // Few enough to be remembered, and to come in every order.
  const few = fc.sample(fc.tuple(anyKey, fc.option(anyValue)), { numRuns: 24, seed: 11 });
  const some = fc.array(fc.constantFrom(...few), { maxLength: 10 });
  // And one with a value of its own, again and again between them.
  const requests = fc.array(fc.tuple(some, fc.nat(), some), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(requests, fc.boolean(), (spans, captureContent) => {
      for (const [before, own, after] of spans) {
        const attributes = [...before, ["app.own", { intValue: String(own) }] as const, ...after];
        compareHeads(
          requestOf(attributes.map(([key, value]) => (value === null ? { key } : { key, value })) as ReferenceKeyValue[]),
          captureContent,
        );
      }
    }),
    { numRuns: 1_000 },
  );
});

test("values that are never the same: what is remembered of them is forgotten, and rows stay right", () => {
  for (let request = 0; request < 60; request++) {
    // A third of them comes again, which is enough to be looked for.
    const attributes = Array.from({ length: 400 }, (_, index) => ({
      key: `k${index % 40}`,
      value: { stringValue: `${index % 3 === 0 ? index : `${request}.${index}`}${"x".repeat(80)}` },
    }));
    expect(compareHeads(requestOf(attributes as unknown as ReferenceKeyValue[])).made).toBe(1);
  }
});

test("a row's head of bytes that are no UTF-8, wherever they stand", () => {
  const attributes = Array.from({ length: 6 }, (_, index) => ({
    key: `key.${index}`,
    value: { stringValue: `${"text ".repeat(index * 3)}é😀` },
  }));
  const body = Buffer.from(requestOf(attributes));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: body.length - 1 }), fc.integer({ min: 0x80, max: 0xff }), (at, byte) => {
      const changed = Buffer.from(body);
      // Only what is text: the others would make it another message.
      if ((changed[at] ?? 0) >= 0x61) changed[at] = byte;
      try {
        scanRequest(changed, SCAN_KEYS);
      } catch {
        return;
      }
      compareHeads(changed);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["a parent", { parentSpanId: Buffer.alloc(8, 9) }, "0909090909090909"],
  ["a parent of zeros", { parentSpanId: Buffer.alloc(8) }, null],
  ["an empty parent", { parentSpanId: Buffer.alloc(0) }, null],
])("%s", (_name, ids, parent) => {
  const body = requestOf([], ids);
  compareHeads(body);
  const scan = scanRequest(body, SCAN_KEYS);
  heads.open({ reader: scan.reader, keys: SCAN_KEYS, captureContent: false }, false);
  const place = { start: scan.regions.start(scan.spans[0]!.region), end: scan.regions.end(scan.spans[0]!.region) };
  expect(readHead(heads.write(place, FIELDS, { at: heads.rowsStart, isTrace: false }))).toEqual([
    "\u0001{}",
    "a7".repeat(16),
    "0f".repeat(8),
    parent,
  ]);
});

test("a client that invents keys: all are forgotten and told anew, and rows stay right", () => {
  for (let request = 0; request < 40; request++) {
    const attributes = Array.from({ length: 500 }, (_, index) => ({
      key: `invented.${request}.${index}.${"x".repeat(40)}`,
      value: { intValue: index },
    }));
    expect(compareHeads(requestOf(attributes as unknown as ReferenceKeyValue[])).made).toBe(1);
  }
});

test("a request that is too large is for the ordinary way", () => {
  const body = requestOf([{ key: "large", value: { stringValue: "x".repeat(5_000_000) } }]);
  const { reader } = scanRequest(body, SCAN_KEYS);
  expect(heads.open({ reader, keys: SCAN_KEYS, captureContent: false }, false)).toBe(false);
  expect(heads.write({ start: 0, end: 10 }, 1, { at: heads.rowsStart, isTrace: false })).toBe(0);
});
