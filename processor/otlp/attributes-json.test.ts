import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { laterCodec, type ReferenceAnyValue, type ReferenceKeyValue } from "../../test/support/otlp-reference-codec.ts";
import { type ReferenceRequest, requests } from "../../test/support/otlp-requests.ts";
import {
  attributesJson,
  CUT_KEY,
  JSON_CONTENT_BYTES_MAX,
  JSON_DEPTH_MAX,
  JSON_SPAN_BYTES_MAX,
  JSON_VALUE_BYTES_MAX,
} from "./attributes-json.ts";
import { isContentKey } from "./content-keys.ts";
import { KeyDictionary } from "./key-dictionary.ts";
import { scanRequest } from "./scan-request.ts";

const codec = laterCodec("ExportTraceServiceRequest");
const KEYS = new KeyDictionary({ read: new Set(["gen_ai.request.model"]) });

function jsonTexts(body: Uint8Array, captureContent: boolean): string[] {
  const scan = scanRequest(body, KEYS);
  return scan.spans.map((span) => Buffer.from(attributesJson(scan, span, captureContent)).toString("utf8"));
}

function jsonOf(attributes: ReferenceKeyValue[], captureContent = false): string {
  const spans = [
    { traceId: new Uint8Array(16).fill(1), spanId: new Uint8Array(8).fill(2), startTimeUnixNano: "1790000000000000000", attributes },
  ];
  const [json] = jsonTexts(codec.encode(codec.fromObject({ resourceSpans: [{ scopeSpans: [{ spans }] }] })).finish(), captureContent);
  return json ?? "";
}

/** As JSON.parse would give it, int64 as text behind a mark so that no digit is lost on the way. */
function referenceOf(attributes: ReferenceKeyValue[]): unknown {
  const out = new Map<string, unknown>();
  for (const { key, value } of attributes) if (!leftOut(key, value)) out.set(key.replaceAll("\0", ""), valueOf(value ?? {}));
  return Object.fromEntries([...out].map(([key, value]) => [`key ${key}`, value]));
}

function leftOut(key: string, value: ReferenceAnyValue | null | undefined): boolean {
  return isContentKey(key) && value?.value !== undefined && !["intValue", "doubleValue", "boolValue"].includes(value.value);
}

function valueOf(any: ReferenceAnyValue): unknown {
  switch (any.value) {
    case "stringValue":
      return any.stringValue?.replaceAll("\0", "");
    case "boolValue":
      return any.boolValue;
    case "intValue":
      return Number(String(any.intValue));
    case "doubleValue":
      return doubleOf(any.doubleValue);
    case "arrayValue":
      return (any.arrayValue?.values ?? []).map(valueOf);
    case "kvlistValue":
      return referenceOf(any.kvlistValue?.values ?? []);
    case "bytesValue":
      return Buffer.from(any.bytesValue ?? []).toString("base64");
    case undefined:
    default:
      return null;
  }
}

const doubleOf = (value: number | null | undefined): unknown => (Number.isFinite(value) ? value : String(value));

/** A key named __proto__ is only a key in JSON, but not in an object literal. */
function parse(json: string): unknown {
  const paired = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(paired);
    if (typeof value !== "object" || value === null) return value === 0 ? 0 : value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [`key ${key}`, paired(inner)]));
  };
  return paired(JSON.parse(json));
}

const withoutNegativeZero = (_key: string, value: unknown): unknown => (value === 0 ? 0 : value);

