import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Enrichment } from "../core/enrichment.ts";
import type { Span } from "../core/span.ts";
import { laterCodec, type ReferenceKeyValue } from "../../test/support/otlp-reference-codec.ts";
import { type ReferenceRequest, requests } from "../../test/support/otlp-requests.ts";
import { emitRequest } from "./emit-request.ts";
import { AttributeEncoder } from "./attribute-encoder.ts";
import { KeyDictionary } from "./key-dictionary.ts";
import { scanRequest } from "./scan-request.ts";

const READ = new Set(["gen_ai.request.model", "gen_ai.provider.name", "error.type", "cost_usd", "a", "abc", "__proto__"]);
const codec = laterCodec("ExportTraceServiceRequest");

/** Stands for enrichment: any function of the span will do, as long as it is one. */
function mark(span: Span): Enrichment | null {
  if (span.spanId.charCodeAt(0) % 3 === 0) return null;
  const model = span.attributes["gen_ai.request.model"];
  return Object.assign(Object.create(null), {
    llm_call: span.kind > 2,
    cost_usd: span.startMs % 7,
    retry_count: ((span.endMs % 1_000) | 0) * (span.kind > 3 ? -1 : 1_000_000_007),
    error_category: `categöry ${span.name}`,
    "gen_ai.request.model": typeof model === "string" ? model : JSON.stringify(model ?? "none"),
  } satisfies Enrichment);
}

function emit(body: Uint8Array): Uint8Array {
  const scan = scanRequest(body, new KeyDictionary({ read: READ }));
  expect(scan.firstRejection).toBe("");
  return emitRequest(
    scan,
    scan.spans.map((span) => mark(span)),
    new AttributeEncoder(),
  );
}

/** What a gateway of objects does: decode, change the list of attributes, encode. */
function emitByReference(body: Uint8Array): Uint8Array {
  const scan = scanRequest(body, new KeyDictionary({ read: READ }));
  const request = codec.decode(body) as unknown as ReferenceRequest;
  let index = 0;
  for (const span of request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))) {
    const enrichment = mark(scan.spans[index++]!);
    if (enrichment !== null) span.attributes = replaced(span.attributes ?? [], enrichment);
  }
  return codec.encode(request).finish();
}

/** An attribute that already says what it is to say stays where it is, once. */
function replaced(attributes: ReferenceKeyValue[], enrichment: Enrichment): ReferenceKeyValue[] {
  const left = new Map(added(enrichment).map((attribute) => [attribute.key, attribute]));
  const kept = attributes.filter((attribute) => {
    if (!Object.hasOwn(enrichment, attribute.key)) return true;
    const ours = left.get(attribute.key);
    return ours !== undefined && sameBytes(ours, attribute) && left.delete(attribute.key);
  });
  return [...kept, ...left.values()];
}

function sameBytes(left: ReferenceKeyValue, right: ReferenceKeyValue): boolean {
  const anyValue = laterCodec("AnyValue");
  const [one, other] = [left, right].map(({ value }) => anyValue.encode(anyValue.fromObject(value ?? {})).finish());
  return Buffer.from(one!).equals(other!);
}

function added(enrichment: Enrichment): ReferenceKeyValue[] {
  return Object.entries(enrichment).map(([key, value]) => {
    if (typeof value === "string") return { key, value: { stringValue: value } };
    if (typeof value === "boolean") return { key, value: { boolValue: value } };
    return { key, value: Number.isInteger(value) && key !== "cost_usd" ? { intValue: value! } : { doubleValue: value! } };
  });
}

function plain(body: Uint8Array): unknown {
  return codec.toObject(codec.decode(body), { longs: String, bytes: String });
}

describe("a request that is scanned, enriched and emitted", () => {
  test("equals the same request decoded, enriched and encoded by the reference codec", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const body = codec.encode(codec.fromObject(request)).finish();
        expect(plain(emit(body))).toEqual(plain(emitByReference(body)));
      }),
      { numRuns: 200 },
    );
  });

  test("comes out the same when it goes through once more", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const once = emit(codec.encode(codec.fromObject(request)).finish());
        expect(Buffer.from(emit(once)).equals(once)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("is the body itself where nothing is to be added", () => {
    const body = Buffer.from(codec.encode(codec.fromObject({ resourceSpans: [{ schemaUrl: "x", scopeSpans: [] }] })).finish());
    expect(emit(body).buffer).toBe(body.buffer);
  });
});
