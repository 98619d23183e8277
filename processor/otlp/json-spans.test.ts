import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MalformedJsonError, readJsonRequest, writeJsonAttributes } from "./json-spans.ts";

function request(span: unknown): unknown {
  return { resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: "ai", version: "1" }, spans: [span] }] }] };
}

function attribute(key: string, value: unknown): unknown {
  return { key, value };
}

describe("readJsonRequest", () => {
  test("reads a span whole", () => {
    const [read] = readJsonRequest(
      request({
        traceId: "0AF7651916CD43DD8448EB211C80319C",
        spanId: "00F067AA0BA902B7",
        parentSpanId: "",
        name: "chat",
        kind: 3,
        startTimeUnixNano: "1795507200000250000",
        endTimeUnixNano: 1795507200900000000,
        status: { code: 2, message: "429" },
        attributes: [
          attribute("text", { stringValue: "x" }),
          attribute("int", { intValue: "1200" }),
          attribute("number", { intValue: 7 }),
          attribute("double", { doubleValue: 0.5 }),
          attribute("not a number", { doubleValue: "NaN" }),
          attribute("bool", { boolValue: false }),
          attribute("list", { arrayValue: { values: [{ stringValue: "stop" }, {}] } }),
          attribute("object", { kvlistValue: { values: [{ key: "__proto__", value: { intValue: 1 } }] } }),
          attribute("bytes", { bytesValue: "AAEC" }),
          attribute("__proto__", { stringValue: "only a key" }),
        ],
        events: [
          { name: "exception", timeUnixNano: "1795507200100000000", attributes: [attribute("exception.type", { stringValue: "E" })] },
        ],
      }),
    );
    expect(read?.span).toMatchObject({
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "00f067aa0ba902b7",
      startMs: 1_795_507_200_000.25,
      endMs: 1_795_507_200_900,
      kind: 3,
      statusCode: 2,
      statusMessage: "429",
      scopeName: "ai",
      events: [{ name: "exception", timeMs: 1_795_507_200_100, attributes: { "exception.type": "E" } }],
    });
    const attributes = read?.span.attributes ?? {};
    expect(Object.keys(attributes)).toEqual(["text", "int", "number", "double", "not a number", "bool", "list", "object", "__proto__"]);
    expect([attributes["int"], attributes["not a number"], attributes["list"], attributes["__proto__"]]).toEqual([
      1_200,
      NaN,
      ["stop"],
      "only a key",
    ]);
  });

  test("takes enums by name and fields by their proto name, as the proto3 JSON mapping allows", () => {
    const span = {
      trace_id: "ab",
      span_id: "cd",
      kind: "SPAN_KIND_CLIENT",
      status: { code: "STATUS_CODE_ERROR" },
      start_time_unix_nano: "1000000",
    };
    const [read] = readJsonRequest({ resource_spans: [{ scope_spans: [{ spans: [span] }] }] });
    expect(read?.span).toMatchObject({ traceId: "ab", spanId: "cd", kind: 3, statusCode: 2, startMs: 1 });
  });

  test.each<[string, unknown, RegExp]>([
    ["no object", [], /the request: expected an object, got a list/],
    ["null", null, /the request: expected an object, got null/],
    ["nothing of OTLP", { spans: [] }, /resourceSpans: expected a list, the document has none/],
    ["text for a list", { resourceSpans: "x" }, /resourceSpans: expected a list, got a string/],
    ["a number for an object", { resourceSpans: [7] }, /resourceSpans\[0\]: expected an object, got a number/],
    ["a list for scopes", { resourceSpans: [{ scopeSpans: {} }] }, /resourceSpans\[0\]\.scopeSpans: expected a list, got an object/],
    ["null among spans", request(null), /resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]: expected an object, got null/],
    ["attributes as an object", request({ attributes: {} }), /spans\[0\]\.attributes: expected a list, got an object/],
    ["a key that is no text", request({ attributes: [{ key: 1 }] }), /spans\[0\]\.attributes\[0\]\.key: expected text, got a number/],
    ["a document of a thousand levels", request({ x: nested(1_000) }), /the request: nested deeper than 1000/],
  ])("%s: says which field and what was expected", (_, document, message) => {
    expect(() => readJsonRequest(document)).toThrow(message);
  });

  test.each<[string, unknown]>([
    ["ids of any length", { traceId: "xyz", spanId: 7 }],
    ["absurd times", { startTimeUnixNano: "-5", endTimeUnixNano: "1e400" }],
    ["values 200 deep", { attributes: [attribute("deep", nestedValue(200))] }],
    ["empty values", { attributes: [attribute("empty", {}), attribute("null", null)] }],
    ["enums out of range", { kind: 99, status: { code: -1 } }],
  ])("%s: an odd span is read as far as it goes", (_, span) => {
    expect(readJsonRequest(request(span))).toHaveLength(1);
  });

  test("any JSON is read or refused, and never anything else", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        for (const document of [value, { resourceSpans: value }, { resourceSpans: [{ scopeSpans: value }] }, request(value)]) {
          try {
            readJsonRequest(document);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedJsonError);
          }
        }
      }),
    );
  });
});

describe("writeJsonAttributes", () => {
  test("replaces what stands there, adds the rest, and leaves no key twice", () => {
    const ref = {
      attributes: [attribute("a", { intValue: "1" }), attribute("b", { stringValue: "x" }), attribute("a", { intValue: "2" })],
    };
    writeJsonAttributes(ref, { b: "y", retry_count: 2, cost_usd: 1, llm_call: true, output_tokens_per_second: 0.5 });
    expect(ref.attributes).toEqual([
      attribute("a", { intValue: "2" }),
      attribute("b", { stringValue: "y" }),
      attribute("retry_count", { intValue: "2" }),
      attribute("cost_usd", { doubleValue: 1 }),
      attribute("llm_call", { boolValue: true }),
      attribute("output_tokens_per_second", { doubleValue: 0.5 }),
    ]);
  });

  test("a span without attributes gets a list", () => {
    const ref: Record<string, unknown> = {};
    writeJsonAttributes(ref, { llm_call: false });
    expect(ref).toEqual({ attributes: [attribute("llm_call", { boolValue: false })] });
  });
});

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

function nestedValue(depth: number): unknown {
  let value: unknown = { stringValue: "bottom" };
  for (let level = 0; level < depth; level += 1) value = { arrayValue: { values: [value] } };
  return value;
}
