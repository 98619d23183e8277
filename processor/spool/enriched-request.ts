import { NORMALIZED, OWN } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { READ_KEYS } from "../core/read-keys.ts";
import type { AttributeScalar, Attributes } from "../core/span.ts";
import { attributesJson } from "../otlp/attributes-json.ts";
import { KeyDictionary } from "../otlp/key-dictionary.ts";
import { ROW_READ_KEYS } from "../sinks/postgres-row.ts";
import type { EnrichedBatch } from "../sinks/sink.ts";
import { scanSpooled } from "./scan-spooled.ts";

const ENRICHED_KEYS: readonly string[] = [...Object.values(OWN), ...Object.values(NORMALIZED)];
const KEYS = new KeyDictionary({ read: new Set([...READ_KEYS, ...ROW_READ_KEYS, ...ENRICHED_KEYS]) });

/** The first format of records for rows: the request as it would be forwarded, of which the enrichment is read off the spans. */
export function decodeEnrichedRequest(request: Uint8Array, captureContent: boolean): EnrichedBatch {
  const scan = scanSpooled(request, KEYS);
  const spans = scan.spans.map((span) => ({
    span,
    enrichment: readEnrichment(span.attributes),
    get attributesJson() {
      return attributesJson(scan, span, captureContent);
    },
  }));
  return { spanCount: spans.length, sizeBytes: request.length, otlp: request, spans };
}

/** Every GenAI span was given llm_call; a span without it got nothing. */
function readEnrichment(attributes: Attributes): Enrichment | null {
  if (typeof attributes[OWN.llmCall] !== "boolean") return null;
  const enrichment: Record<string, AttributeScalar> = Object.create(null);
  for (const key of ENRICHED_KEYS) {
    const value = attributes[key];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") enrichment[key] = value;
  }
  return enrichment;
}
