import { referenceCodec, type ReferenceKeyValue } from "../test/support/otlp-reference-codec.ts";
import type { ReferenceRequest } from "../test/support/otlp-requests.ts";
import { enrichBatch, type EnrichContext } from "../processor/core/enrich.ts";
import { DEFAULT_PRICE_BOOK } from "../processor/core/price-book.ts";
import { createTraceMemory } from "../processor/core/trace-memory.ts";
import { SCAN_KEYS } from "../processor/otlp/scan-keys.ts";
import { scanRequest } from "../processor/otlp/scan-request.ts";

export const codec = referenceCodec("ExportTraceServiceRequest");

/** What a gateway of objects does with a request. The core gets its spans from the scanner, so the codec alone differs. */
export function enrichByReference(body: Uint8Array, enrichContext: EnrichContext): Uint8Array {
  const request = codec.decode(body) as unknown as ReferenceRequest;
  const enrichments = enrichBatch(scanRequest(body, SCAN_KEYS).spans, enrichContext);
  const spans = request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  for (let index = 0; index < spans.length; index++) {
    const enrichment = enrichments[index];
    const span = spans[index];
    if (enrichment === null || enrichment === undefined || span === undefined) continue;
    const added: ReferenceKeyValue[] = Object.entries(enrichment).map(([key, value]) => ({ key, value: anyValue(value) }));
    span.attributes = [...(span.attributes ?? []).filter(({ key }) => enrichment[key] === undefined), ...added];
  }
  return codec.encode(request).finish();
}

/** With a memory of fewer traces than the bodies of a benchmark hold: none is still known when its body comes again, as in life. */
export function benchContext(): EnrichContext {
  return { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 500, spansPerTraceMax: 1_000, ageMsMax: 60_000 }) };
}

function anyValue(value: string | number | boolean): NonNullable<ReferenceKeyValue["value"]> {
  if (typeof value === "string") return { stringValue: value };
  return typeof value === "boolean" ? { boolValue: value } : { doubleValue: value };
}
