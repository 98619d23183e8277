import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceCodec } from "../../test/support/otlp-reference-codec.ts";
import { requests } from "../../test/support/otlp-requests.ts";
import { decodeJsonRequest } from "./decode-json-request.ts";
import { MalformedError } from "./wire-reader.ts";

const codec = referenceCodec("ExportTraceServiceRequest");

function decode(request: unknown): ReturnType<typeof decodeJsonRequest> {
  return decodeJsonRequest(Buffer.from(typeof request === "string" ? request : JSON.stringify(request)));
}

function plain(body: Uint8Array): unknown {
  return codec.toObject(codec.decode(body), { longs: String, bytes: String });
}

/** OTLP/JSON of a decoded request: protobufjs' JSON is protobuf's, but for ids, which OTLP writes in hex. */
function toJson(body: Uint8Array): string {
  const options = { longs: String, enums: Number, bytes: String, json: true } as const;
  return JSON.stringify(codec.toObject(codec.decode(body), options), (key, value: unknown) => {
    if (typeof value === "string" && /^(?:trace|span|parentSpan)Id$/.test(key)) return Buffer.from(value, "base64").toString("hex");
    // JSON.stringify would take its sign.
    return Object.is(value, -0) ? "-0" : value;
  });
}

const SPAN = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", startTimeUnixNano: "1790000000000000000" };

function requestOf(...spans: object[]): object {
  return { resourceSpans: [{ scopeSpans: [{ spans: [] }, { spans: [] }, { spans: [SPAN, ...spans] }] }] };
}

function decodedSpan(span: object): Record<string, unknown> {
  const { protobuf, firstRejection } = decode(requestOf({ ...SPAN, ...span }));
  expect(firstRejection).toBe("");
  const { resourceSpans } = plain(protobuf) as { resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[] };
  return resourceSpans[0]!.scopeSpans[2]!.spans[1]!;
}

describe("an OTLP/JSON request", () => {
  test("is the protobuf request that it says", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const body = codec.encode(codec.fromObject(request)).finish();
        const { protobuf, rejectedSpans } = decodeJsonRequest(Buffer.from(toJson(body)));
        expect(plain(protobuf)).toEqual(plain(body));
        expect(rejectedSpans).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test("of OpenTelemetry's own exporter equals the request of its protobuf exporter", () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const span = provider
      .getTracer("scope", "1.0")
      .startSpan("chat gpt-5.2", { kind: 2, attributes: { a: 1, b: 1.5, c: "x", d: [true, false], e: -7 } });
    span.recordException(new Error("boom"));
    span.setStatus({ code: 2, message: "boom" });
    span.end();
    const spans = exporter.getFinishedSpans();
    const { protobuf } = decodeJsonRequest(JsonTraceSerializer.serializeRequest(spans)!);
    expect(plain(protobuf)).toEqual(plain(ProtobufTraceSerializer.serializeRequest(spans)!));
  });

  test("may write numbers as numbers, enums by name, ids in capitals and fields in snake_case", () => {
    const span = {
      traceId: SPAN.traceId.toUpperCase(),
      kind: "SPAN_KIND_CLIENT",
      start_time_unix_nano: 1_790_000_000_000,
      status: { code: "STATUS_CODE_ERROR" },
    };
    const decoded = decodedSpan({ ...span, startTimeUnixNano: undefined, attributes: [{ key: "n", value: { int_value: 7 } }] });
    expect(decoded).toMatchObject({ kind: 3, startTimeUnixNano: "1790000000000", status: { code: 2 } });
    expect(decoded["attributes"]).toEqual([{ key: "n", value: { intValue: "7" } }]);
  });

  test("may hold fields that nobody knows, and null for a field that is absent", () => {
    expect(decodedSpan({ newField: { a: 1 }, name: null, attributes: null, __proto__: { kind: 5 } })).not.toHaveProperty("kind");
  });

  test("keeps a key named __proto__", () => {
    const json = JSON.stringify(
      requestOf({
        ...SPAN,
        attributes: [{ key: "__proto__", value: { kvlistValue: { values: [{ key: "__proto__", value: { boolValue: true } }] } } }],
      }),
    );
    const { protobuf } = decode(json.replace('"name"', '"__proto__"'));
    expect(JSON.stringify(plain(protobuf))).toContain('"key":"__proto__","value":{"kvlistValue":{"values":[{"key":"__proto__"');
  });

  test("writes a lone surrogate as the replacement character", () => {
    expect(decodedSpan({ name: "a\ud800b" })["name"]).toBe("a\ufffdb");
  });
});

