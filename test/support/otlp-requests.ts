import fc from "fast-check";
import type { ReferenceAnyValue, ReferenceKeyValue } from "./otlp-reference-codec.ts";

export interface ReferenceSpan {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId?: Uint8Array;
  traceState?: string;
  flags?: number;
  name?: string;
  kind?: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: ReferenceKeyValue[];
  events?: { timeUnixNano: string; name: string; attributes?: ReferenceKeyValue[]; later?: string }[];
  links?: { traceId: Uint8Array; spanId: Uint8Array; attributes?: ReferenceKeyValue[] }[];
  status?: { code?: number; message?: string };
  later?: string;
}

export interface ReferenceRequest {
  resourceSpans: {
    resource?: { attributes: ReferenceKeyValue[] };
    scopeSpans: { scope?: { name?: string; version?: string }; spans: ReferenceSpan[]; schemaUrl?: string; later?: string }[];
    schemaUrl?: string;
    later?: string;
  }[];
}

/** Keys as emitters write them, keys of ours, and keys that break things. */
const KEYS = [
  ...`gen_ai.request.model gen_ai.provider.name gen_ai.usage.input_tokens http.response.status_code error.type server.address
    cost_usd llm_call error_category retry_count gen_ai.input.messages input.value url.full custom.key
    __proto__ constructor toString a ab abc abcd`.split(/\s+/),
  "",
  'quote"back\\slash',
  "новый.ключ",
  "nul\0key",
  "\u{1f600}",
];

const key = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...KEYS) }, { weight: 1, arbitrary: fc.string({ maxLength: 40 }) });

const text = fc.oneof(
  fc.constantFrom("openai", "gpt-5.2", "chat", "", "a\0b", "\\u0000", 'line\nbreak "quoted" \\ \u2028', "emoji \u{1f468}\u200d\u{1f469}"),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 200 }),
);

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -300n, max: 300n }),
  fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, -1n, 0n),
);

const { value: anyValue } = fc.letrec<{ value: ReferenceAnyValue; leaf: ReferenceAnyValue }>((tie) => ({
  leaf: fc.oneof(
    text.map((stringValue) => ({ stringValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    int64.map((value) => ({ intValue: value.toString() })),
    fc.double().map((doubleValue) => ({ doubleValue })),
    fc.uint8Array({ maxLength: 20 }).map((bytesValue) => ({ bytesValue })),
    fc.constant({}),
  ),
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { weight: 8, arbitrary: tie("leaf") },
    { weight: 1, arbitrary: fc.array(tie("value"), { maxLength: 4 }).map((values) => ({ arrayValue: { values } })) },
    {
      weight: 1,
      arbitrary: fc.array(fc.record({ key, value: tie("value") }), { maxLength: 4 }).map((values) => ({ kvlistValue: { values } })),
    },
  ),
}));

const attributes = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ key, value: anyValue }) },
    { weight: 1, arbitrary: fc.record({ key }) },
    { weight: 1, arbitrary: fc.record({ key, value: anyValue, later: text }) },
  ),
  { maxLength: 14 },
);

function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((id) => (id.some((byte) => byte > 0) ? id : id.fill(1)));
}

const nanos = fc.bigInt({ min: 1_500_000_000_000_000_000n, max: 1_900_000_000_000_000_000n });

const span: fc.Arbitrary<ReferenceSpan> = fc
  .record(
    {
      traceId: bytesOf(16),
      spanId: bytesOf(8),
      parentSpanId: fc.oneof(bytesOf(8), fc.constant(new Uint8Array(8)), fc.constant(new Uint8Array(0))),
      traceState: text,
      flags: fc.nat(),
      name: text,
      kind: fc.nat({ max: 6 }),
      startTimeUnixNano: nanos.map(String),
      endTimeUnixNano: nanos.map(String),
      attributes,
      events: fc.array(fc.record({ timeUnixNano: nanos.map(String), name: text, attributes, later: text }), { maxLength: 3 }),
      links: fc.array(fc.record({ traceId: bytesOf(16), spanId: bytesOf(8), attributes }), { maxLength: 2 }),
      status: fc.record({ code: fc.nat({ max: 2 }), message: text }, { requiredKeys: [] }),
      later: text,
    },
    { requiredKeys: ["traceId", "spanId", "startTimeUnixNano", "endTimeUnixNano"] },
  )
  .map((generated) => {
    // A span ends within a second of its start here, so that none is refused for its duration.
    const start = BigInt(generated.startTimeUnixNano);
    return { ...generated, endTimeUnixNano: String(start + (BigInt(generated.endTimeUnixNano) % 1_000_000_000n)) };
  });

/** Requests of every shape that the protocol allows, fields of a later version of it included. */
export const requests: fc.Arbitrary<ReferenceRequest> = fc.record({
  resourceSpans: fc.array(
    fc.record(
      {
        resource: fc.record({ attributes }),
        scopeSpans: fc.array(
          fc.record(
            {
              scope: fc.record({ name: text, version: text, later: text }, { requiredKeys: [] }),
              spans: fc.array(span, { maxLength: 5 }),
              schemaUrl: text,
              later: text,
            },
            { requiredKeys: ["spans"] },
          ),
          { maxLength: 3 },
        ),
        schemaUrl: text,
        later: text,
      },
      { requiredKeys: ["scopeSpans"] },
    ),
    { maxLength: 3 },
  ),
});
