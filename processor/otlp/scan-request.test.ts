import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import { detachedSpan, type AttributeValue, type Span } from "../core/span.ts";
import { laterCodec, referenceCodec, type ReferenceAnyValue, type ReferenceKeyValue } from "../../test/support/otlp-reference-codec.ts";
import { type ReferenceRequest, type ReferenceSpan, requests } from "../../test/support/otlp-requests.ts";
import { KeyDictionary } from "./key-dictionary.ts";
import { scanRequest } from "./scan-request.ts";
import { MalformedError } from "./wire-reader.ts";

const READ = new Set(["gen_ai.request.model", "error.type", "a", "ab", "abc", "abcd", "__proto__", "constructor", "новый.ключ", ""]);
const codec = laterCodec("ExportTraceServiceRequest");
const plainCodec = referenceCodec("ExportTraceServiceRequest");

function scan(body: Uint8Array): ReturnType<typeof scanRequest> {
  return scanRequest(body, new KeyDictionary({ read: READ }));
}

/** The same spans by way of objects. */
function readByReference(body: Uint8Array): unknown[] {
  const request = codec.decode(body) as unknown as ReferenceRequest;
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        ...readSpan(span),
        scopeName: clean(scope?.name ?? ""),
        scopeVersion: clean(scope?.version ?? ""),
        resource: attributesOf(resource?.attributes ?? []),
      })),
    ),
  );
}

function readSpan(span: ReferenceSpan): Partial<Span> {
  const startMs = Number(String(span.startTimeUnixNano)) / 1e6;
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: span.parentSpanId?.some((byte) => byte > 0) === true ? hex(span.parentSpanId) : "",
    name: clean(span.name ?? ""),
    kind: span.kind ?? 0,
    startMs,
    endMs: Math.max(startMs, Number(String(span.endTimeUnixNano)) / 1e6),
    statusCode: span.status?.code ?? 0,
    statusMessage: clean(span.status?.message ?? ""),
    attributes: attributesOf(span.attributes ?? [], READ) as Span["attributes"],
    events: (span.events ?? [])
      .filter(({ name }) => clean(name) !== "")
      .map((event) => ({
        name: clean(event.name),
        timeMs: Number(String(event.timeUnixNano)) / 1e6,
        attributes: attributesOf(event.attributes ?? [], READ) as Span["attributes"],
      })),
  };
}

/** As pairs: `toEqual` looks away from a key named __proto__. */
function attributesOf(attributes: ReferenceKeyValue[], keys?: ReadonlySet<string>): unknown {
  const read = new Map<string, AttributeValue>();
  for (const { key, value } of attributes) {
    const decoded = value === null || value === undefined ? undefined : valueOf(value);
    if ((keys === undefined || keys.has(key)) && decoded !== undefined) read.set(keys === undefined ? clean(key) : key, decoded);
  }
  return Object.fromEntries([...read].map(([key, value]) => [`key ${key}`, value]));
}

function valueOf(any: ReferenceAnyValue): AttributeValue | undefined {
  switch (any.value) {
    case "stringValue":
      return clean(any.stringValue ?? "");
    case "boolValue":
      return any.boolValue ?? false;
    case "intValue":
      return Number(String(any.intValue));
    case "doubleValue":
      return any.doubleValue ?? 0;
    case "arrayValue":
      return (any.arrayValue?.values ?? []).map(valueOf).filter((value) => value !== undefined);
    case "kvlistValue":
      return attributesOf(any.kvlistValue?.values ?? []) as AttributeValue;
    case undefined:
    default:
      return undefined;
  }
}

const clean = (text: string): string => text.replaceAll("\0", "");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Ours in the form of `attributesOf`. */
function paired(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(paired);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [`key ${key}`, paired(inner)]));
}

function comparable(scanned: Span): unknown {
  const span = detachedSpan(scanned);
  const events = span.events.map((event) => ({ ...event, attributes: paired(event.attributes) }));
  return { ...span, attributes: paired(span.attributes), resource: paired(span.resource), events };
}

describe("the spans of a request", () => {
  test("are what the reference codec decodes", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const body = codec.encode(codec.fromObject(request)).finish();
        const scanned = scan(body);
        expect(scanned.spans.map((span) => comparable(span))).toEqual(readByReference(body));
        expect(scanned.rejected).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test("know their resource and scope, wherever these stand on the wire", () => {
    const scopeSpans = message(2, [message(2, spanBytes()), message(1, [0x0a, 1, 0x73])].flat());
    const resource = message(1, message(1, [0x0a, 1, 0x6b, 0x12, 3, 0x0a, 1, 0x76]));
    const { spans } = scan(Uint8Array.from(message(1, [...scopeSpans, ...resource])));
    expect(spans.map((span) => [span.scopeName, { ...span.resource }])).toEqual([["s", { k: "v" }]]);
  });

  test("of two concatenated requests are the spans of both", () => {
    const body = plainCodec.encode(plainCodec.fromObject(requestOf([spanOf({}), spanOf({ name: "second" })]))).finish();
    expect(scan(Buffer.concat([body, body])).spans.map((span) => span.name)).toEqual(["", "second", "", "second"]);
  });
});

function message(field: number, content: number[]): number[] {
  expect(content.length).toBeLessThan(128);
  return [(field << 3) | 2, content.length, ...content];
}

function spanBytes(): number[] {
  const span = referenceCodec("Span");
  return [...span.encode(span.fromObject(spanOf({}))).finish()];
}

function spanOf(over: object): object {
  return {
    traceId: new Uint8Array(16).fill(1),
    spanId: new Uint8Array(8).fill(2),
    startTimeUnixNano: "1790000000000000000",
    endTimeUnixNano: "1790000001000000000",
    ...over,
  };
}

/** A request whose one span has a list of lists, by hand: the reference codec stops at a depth of 100. */
function requestNested(depth: number): Buffer {
  let value: Buffer = Buffer.from([0x0a, 1, 0x78]);
  for (let level = 0; level < depth; level++) value = prefixed(0x2a, prefixed(0x0a, value));
  const attribute = Buffer.concat([Buffer.from([0x0a, 1, 0x61]), prefixed(0x12, value)]);
  const span = Buffer.concat([Buffer.from(spanBytes()), prefixed(0x4a, attribute)]);
  return prefixed(0x0a, prefixed(0x12, prefixed(0x12, span)));
}

function prefixed(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), protobuf.Writer.create().uint32(content.length).finish(), content]);
}

