import fc from "fast-check";
import type { ReferenceAnyValue, ReferenceKeyValue } from "./otlp-reference-codec.ts";
import type { ReferenceRequest, ReferenceSpan } from "./otlp-requests.ts";

/** Read by value, as a code, by presence; written; read by rows alone; by nobody; by nobody in a hundred bytes; written by enrichment alone. */
const KEYS = [
  "gen_ai.operation.name",
  "gen_ai.request.model",
  "gen_ai.usage.input_tokens",
  "gen_ai.response.time_to_first_chunk",
  "gen_ai.response.finish_reasons",
  "http.response.status_code",
  "error.type",
  "http.request.method",
  "url.full",
  "gen_ai.tool.name",
  "hidden_params",
  "user.id",
  "gen_ai.conversation.id",
  "app.feature",
  "k",
  `long.${"x".repeat(100)}`,
  "gen_ai.input.messages",
  "cost_usd",
];

const OTHER_VALUES: readonly ReferenceAnyValue[] = [
  { boolValue: true },
  { boolValue: false },
  { arrayValue: { values: [{ stringValue: "stop" }] } },
  { arrayValue: { values: [] } },
  { kvlistValue: { values: [{ key: "a", value: { intValue: "5" } }] } },
  { bytesValue: Uint8Array.of(1, 2, 3) },
  {},
];

const anyValue: fc.Arbitrary<ReferenceAnyValue> = fc.oneof(
  { weight: 7, arbitrary: fc.constantFrom("chat", "gpt-5.2", "POST", "", "ü", "x".repeat(127)).map((stringValue) => ({ stringValue })) },
  { weight: 1, arbitrary: fc.constantFrom(128, 160, 161, 20_000).map((length) => ({ stringValue: "y".repeat(length) })) },
  { weight: 4, arbitrary: fc.constantFrom(0, 1, 127, 128, 200, 16_384, 268_435_455, 268_435_456, -1).map((n) => ({ intValue: `${n}` })) },
  { weight: 2, arbitrary: fc.constantFrom(0, 0.5, Number.NaN, -1e9).map((doubleValue) => ({ doubleValue })) },
  { weight: 4, arbitrary: fc.constantFrom<ReferenceAnyValue[]>(...OTHER_VALUES) },
);

const attribute: fc.Arbitrary<ReferenceKeyValue> = fc.record({ key: fc.constantFrom<string[]>(...KEYS), value: anyValue });

const span: fc.Arbitrary<ReferenceSpan> = fc
  .record(
    {
      name: fc.constantFrom("chat", "GET /", "", "n".repeat(140), "n".repeat(200)),
      kind: fc.nat({ max: 3 }),
      traceState: fc.constantFrom("", "a=b"),
      flags: fc.nat({ max: 257 }),
      status: fc.record({ code: fc.nat({ max: 2 }), message: fc.constantFrom("", "", "no") }, { requiredKeys: [] }),
      attributes: fc.array(attribute, { maxLength: 8 }),
      droppedAttributesCount: fc.nat({ max: 3 }),
    },
    { requiredKeys: [] },
  )
  .map((generated) => ({
    ...generated,
    traceId: new Uint8Array(16),
    spanId: new Uint8Array(8),
    startTimeUnixNano: "0",
    endTimeUnixNano: "0",
  }));

/** As OTLP says: a few ids, so that they have parents; at the times of a day. */
function placed(template: ReferenceSpan, index: number, start: number): ReferenceSpan {
  const startMs = 1_764_000_000_000 + start;
  return {
    ...template,
    traceId: Uint8Array.of(1 + (start % 3), ...Array.from({ length: 15 }, () => 7)),
    spanId: Uint8Array.of(1 + index, start % 256, 0, 0, 0, 0, 0, 1),
    ...(start % 4 === 0 ? {} : { parentSpanId: Uint8Array.of(index, start % 256, 0, 0, 0, 0, 0, start % 2) }),
    startTimeUnixNano: `${startMs}000001`,
    endTimeUnixNano: `${startMs + (start % 1_000)}000002`,
  };
}

/** Requests in which spans of a few shapes come again and again, most of them such as the core has something to read of. */
export const shapedRequests: fc.Arbitrary<ReferenceRequest> = fc
  .record({
    templates: fc.array(span, { minLength: 1, maxLength: 4 }),
    scopes: fc.array(fc.constantFrom(undefined, { name: "s" }, { name: "s", version: "1" }, { name: "t" }), { minLength: 1, maxLength: 3 }),
    starts: fc.array(fc.nat({ max: 86_400_000 }), { minLength: 1, maxLength: 12 }),
  })
  .map(({ templates, scopes, starts }) => ({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
        scopeSpans: scopes.map((scope, place) => ({
          ...(scope === undefined ? {} : { scope }),
          spans: starts.map((start, index) =>
            placed(templates[index % templates.length] ?? ({} as ReferenceSpan), index + 16 * place, start),
          ),
        })),
      },
    ],
  }));
