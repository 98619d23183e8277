import { bench, do_not_optimize, group, summary } from "mitata";
import { referenceCodec, type ReferenceKeyValue } from "../test/support/otlp-reference-codec.ts";
import type { ReferenceRequest } from "../test/support/otlp-requests.ts";
import { enrichBatch, type EnrichContext } from "../processor/core/enrich.ts";
import { DEFAULT_PRICE_BOOK } from "../processor/core/price-book.ts";
import { createTraceMemory } from "../processor/core/trace-memory.ts";
import { SCAN_KEYS } from "../processor/otlp/scan-keys.ts";
import { scanRequest } from "../processor/otlp/scan-request.ts";
import { scanTraces } from "../processor/otlp/scan-traces.ts";
import { corpusRequest } from "./otlp-corpus.ts";

const SPANS = 100;
const codec = referenceCodec("ExportTraceServiceRequest");

/** More traces than the memory below holds: none is still known when its body comes again, as in life. */
const BODIES = 128;

function context(): EnrichContext {
  return { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 500, spansPerTraceMax: 1_000, ageMsMax: 60_000 }) };
}

/** What a gateway of objects does with the same body. The core gets its spans from the scanner, so the codec alone differs. */
function byReference(body: Uint8Array, enrichContext: EnrichContext): Uint8Array {
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

function anyValue(value: string | number | boolean): NonNullable<ReferenceKeyValue["value"]> {
  if (typeof value === "string") return { stringValue: value };
  return typeof value === "boolean" ? { boolValue: value } : { doubleValue: value };
}

/** Bodies of about 100 spans; the figure of one span is a hundredth. */
export function register(): void {
  for (const content of [false, true]) {
    const bodies = Array.from({ length: BODIES }, (_, seed) => corpusRequest({ spans: SPANS, content, seed: seed + 1 }).body);
    let next = 0;
    const body = (): Uint8Array => bodies[next++ % bodies.length] ?? new Uint8Array(0);
    group(`a request of ${SPANS} spans${content ? " with 2-8 KB of content a call" : ""}`, () => {
      summary(() => {
        const ours = context();
        const theirs = context();
        bench("reference codec: decode, enrich, encode", () => do_not_optimize(byReference(body(), theirs)));
        bench("scan, enrich, emit", () => do_not_optimize(scanTraces(body(), { context: ours })));
      });
      bench("scan alone", () => do_not_optimize(scanRequest(body(), SCAN_KEYS)));
      bench("reference codec: decode alone", () => do_not_optimize(codec.decode(body())));
    });
    group(`attributes as JSON, ${SPANS} spans${content ? " with captured content" : ""}`, () => {
      const ours = context();
      bench("scan, enrich, emit, JSON of every span", () => {
        const { batch } = scanTraces(body(), { context: ours, captureContent: content });
        for (const span of batch.spans) do_not_optimize(span.attributesJson);
      });
    });
  }
}