describe("the attributes of a span as JSON", () => {
  test("are those that the reference codec decodes, less what people and models said", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const body = codec.encode(codec.fromObject(request)).finish();
        const decoded = codec.decode(body) as unknown as ReferenceRequest;
        const spans = decoded.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
        const expected = spans.map((span) => JSON.parse(JSON.stringify(referenceOf(span.attributes ?? []), withoutNegativeZero)));
        expect(jsonTexts(body, false).map(parse)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test("hold nothing that PostgreSQL's jsonb refuses: no NUL, no lone surrogate, no bytes that are no UTF-8", () => {
    const broken = Buffer.from([0x61, 0xff, 0xed, 0xa0, 0x80, 0x00, 0x22, 0x5c, 0x62]);
    const writer = laterCodec("KeyValue");
    const marker = writer.encode(writer.fromObject({ key: "k", value: { bytesValue: broken } })).finish();
    // The same bytes under the field number of a string.
    const span = Buffer.from(marker);
    span[span.indexOf(0x3a)] = 0x0a;
    const body = requestWithAttribute(span);
    expect(jsonTexts(body, false)).toEqual(['{"k":"a\ufffd\ufffd\ufffd\ufffd\\"\\\\b"}']);
  });

  test.each([
    ["9007199254740993", "9007199254740993"],
    ["-9223372036854775808", "-9223372036854775808"],
    ["9223372036854775807", "9223372036854775807"],
    ["-1", "-1"],
  ])("keep every digit of the integer %s", (intValue, text) => {
    expect(jsonOf([{ key: "n", value: { intValue } }])).toBe(`{"n":${text}}`);
  });

  test.each([
    [Number.NaN, '"NaN"'],
    [Number.POSITIVE_INFINITY, '"Infinity"'],
    [Number.NEGATIVE_INFINITY, '"-Infinity"'],
    [1e300, "1e+300"],
    [5e-324, "5e-324"],
  ])("write the double %s as %s", (doubleValue, text) => {
    expect(jsonOf([{ key: "n", value: { doubleValue } }])).toBe(`{"n":${text}}`);
  });

  test("write every double as String does", () => {
    const anyDouble = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.tuple(fc.integer({ min: -1, max: 3_000_000_000 }), fc.integer({ min: 0, max: 7 })).map(([n, digits]) => n / 10 ** digits),
      fc.constantFrom(0, -0, 0.1 + 0.2, 1e-6, 1e-7, 0.000999, 0.001, 2 ** 31, 2 ** 31 - 0.5, 999_999.999999, 4.35, 1.005),
    );
    fc.assert(
      fc.property(anyDouble, (doubleValue) => {
        expect(jsonOf([{ key: "n", value: { doubleValue } }])).toBe(`{"n":${String(doubleValue)}}`);
      }),
      { numRuns: 2000 },
    );
  });
});

function requestWithAttribute(attribute: Buffer): Uint8Array {
  const field = (tag: number, content: Uint8Array): Buffer => Buffer.concat([Buffer.from([tag, content.length]), content]);
  const ids = [
    field(0x0a, new Uint8Array(16).fill(1)),
    field(0x12, new Uint8Array(8).fill(1)),
    Buffer.from([0x39, 0, 0, 0, 0, 0, 0, 0xd7, 0x18]),
  ];
  return field(0x0a, field(0x12, field(0x12, Buffer.concat([...ids, field(0x4a, attribute)]))));
}

describe("what is too much", () => {
  test("in a text is cut off and says so, and no character is halved", () => {
    const parsed = JSON.parse(jsonOf([{ key: "fat", value: { stringValue: "é".repeat(5_000_000) } }])) as { fat: string };
    expect(parsed.fat).toMatch(/^é+…\[cut: 10000000 bytes\]$/);
    expect(Buffer.byteLength(parsed.fat)).toBeLessThan(JSON_VALUE_BYTES_MAX + 64);
  });

  test("in bytes is cut off", () => {
    const json = jsonOf([{ key: "fat", value: { bytesValue: new Uint8Array(100_000) } }]);
    expect(json).toMatch(/^\{"fat":"A+…\[cut: 100000 bytes\]"\}$/);
  });

  test("in lists is cut off and stays JSON", () => {
    const values = Array.from({ length: 20_000 }, (_, index) => ({ stringValue: `entry ${index}` }));
    const entries = values.map((value, index) => ({ key: `k${index}`, value }));
    const json = jsonOf([
      { key: "list", value: { arrayValue: { values } } },
      { key: "map", value: { kvlistValue: { values: entries } } },
      { key: "after", value: { boolValue: true } },
    ]);
    const parsed = JSON.parse(json) as { list: string[]; map: object; after: boolean };
    expect(parsed.list.at(-1)).toBe("…[cut]");
    expect(Object.keys(parsed.map).at(-1)).toBe("…[cut]");
    expect(parsed.after).toBe(true);
    expect(json.length).toBeLessThan(2 * JSON_VALUE_BYTES_MAX + 1_000);
  });

  test("in depth is cut off", () => {
    let value: ReferenceAnyValue = { stringValue: "bottom" };
    for (let level = 0; level < 45; level++) value = { arrayValue: { values: [value] } };
    expect(jsonOf([{ key: "deep", value }])).toContain(`…[nested deeper than ${JSON_DEPTH_MAX}]`);
  });

  test("of attributes is left out and counted, their number at the end", () => {
    const attributes = Array.from({ length: 100 }, (_, index) => ({ key: `fat ${index}`, value: { stringValue: "x".repeat(16_000) } }));
    const json = jsonOf(attributes);
    expect(json.length).toBeLessThan(JSON_SPAN_BYTES_MAX + JSON_VALUE_BYTES_MAX + 1_000);
    expect((JSON.parse(json) as Record<string, unknown>)[CUT_KEY]).toBe(67);
  });

  test("of content is cut off later, when it is captured", () => {
    const json = jsonOf([{ key: "gen_ai.input.messages", value: { stringValue: "a".repeat(JSON_CONTENT_BYTES_MAX + 1) } }], true);
    expect(json.length).toBeGreaterThan(JSON_CONTENT_BYTES_MAX);
    expect(json).toContain("…[cut: ");
  });
});

describe("content", () => {
  const attributes: ReferenceKeyValue[] = [
    { key: "gen_ai.input.messages", value: { stringValue: "secret" } },
    { key: "gen_ai.prompt.0.content", value: { stringValue: "secret" } },
    {
      key: "custom.nested",
      value: {
        kvlistValue: {
          values: [
            { key: "content", value: { stringValue: "secret" } },
            { key: "tokens", value: { intValue: 3 } },
          ],
        },
      },
    },
    { key: "gen_ai.usage.output", value: { intValue: 80 } },
    { key: "gen_ai.request.model", value: { stringValue: "gpt-5.2" } },
  ];

  test("is left out, nested too, and numbers under such names stay", () => {
    expect(JSON.parse(jsonOf(attributes))).toEqual({
      "custom.nested": { tokens: 3 },
      "gen_ai.usage.output": 80,
      "gen_ai.request.model": "gpt-5.2",
    });
  });

  test("is kept where that is configured", () => {
    expect(jsonOf(attributes, true).match(/secret/g)).toHaveLength(3);
  });
});