function requestOf(spans: object[]): object {
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] };
}

function scanSpans(spans: object[]): ReturnType<typeof scanRequest> {
  return scan(plainCodec.encode(plainCodec.fromObject(requestOf(spans))).finish());
}

describe("one odd span", () => {
  test.each([
    ["invalid_trace_id", { traceId: new Uint8Array(15).fill(1) }],
    ["invalid_trace_id", { traceId: new Uint8Array(16) }],
    ["invalid_trace_id", { traceId: new Uint8Array(0) }],
    ["invalid_span_id", { spanId: new Uint8Array(9).fill(1) }],
    ["invalid_span_id", { spanId: new Uint8Array(8) }],
    ["invalid_parent_span_id", { parentSpanId: new Uint8Array(7).fill(1) }],
    ["invalid_link", { links: [{ traceId: new Uint8Array(3).fill(1), spanId: new Uint8Array(8).fill(1) }] }],
    ["missing_start_time", { startTimeUnixNano: "0" }],
    ["absurd_time", { startTimeUnixNano: "1" }],
    ["absurd_time", { startTimeUnixNano: "18446744073709551615" }],
    ["absurd_time", { endTimeUnixNano: "18446744073709551615" }],
    ["too_many_attributes", { attributes: Array.from({ length: 16_385 }, () => ({ key: "a" })) }],
  ])("is refused alone as %s", (reason, over) => {
    const good = Array.from({ length: 499 }, (_, index) => spanOf({ name: `span ${index}` }));
    const { spans, rejected, rejectionReasons, firstRejection } = scanSpans([...good.slice(0, 123), spanOf(over), ...good.slice(123)]);
    expect(spans.map((span) => span.name)).toEqual(good.map((_, index) => `span ${index}`));
    expect(rejected).toHaveLength(1);
    expect([...rejectionReasons]).toEqual([[reason, 1]]);
    expect(firstRejection).toBe(`resourceSpans[0].scopeSpans[0].spans[123]: ${reason}`);
  });

  test("whose bytes are no span is refused alone, and it is said where", () => {
    const span = message(2, [...spanBytes(), 0x2a, 0x7f]);
    const body = Uint8Array.from(message(1, message(2, [...message(2, spanBytes()), ...span])));
    const { spans, rejectionReasons, firstRejection } = scan(body);
    expect(spans).toHaveLength(1);
    expect([...rejectionReasons]).toEqual([["malformed", 1]]);
    expect(firstRejection).toMatch(/^resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\]: malformed protobuf at byte \d+/);
  });

  test.each([
    ["that ends before it starts has no duration", { endTimeUnixNano: "1780000000000000000" }],
    ["that has no end has no duration", { endTimeUnixNano: "0" }],
  ])("%s and is kept", (_name, over) => {
    const [scanned] = scanSpans([spanOf(over)]).spans;
    expect(scanned?.endMs).toBe(scanned?.startMs);
  });

  test("is kept with attributes nested 200 deep, and refused beyond the limit", () => {
    const { spans, rejectionReasons } = scan(Buffer.concat([200, 256, 257, 4_000].map(requestNested)));
    expect(spans).toHaveLength(2);
    expect([...rejectionReasons]).toEqual([["malformed", 2]]);
  });

  test("with 10 MB of text is read as far as anybody reads", () => {
    const [scanned] = scanSpans([spanOf({ attributes: [{ key: "a", value: { stringValue: "é".repeat(5_000_000) } }] })]).spans;
    expect(scanned?.attributes["a"]).toBe("é".repeat(32_768));
  });
});

describe("a body", () => {
  test("of no bytes is a request without spans", () => {
    expect(scan(new Uint8Array(0)).spans).toEqual([]);
  });

  test.each([
    ["text", Buffer.from("hello, this is no protobuf")],
    ["JSON", Buffer.from('{"resourceSpans":[]}')],
    ["a request that is cut off", Uint8Array.from([0x0a, 0x10, 0x12])],
    ["a known field of another type", Uint8Array.from([0x08, 0x01])],
  ])("of %s is malformed", (_name, body) => {
    expect(() => scan(body)).toThrow(MalformedError);
  });

  test("of very many empty messages is refused before it costs memory", () => {
    const spans = new Uint8Array(2 * 262_144).map((_, index) => (index % 2 === 0 ? 0x12 : 0));
    const scopeSpans = Buffer.concat([Buffer.from([0x12, 0x80, 0x80, 0x20]), spans]);
    const body = Buffer.concat([Buffer.from([0x0a, 0x84, 0x80, 0x20]), scopeSpans]);
    expect(() => scan(body)).toThrow(/more than 262144 messages in one request/);
  });
});