describe("one odd span", () => {
  test.each([
    [{ traceId: "abc" }, "traceId: expected 32 hex digits", "invalid_trace_id"],
    [{ traceId: "CvdlGRbNQ92ESOshHIAxnAAAAAAAAAAA" }, "traceId: expected 32 hex digits", "invalid_trace_id"],
    [{ traceId: "0".repeat(32) }, "traceId: expected 32 hex digits that are not all zero", "invalid_trace_id"],
    [{ spanId: 12 }, "spanId: expected 16 hex digits", "invalid_span_id"],
    [{ parentSpanId: "xyz" }, "parentSpanId: expected 16 hex digits", "invalid_parent_span_id"],
    [{ name: 5 }, "name: expected a string", "malformed"],
    [
      { startTimeUnixNano: "soon" },
      "startTimeUnixNano: expected a whole number from 0 to 18446744073709551615, as a number or in a string",
      "malformed",
    ],
    [
      { startTimeUnixNano: -1 },
      "startTimeUnixNano: expected a whole number from 0 to 18446744073709551615, as a number or in a string",
      "malformed",
    ],
    [{ kind: "CLIENT" }, /kind: expected a number, or one of SPAN_KIND_UNSPECIFIED, /, "malformed"],
    [{ attributes: {} }, "attributes: expected an array, got a object", "malformed"],
    [{ attributes: [null] }, "attributes[0]: expected an object, got null", "malformed"],
    [{ attributes: [{ key: "a", value: { intValue: 1.5 } }] }, /attributes\[0\]\.value\.intValue: expected a whole number/, "malformed"],
    [{ attributes: [{ key: "a", value: { boolValue: "yes" } }] }, "attributes[0].value.boolValue: expected true or false", "malformed"],
    [{ attributes: [{ key: "a", value: { doubleValue: "much" } }] }, /attributes\[0\]\.value\.doubleValue: expected a number/, "malformed"],
    [{ attributes: [{ key: "a", value: { bytesValue: "%" } }] }, "attributes[0].value.bytesValue: expected base64", "malformed"],
    [{ status: 2 }, "status: expected an object, got a number", "malformed"],
    [{ flags: 2 ** 33 }, "flags: expected a whole number of 32 bits", "malformed"],
  ])("%o is refused alone, and the field is named", (over, message, reason) => {
    const { protobuf, rejectedSpans, rejectionReasons, firstRejection } = decode(requestOf({ ...SPAN, ...over }, SPAN));
    expect(firstRejection.slice(0, "resourceSpans[0].scopeSpans[2].spans[1].".length)).toBe("resourceSpans[0].scopeSpans[2].spans[1].");
    expect(firstRejection.slice("resourceSpans[0].scopeSpans[2].spans[1].".length)).toEqual(
      typeof message === "string" ? message : expect.stringMatching(message),
    );
    expect([rejectedSpans, [...rejectionReasons]]).toEqual([1, [[reason, 1]]]);
    expect(plain(protobuf)).toEqual(plain(decode(requestOf(SPAN)).protobuf));
  });

  test("is the first one in the request, where several are odd", () => {
    const { firstRejection, rejectedSpans } = decode(requestOf({ ...SPAN, name: 1 }, SPAN, { ...SPAN, kind: {} }));
    expect([rejectedSpans, firstRejection]).toEqual([2, "resourceSpans[0].scopeSpans[2].spans[1].name: expected a string"]);
  });
});

describe("a body", () => {
  test.each([
    ["[]", "expected a JSON object with resourceSpans, got an array"],
    ["null", "expected a JSON object with resourceSpans, got null"],
    ['"text"', "expected a JSON object with resourceSpans, got a string"],
    ['{"resourceSpans":{}}', "resourceSpans: expected an array, got a object"],
    ['{"resourceSpans":[{"scopeSpans":[{"scope":{"name":1}}]}]}', "resourceSpans[0].scopeSpans[0].scope.name: expected a string"],
    ['{"resourceMetrics":[]}', "these are metrics, and this gateway takes traces only: send metrics to a Collector or to their backend"],
    ['{"resourceLogs":[]}', "these are logs, and this gateway takes traces only: send logs to a Collector or to their backend"],
  ])("%s is no request", (body, message) => {
    expect(() => decode(body)).toThrow(new MalformedError(message));
  });

  // Engines word it differently, and some quote the text around it, which may be a prompt.
  test.each(["", "{", '{"secret prompt": "x" y}', "secret prompt"])("%s is no JSON, and nothing of it is quoted", (body) => {
    expect(() => decode(body)).toThrow(/^malformed JSON(?: at position \d+)?$/);
  });

  test("nested 100,000 deep is refused, not a crash", () => {
    const nested = `${'{"arrayValue":{"values":['.repeat(50_000)}${"]}}".repeat(50_000)}`;
    const json = JSON.stringify(requestOf({ ...SPAN, attributes: [{ key: "a", value: 0 }] })).replace('"value":0', `"value":${nested}`);
    const { firstRejection } = decode(json);
    expect(firstRejection).toMatch(/: expected attributes nested no deeper than 256$/);
    expect(firstRejection.length).toBeLessThan(20_000);
  });
});
